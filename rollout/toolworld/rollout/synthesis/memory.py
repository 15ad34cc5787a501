"""The memory of a corpus: what its tasks have already, so that what they have less of is drawn more often."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Aspect = Literal["environment", "tool", "mode", "style", "task"]
"""What is counted: environments, tools, modes, styles, and whole tasks."""
_STEEPNESS = 2.0
"""How much less likely what there is more of becomes."""


@dataclass
class CorpusMemory:
    """Counts what the tasks of a corpus have.

    Args:
        is_on: Whether it steers; otherwise everything is equally likely.
    """

    is_on: bool = True
    _counts: dict[Aspect, Counter[str]] = field(default_factory=dict[Aspect, Counter[str]])

    def weight(self, aspect: Aspect, value: str) -> float:
        """How likely a value should be drawn, against others of its aspect."""
        if not self.is_on:
            return 1.0
        return (1 + self._counts.get(aspect, Counter())[value]) ** -_STEEPNESS

    def add(self, aspect: Aspect, *values: str) -> None:
        """Take note of what a task has."""
        self._counts.setdefault(aspect, Counter()).update(values)

    def is_known(self, aspect: Aspect, value: str) -> bool:
        """Whether a task has it already."""
        return self._counts.get(aspect, Counter())[value] > 0
