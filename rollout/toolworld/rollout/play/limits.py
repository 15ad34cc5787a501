"""When a run that does not end by itself is ended."""

from dataclasses import dataclass

from toolworld.llm import Budget


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run."""

    turns: int = 60
    """Assistant messages."""
    calls: int = 200
    tokens: int = 1_000_000
    """Tokens of the agent's model, in and out."""
    seconds: float = 300
    """For one reply of a player, and for one call."""
    budget: Budget | None = None
    """What models may cost; when it is spent, the run stops and can be played again later."""

    @property
    def budget_is_spent(self) -> bool:
        """Whether nothing is left to spend on models."""
        return self.budget is not None and self.budget.exhausted
