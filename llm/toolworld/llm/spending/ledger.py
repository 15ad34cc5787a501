"""Usage of models, added up by model and role."""

from dataclasses import dataclass, field

from toolworld.ground import Record
from toolworld.llm.model import Role
from toolworld.llm.usage import Usage


class LedgerEntry(Record):
    """The usage of a model in one role during one stage."""

    model: str
    role: Role
    stage: str
    """The command that ran, such as `run` or `synthesize`."""
    paid: Usage
    """The usage of requests that were sent."""
    saved: Usage
    """The usage that answers from the cache would have had."""
    priced: bool
    """Whether the price of the model is known; if not, its cost is 0."""


@dataclass(slots=True)
class Ledger:
    """The sum of usages for each model and role, during one stage."""

    stage: str = "run"
    _entries: dict[tuple[str, Role], LedgerEntry] = field(default_factory=dict[tuple[str, Role], LedgerEntry])

    def note(
        self, model: str, role: Role, paid: Usage | None = None, saved: Usage | None = None, priced: bool = True
    ) -> None:
        """Add the usage of a request that was paid, or that was answered from the cache."""
        blank = LedgerEntry(model=model, role=role, stage=self.stage, paid=Usage(), saved=Usage(), priced=priced)
        entry = self._entries.get((model, role), blank)
        self._entries[model, role] = entry.model_copy(
            update={"paid": entry.paid + (paid or Usage()), "saved": entry.saved + (saved or Usage())}
        )

    @property
    def entries(self) -> list[LedgerEntry]:
        """All entries, in the order of their first request."""
        return list(self._entries.values())
