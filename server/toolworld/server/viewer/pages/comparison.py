"""Two agents on the same tasks: rates, a table of outcomes, and what flipped and why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

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


def side_by_side(index: RunIndex, one: Side, other: Side) -> SideBySide:
    """Compare two agents, task by task."""
    left, right = _by_task(index, one), _by_task(index, other)
    shared = [task for task in left if task in right]
    table = Counter[tuple[str, str]]()
    lost, won, undecided = list[Flip](), list[Flip](), list[Flip]()
    for task in shared:
        flip = _flip(task, left[task], right[task])
        table[flip.one.outcome, flip.other.outcome] += 1
        (a, of_a), (b, of_b) = flip.rates
        if not of_a or not of_b:
            undecided.append(flip)
        elif a * of_b != b * of_a:
            (lost if a * of_b > b * of_a else won).append(flip)
    seen = {outcome for pair in table for outcome in pair}
    return SideBySide(
        one=one,
        other=other,
        tasks=len(shared),
        only_one=len(left) - len(shared),
        only_other=len(right) - len(shared),
        table=table,
        outcomes=tuple(name for name in SHOWN_OUTCOMES if name in seen),
        lost=_flips(lost),
        won=_flips(won),
        undecided=_flips(undecided),
        p_value=sign_test(len(won), len(lost)),
    )


def _by_task(index: RunIndex, side: Side) -> dict[str, list[RunRow]]:
    rows = index.rows(
        "set_name = ? AND agent = ? AND task != ''", (side.set, side.agent), "ORDER BY task, rank DESC, number"
    )
    found: dict[str, list[RunRow]] = {}
    for row in rows:
        found.setdefault(row.task, []).append(row)
    return found


def _flip(task: str, left: list[RunRow], right: list[RunRow]) -> Flip:
    """The task, with runs of both that show how it differs: of the better one a pass, of the other none."""
    rates = _rate(left), _rate(right)
    is_lost = rates[0][0] * rates[1][1] > rates[1][0] * rates[0][1]
    is_won = rates[0][0] * rates[1][1] < rates[1][0] * rates[0][1]
    # passes come first, so that the last one is the one that failed, if any did
    return Flip(task, left[-1 if is_won else 0], right[-1 if is_lost else 0], rates)


def _rate(rows: list[RunRow]) -> tuple[int, int]:
    passed = sum(row.outcome == "pass" for row in rows)
    return passed, passed + sum(row.outcome == "fail" for row in rows)


def _flips(found: list[Flip]) -> Flips:
    causes = Counter(name for flip in found for name in flip.worse.failed or [flip.worse.blame or flip.worse.outcome])
    ordered = sorted(causes.items(), key=lambda one: (-one[1], one[0]))
    return Flips(tuple(found[:MAX_FLIPS]), len(found), tuple(ordered))
