"""Settings of a run besides its parts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from toolworld.ground import UsageError

SYSTEM_MESSAGE = (
    "You write training data. You follow the guidelines, the requirements and the examples that you are given, "
    "and what you write is new."
)


@dataclass(frozen=True)
class AgoraConfig:
    """Settings of a run; the first four have Agora's names.

    Raises:
        UsageError: a number is not possible.
    """

    max_retries: int = 10
    """Candidates for each instance that is asked for, on average; where rows are given, tries for each row."""
    retry_delay: float = 5.0
    """Seconds to wait after a model did not answer, besides the retries of its connection."""
    show_progress: bool = True
    """Whether a line of progress is shown, where the output is a terminal."""
    system_message: str = SYSTEM_MESSAGE
    """The system message of every request."""
    seed: int = 0
    """Decides every draw."""
    corrections: int = 1
    """How often a model is told, in the same conversation, why its reply cannot be read."""
    near_duplicates: float | None = 0.7
    """From which share of common words on a new instruction is a near duplicate; None to keep them."""
    pool_window: int = 32
    """A candidate sees what was accepted up to one window of so many before its own, whatever is in flight."""
    budget: str | None = None
    """What models may cost, as 2.50usd, 200000tokens or 1000completions."""
    prices: Path | None = None
    """A file of prices."""
    call_seconds: float = 120
    """How long one try of a request may take."""

    def __post_init__(self) -> None:
        if self.max_retries < 1 or self.corrections < 0 or self.pool_window < 1 or self.retry_delay < 0:
            raise UsageError("max_retries and pool_window are at least 1, corrections and retry_delay at least 0")
        if self.near_duplicates is not None and not 0 < self.near_duplicates <= 1:
            raise UsageError(f"near_duplicates is above 0 and at most 1, or None; it is {self.near_duplicates:g}")


GenerationMethod = Literal["instance_generation", "response_generation", "quality_enhancement"]
"""New instances, responses to instructions that are given, or better versions of pairs that are given."""
METHODS: tuple[GenerationMethod, ...] = get_args(GenerationMethod)
