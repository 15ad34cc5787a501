"""The summary of a run: what became of all candidates, and what they cost."""

from toolworld.ground import Record
from toolworld.llm import LedgerEntry, Usage


class GenerationSummary(Record):
    """Counts, reasons and costs of a run."""

    asked: int
    """Instances that were asked for."""
    accepted: int
    """Instances that were delivered."""
    candidates: int
    """Candidates that were drawn; where rows are given, rows that were tried."""
    replies: int
    """Replies that were looked at: accepted, rejected, or told what is wrong with them."""
    rejected: dict[str, int]
    """Replies that were rejected, by reason, the most frequent first."""
    missing_rows: tuple[int, ...] = ()
    """Rows that got no instance, where rows are given."""
    stopped: str | None = None
    """Why the run ended before it had all; None if it had, or its candidates or rows were all tried."""
    model: str
    usage: Usage
    """What all replies cost together, also those of an earlier run."""
    from_log: int = 0
    """Replies that were in the log of an earlier run."""
    priced: bool = False
    """Whether the price of the model is known."""
    ledger: tuple[LedgerEntry, ...] = ()
    """What was paid now."""
    seconds: float
    """How long it took, this time."""
    settings: str = ""
    """The digest of everything that the rows depend on; empty where a part is somebody else's code."""
    files: str = ""
    """The digest of the rows and of what was rejected."""

    @property
    def accepted_share(self) -> float:
        """The share of replies that were accepted."""
        return self.accepted / self.replies if self.replies else 0.0

    @property
    def cost_per_row(self) -> float | None:
        """Dollars for each instance that was accepted; None if there is none, or a price is not known."""
        return self.usage.cost_usd / self.accepted if self.accepted and self.priced else None
