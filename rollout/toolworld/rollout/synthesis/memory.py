"""The memory of a corpus: what its tasks have already, so that what they have less of is drawn more often."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from toolworld.datasets import Task
from toolworld.ground import digest

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

    def add_task(self, task: Task) -> None:
        """Take note of a task."""
        origin = task.origin
        self.add("task", signature_of(task))
        self.add("environment", task.environment)
        self.add("tool", *dict.fromkeys(f"{task.environment}/{one.call.name}" for one in task.calls))
        if origin is not None:
            self.add("mode", origin.mode)
            self.add("style", origin.style)

    def add(self, aspect: Aspect, *values: str) -> None:
        """Take note of what a task has."""
        self._counts.setdefault(aspect, Counter()).update(values)

    def is_known(self, aspect: Aspect, value: str) -> bool:
        """Whether a task has it already."""
        return self._counts.get(aspect, Counter())[value] > 0


def signature_of(task: Task) -> str:
    """What two tasks share that are the same: the environment, and its calls."""
    return digest([task.environment, [one.call.model_dump(mode="json") for one in task.calls]])
