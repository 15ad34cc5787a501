"""The memory of a corpus: what its tasks have already, so that what they have less of is drawn more often."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from toolworld.datasets import Task
from toolworld.ground import digest

Aspect = Literal["environment", "tool", "combination", "pattern", "length", "mode", "style", "task"]
"""What is counted: environments, tools, tools together, patterns, lengths, modes, styles, and whole tasks."""
_MOST = 4.0
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

    def need(self, aspect: Aspect, value: str) -> float:
        """How much a value is needed, against others of its aspect that should be as usual."""
        return 1 / (1 + self._counts.get(aspect, Counter())[value]) if self.is_on else 1.0

    def balance(self, aspect: Aspect, value: str, usual: Mapping[str, float]) -> float:
        """How much likelier a value should become for its share to be the usual one: from a quarter to four times.

        Args:
            aspect: What is counted.
            value: The value.
            usual: How usual each value is meant to be; a value that is none of them stays as likely as it is.
        """
        if not self.is_on or value not in usual:
            return 1.0
        counts = self._counts.get(aspect, Counter())
        expected = sum(counts[one] for one in usual) * usual[value] / sum(usual.values())
        return min(_MOST, max(1 / _MOST, (1 + expected) / (1 + counts[value])))

    def add_task(self, task: Task) -> None:
        """Take note of a task."""
        origin = task.origin
        self.add("task", signature_of(task))
        self.add("environment", task.environment)
        self.add("tool", *dict.fromkeys(f"{task.environment}/{one.call.name}" for one in task.calls))
        self.add("length", length_of(len(task.calls)))
        changed = list(dict.fromkeys(one.call.name for one in task.calls if one.writes))
        self.add(
            "combination", *(combination_of(task.environment, changed[:end]) for end in range(2, len(changed) + 1))
        )
        if origin is not None:
            self.add("pattern", *origin.patterns)
            self.add("mode", origin.mode)
            self.add("style", origin.style)

    def add(self, aspect: Aspect, *values: str) -> None:
        """Take note of what a task has."""
        self._counts.setdefault(aspect, Counter()).update(values)

    def is_known(self, aspect: Aspect, value: str) -> bool:
        """Whether a task has it already."""
        return self._counts.get(aspect, Counter())[value] > 0


def signature_of(task: Task) -> str:
    """What two tasks share that are the same: the environment, and its calls; each once, where faults repeat them."""
    calls = [one.call for one in task.calls]
    if task.faults is not None:
        calls = [call for number, call in enumerate(calls) if call not in calls[number + 1 : number + 2]]
    return digest([task.environment, [call.model_dump(mode="json") for call in calls]])


def combination_of(environment: str, tools: Sequence[str]) -> str:
    """The tools that stand together in a task, in no order."""
    return f"{environment}/{'+'.join(sorted({*tools}))}"


def length_of(calls: int) -> str:
    """How long a task with so many calls is."""
    return next((name for name, most in _LENGTHS if calls <= most), "very long")


_LENGTHS = (("short", 4), ("medium", 8), ("long", 13))
