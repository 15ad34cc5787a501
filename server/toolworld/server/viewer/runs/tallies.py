"""What many runs come to: pass rates by agent and environment, which check fails, who is to blame, pass^k, cost."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toolworld.datasets import PassRates, TrialCounts, pass_rates, shown_ks, wilson_interval
from toolworld.server.viewer.runs.filters import RunFilter
from toolworld.server.viewer.runs.index import RunIndex
from toolworld.server.viewer.runs.row import side_of

MAX_ENVIRONMENTS, MAX_SIDES = 40, 8
"""How many rows and columns the table of pass rates has."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many passed, with Wilson's 95 % interval. Void and unclear runs do not count."""

    passed: int = 0
    judged: int = 0

    @classmethod
    def of(cls, outcomes: Mapping[str, int]) -> "Rate":
        """The rate of so many runs of each outcome."""
        return cls(outcomes.get("pass", 0), outcomes.get("pass", 0) + outcomes.get("fail", 0))

    def __add__(self, other: "Rate") -> "Rate":
        return Rate(self.passed + other.passed, self.judged + other.judged)

    @property
    def share(self) -> float:
        """The share that passed."""
        return self.passed / self.judged if self.judged else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval."""
        return wilson_interval(self.passed, self.judged)


@dataclass(frozen=True, slots=True)
class Side:
    """An agent in a set: what two are compared by."""

    name: str
    """What a page calls it: the set, with the agent where the set has several."""
    set: str
    agent: str
    runs: int
    outcomes: Mapping[str, int]
    calls: float
    """Calls of a run, on average."""
    cost: float
    """Dollars for all its runs."""
    tokens: int

    @property
    def rate(self) -> Rate:
        """Its pass rate."""
        return Rate.of(self.outcomes)


@dataclass(frozen=True, slots=True)
class Overview:
    """What all runs at hand come to."""

    sides: tuple[Side, ...]
    environments: tuple[str, ...]
    """The most played ones first."""
    more_environments: int
    cells: Mapping[tuple[str, str], Rate]
    """By environment and side."""
    failing: tuple[tuple[str, int], ...]
    """Checks by how many runs they failed."""
    blamed: tuple[tuple[str, int], ...]
    tags: tuple[str, ...]
    checks: tuple[str, ...]
    curves: Mapping[str, tuple[PassRates, ...]] = field(default_factory=dict[str, tuple[PassRates, ...]])
    """pass@k and pass^k by side, where tasks were played more than once."""

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return sum(side.runs for side in self.sides)

    @property
    def sets(self) -> int:
        """How many sets they are in."""
        return len({side.set for side in self.sides})

    @property
    def outcomes(self) -> Counter[str]:
        """How many of each outcome."""
        found = Counter[str]()
        for side in self.sides:
            found.update(side.outcomes)
        return found


def overview(index: RunIndex) -> Overview:
    """Count all runs of an index."""
    sides = sides_of(index)
    names = {(side.set, side.agent): side.name for side in sides}
    cells, played = dict[tuple[str, str], Rate](), Counter[str]()
    counted = index.select(
        "set_name, agent, environment, outcome, count(*)", rest="GROUP BY set_name, agent, environment, outcome"
    )
    for set_name, agent, environment, outcome, count in counted:
        played[environment] += count
        rate = Rate(count * (outcome == "pass"), count * (outcome in ("pass", "fail")))
        place = environment, names[set_name, agent]
        cells[place] = cells.get(place, Rate()) + rate
    environments = [name for name, _ in sorted(played.items(), key=lambda one: (-one[1], one[0]))]
    failing, known = _checks(index)
    blamed = index.select("blame, count(*)", "blame != ''", rest="GROUP BY blame")
    return Overview(
        sides=tuple(sides),
        environments=tuple(environments[:MAX_ENVIRONMENTS]),
        more_environments=max(0, len(environments) - MAX_ENVIRONMENTS),
        cells=cells,
        failing=tuple(sorted(failing.items(), key=lambda one: (-one[1], one[0]))),
        blamed=tuple(sorted(blamed, key=lambda one: (-one[1], one[0]))),
        tags=tuple(_tags(index)),
        checks=tuple(known),
        curves={side.name: curve for side in sides[:MAX_SIDES] if (curve := pass_curve(index, side))},
    )


def sides_of(index: RunIndex) -> list[Side]:
    """The agents of all sets, in the order in which they were read."""
    columns = "set_name, agent, outcome, count(*), sum(calls), sum(cost), sum(tokens), min(number)"
    found: dict[tuple[str, str], list[Any]] = {}
    for set_name, agent, *rest in index.select(columns, rest="GROUP BY set_name, agent, outcome"):
        found.setdefault((set_name, agent), []).append(rest)
    agents = Counter(set_name for set_name, _ in found)
    return [
        Side(
            name=set_name if agents[set_name] == 1 else side_of(set_name, agent),
            set=set_name,
            agent=agent,
            runs=(runs := sum(row[1] for row in rows)),
            outcomes={row[0]: row[1] for row in rows},
            calls=sum(row[2] for row in rows) / runs,
            cost=sum(row[3] for row in rows),
            tokens=sum(row[4] for row in rows),
        )
        for (set_name, agent), rows in sorted(found.items(), key=lambda one: min(row[5] for row in one[1]))
    ]


def _checks(index: RunIndex) -> tuple[Counter[str], list[str]]:
    """How many runs each check failed, and all checks there are."""
    failing, known = Counter[str](), dict[str, None]()
    for checks, count in index.select("checks, count(*)", "checks != ''", rest="GROUP BY checks"):
        for one in checks.split():
            name, _, outcome = one.rpartition(":")
            known[name] = None
            failing[name] += count * (outcome == "fail")
    return +failing, sorted(known)


def _tags(index: RunIndex) -> list[str]:
    rows = index.select("DISTINCT tags", "length(tags) > 2", rest="ORDER BY tags LIMIT 2000")
    return sorted({tag for (tags,) in rows for tag in tags.split()})[:200]


def trials_of(index: RunIndex, side: Side) -> dict[str, TrialCounts]:
    """By task, how many runs of an agent were judged, and passed; forks share calls, and are no trials of their own."""
    rows = index.select(
        "task, sum(outcome IN ('pass', 'fail')), sum(outcome = 'pass')",
        "set_name = ? AND agent = ? AND task != '' AND parent = ''",
        (side.set, side.agent),
        "GROUP BY task",
    )
    return {task: TrialCounts(judged, passed) for task, judged, passed in rows}


def pass_curve(index: RunIndex, side: Side) -> tuple[PassRates, ...]:
    """pass@k and pass^k of an agent for each k; empty where no task was played twice."""
    trials = trials_of(index, side)
    most = max((counts.judged for counts in trials.values()), default=0)
    return tuple(pass_rates(trials, k) for k in shown_ks(most)) if most > 1 else ()


@dataclass(frozen=True, slots=True)
class Tally:
    """What the runs of a filter come to."""

    runs: int
    outcomes: Mapping[str, int]

    @property
    def rate(self) -> Rate:
        """Their pass rate."""
        return Rate.of(self.outcomes)


def tally(index: RunIndex, wanted: RunFilter) -> Tally:
    """Count the runs of a filter."""
    rows = index.select("outcome, count(*)", *wanted.where(), rest="GROUP BY outcome")
    return Tally(sum(count for _, count in rows), dict(rows))
