"""How long requests to a model may take, and how often they are retried."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """Time limits, retries and concurrency of the requests to an endpoint."""

    seconds: float = 120
    """Time limit of one attempt."""
    retries: int = 6
    """Further attempts after a failed one."""
    concurrency: int = 64
    """Maximum number of simultaneous requests to one endpoint."""
    spacing: float = 0.002
    """Minimum seconds between the starts of two requests to one endpoint. Requests sent in a burst are answered in a
    burst, so that this process and the endpoint are idle in alternation."""

    @property
    def total_seconds(self) -> float:
        """Time limit of all attempts of a request, including the backoff between them (10 seconds per attempt)."""
        return (self.seconds + 10) * (self.retries + 1)
