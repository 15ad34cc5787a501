"""What was tried to repair a run."""

from typing import Literal

from toolworld.ground import Record


class RepairAttempt(Record):
    """One try to repair a run."""

    way: Literal["surgical", "full"]
    """`surgical`: some texts are written anew; `full`: all of them, or the task is played again."""
    by: str
    """The model."""
    mean_before: float | None
    mean_after: float | None = None
    """The mean scores; None where there is none."""
    passed: bool | None = None
    """Whether the version passes; None where nobody knows."""
    kept: bool = False
    """Whether the version is better than the one before, and was kept."""
    turns: tuple[int, ...] = ()
    """The positions of the messages that are new, for a surgical one."""
    calls_again: bool = False
    """Whether the calls were made anew, since the task was played again."""
    refused: str | None = None
    """Why there is no version: an answer that cannot be used, or one that would change calls."""


class RepairHistory(Record):
    """All tries to repair a run."""

    attempts: tuple[RepairAttempt, ...]
    repaired: bool
    """Whether the run passes now, and did not before."""
