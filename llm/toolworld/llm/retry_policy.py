"""How long models are waited for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """How long a model may take, and how often it is tried."""

    seconds: float = 120
    """For one try."""
    retries: int = 6
    concurrency: int = 64
    """Requests to one endpoint at a time."""
    spacing: float = 0.002
    """Seconds between the beginnings of two requests to one endpoint. Requests that are sent in a bunch are answered
    in a bunch, and then this process and the endpoint take turns in being idle."""

    @property
    def total_seconds(self) -> float:
        """For all tries of a request, with the waits between them."""
        return (self.seconds + 10) * (self.retries + 1)
