"""Tasks: those of an environment, near duplicates among them, and the nearest of one."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.datasets import THRESHOLDS, Task, groups_of, near_pairs, word_parts

MAX_NEIGHBOURS = 5
MAX_COMPARED = 5_000
"""Among how many tasks the nearest are looked for."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A task that resembles another one."""

    task: Task
    words: float
    """The share of words, and of two words in a row, that both requests have in common (Jaccard's index)."""
    calls: float
    """The same of the tools that they call."""


def nearest(task: Task, others: Sequence[Task]) -> list[Neighbour]:
    """The tasks whose requests have most in common with one's."""
    own, tools = word_parts(task.request.lower()), _tools(task)
    found = [
        Neighbour(other, _jaccard(own, word_parts(other.request.lower())), _jaccard(tools, _tools(other)))
        for other in others[:MAX_COMPARED]
        if other.id != task.id
    ]
    return sorted(found, key=lambda one: (-one.words, -one.calls, one.task.id))[:MAX_NEIGHBOURS]


def near_duplicates(tasks: Sequence[Task]) -> list[list[Task]]:
    """Groups of tasks whose requests are nearly the same."""
    parts = [word_parts(task.request.lower()) for task in tasks[:MAX_COMPARED]]
    return [[tasks[place] for place in group] for group in groups_of(near_pairs(parts, THRESHOLDS["words"]))]


def _tools(task: Task) -> frozenset[str]:
    return frozenset(one.call.name for one in task.calls)


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    union = len(one | other)
    return len(one & other) / union if union else 0.0
