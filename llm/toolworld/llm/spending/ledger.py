"""What was spent on models, by the part that they played and the stage that asked."""

from dataclasses import dataclass, field

from toolworld.ground import Record
from toolworld.llm.model import Role
from toolworld.llm.usage import Usage


class LedgerEntry(Record):
    """What a model cost in a part, at a stage."""

    model: str
    role: Role
    stage: str
    """The verb that ran, such as `run` or `learn`."""
    paid: Usage
    saved: Usage
    """What answers from the cache would have cost."""
    priced: bool
    """Whether the price of the model is known; else its cost is shown as nothing."""


@dataclass(slots=True)
class Ledger:
    """Adds up usages."""

    stage: str = "run"
    _entries: dict[tuple[str, Role], LedgerEntry] = field(default_factory=dict[tuple[str, Role], LedgerEntry])

    def note(
        self, model: str, role: Role, paid: Usage | None = None, saved: Usage | None = None, priced: bool = True
    ) -> None:
        """Add what was paid, or what an answer from the cache would have cost."""
        blank = LedgerEntry(model=model, role=role, stage=self.stage, paid=Usage(), saved=Usage(), priced=priced)
        entry = self._entries.get((model, role), blank)
        self._entries[model, role] = entry.model_copy(
            update={"paid": entry.paid + (paid or Usage()), "saved": entry.saved + (saved or Usage())}
        )

    @property
    def entries(self) -> list[LedgerEntry]:
        """Everything that was spent, in the order in which it began."""
        return list(self._entries.values())
