"""Two agents on the same tasks: rates, a table of outcomes, and what flipped and why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolworld.datasets import sign_test
from toolworld.server.viewer.runs.index import RunIndex
from toolworld.server.viewer.runs.row import RunRow
from toolworld.server.viewer.runs.tallies import Side

MAX_FLIPS = 200
"""Tasks that a group of the page shows."""
SHOWN_OUTCOMES = ("pass", "fail", "unclear", "void", "open")


@dataclass(frozen=True, slots=True)
class Flip:
    """A task that came out differently: the runs of both that show it."""

    task: str
    one: RunRow
    other: RunRow
    rates: tuple[tuple[int, int], tuple[int, int]]
    """How many runs of each passed, of how many that were judged."""

    @property
    def worse(self) -> RunRow:
        """The run that did not pass."""
        return self.other if self.other.outcome != "pass" else self.one


@dataclass(frozen=True, slots=True)
class Flips:
    """Tasks of one kind."""

    flips: tuple[Flip, ...]
    count: int
    causes: tuple[tuple[str, int], ...]
    """What failed, the most frequent first."""


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two agents on the tasks that both have played."""

    one: Side
    other: Side
    tasks: int
    only_one: int
    only_other: int
    table: Mapping[tuple[str, str], int]
    """How many tasks came out how, by the outcomes of both."""
    outcomes: tuple[str, ...]
    lost: Flips
    """Tasks that the first passes more often."""
    won: Flips
    undecided: Flips
    """Tasks that one of the two has no judged run of."""
    p_value: float

    @property
    def is_beyond_chance(self) -> bool:
        """Whether so uneven a split is unlikely if neither is better."""
        return self.p_value < 0.05


@dataclass(frozen=True, slots=True)
class _Played:
    """How a task came out for an agent, with a run that passed and one that did not, where there are such."""

    passed: int
    judged: int
    best: int
    """The number of a run that came out best."""
    worst: int

    @property
    def rate(self) -> tuple[int, int]:
        """How many runs passed, of how many that were judged."""
        return self.passed, self.judged


def side_by_side(index: RunIndex, one: Side, other: Side) -> SideBySide:
    """Compare two agents, task by task."""
    left, right = _by_task(index, one), _by_task(index, other)
    shared = [task for task in left if task in right]
    pairs = {task: _pair(left[task], right[task]) for task in shared}
    outcomes = _outcomes(index, [number for pair in pairs.values() for number in pair])
    table = Counter((outcomes[a], outcomes[b]) for a, b in pairs.values())
    groups: dict[str, list[str]] = {"lost": [], "won": [], "undecided": []}
    for task in shared:
        if kind := _kind(left[task], right[task]):
            groups[kind].append(task)
    found = {kind: _flips(index, tasks, pairs, left, right) for kind, tasks in groups.items()}
    seen = {outcome for pair in table for outcome in pair}
    return SideBySide(
        one=one,
        other=other,
        tasks=len(shared),
        only_one=len(left) - len(shared),
        only_other=len(right) - len(shared),
        table=table,
        outcomes=tuple(name for name in SHOWN_OUTCOMES if name in seen),
        lost=found["lost"],
        won=found["won"],
        undecided=found["undecided"],
        p_value=sign_test(len(groups["won"]), len(groups["lost"])),
    )


_BEST = "(CASE outcome WHEN 'pass' THEN 5 WHEN 'fail' THEN 4 ELSE 4 - rank END)"
_WORST = "(CASE outcome WHEN 'fail' THEN 0 WHEN 'pass' THEN 1 ELSE 1 + rank END)"
"""By what a run is chosen to show how a task came out: a judged one before any other."""


def _by_task(index: RunIndex, side: Side) -> dict[str, _Played]:
    # of equal rank the first: a number is less than 2**40, so that rank and number go into one integer
    rows = index.select(
        f"task, sum(outcome = 'pass'), sum(outcome IN ('pass', 'fail')), max({_BEST} * (1 << 40) - number), "
        f"min({_WORST} * (1 << 40) + number)",
        "set_name = ? AND agent = ? AND task != ''",
        (side.set, side.agent),
        "GROUP BY task ORDER BY task",
    )
    return {
        task: _Played(passed, judged, best=-best % (1 << 40), worst=worst % (1 << 40))
        for task, passed, judged, best, worst in rows
    }


def _kind(one: _Played, other: _Played) -> str:
    if not one.judged or not other.judged:
        return "undecided"
    a, b = one.passed * other.judged, other.passed * one.judged
    return "lost" if a > b else "won" if a < b else ""


def _pair(one: _Played, other: _Played) -> tuple[int, int]:
    """The numbers of runs of both that show how a task differs: of the better one a pass, of the other none."""
    kind = _kind(one, other)
    return one.worst if kind == "won" else one.best, other.worst if kind == "lost" else other.best


def _outcomes(index: RunIndex, numbers: list[int]) -> dict[int, str]:
    return {row[0]: row[1] for row in _of_numbers(index, "number, outcome", numbers)}


def _of_numbers(index: RunIndex, columns: str, numbers: list[int]) -> list[Any]:
    found: list[Any] = []
    for at in range(0, len(numbers), 500):
        part = numbers[at : at + 500]
        found += index.select(columns, f"number IN ({', '.join('?' * len(part))})", part)
    return found


def _flips(
    index: RunIndex,
    tasks: list[str],
    pairs: Mapping[str, tuple[int, int]],
    left: Mapping[str, _Played],
    right: Mapping[str, _Played],
) -> Flips:
    shown = tasks[:MAX_FLIPS]
    numbers = [number for task in shown for number in pairs[task]]
    rows = {row.number: row for at in range(0, len(numbers), 500) for row in index.numbered(numbers[at : at + 500])}
    flips = [
        Flip(task, rows[pairs[task][0]], rows[pairs[task][1]], (left[task].rate, right[task].rate)) for task in shown
    ]
    return Flips(tuple(flips), len(tasks), _causes(index, [number for task in tasks for number in pairs[task]]))


def _causes(index: RunIndex, numbers: list[int]) -> tuple[tuple[str, int], ...]:
    """What failed in the runs that did not pass, the most frequent first."""
    causes = Counter[str]()
    for outcome, checks, blame in _of_numbers(index, "outcome, checks, blame", numbers):
        if outcome != "pass":
            failed = [one.rpartition(":")[0] for one in checks.split() if one.endswith(":fail")]
            causes.update(failed or [blame or outcome])
    return tuple(sorted(causes.items(), key=lambda one: (-one[1], one[0])))
