"""What tasks are: where their arguments come from, how long they are, what they have, and what is said twice."""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil

from toolworld.datasets.metrics.diversity import entropy
from toolworld.datasets.task import Task
from toolworld.datasets.truth.lineage import ArgumentLineage, lineage_of
from toolworld.environments import Environment, environment_links
from toolworld.ground import JsonValue, Record, digest, is_said_in

MANY = 5
"""From how many calls a task is long; 54 % of tau2-bench's retail tasks are."""


class Spread(Record):
    """A count over tasks: its mean, and its 90th percentile."""

    mean: float
    p90: int


class TaskMetrics(Record):
    """What tasks are, in numbers. Shares are from 0 to 1."""

    tasks: int
    environments: int
    calls: Spread
    changes: Spread
    """Calls that change something."""
    many: float
    """The share of tasks with five calls and more."""
    sources: dict[str, float]
    """Where arguments come from: the share of each source; `ungrounded` should be 0."""
    ids: int
    """Arguments that hold keys of records."""
    ids_from_results: float
    """The share of those that come from earlier results; higher is better: an agent has to find them."""
    distinct_calls: float
    """The number of different calls (environment, tool and arguments) over that of all calls; higher is more varied."""
    repeated_changes: float
    """The share of tasks that change the same as another before them: tools and what the user says; lower is better."""
    repeated_requests: float
    """The share of tasks whose request another task before them has, word for word; lower is better."""
    clarifications: float
    """The share of tasks that need something which the request does not say: an agent has to ask."""
    refusals: float
    """The share with a call that is refused."""
    recoveries: float
    """The share in which something is done after a refusal."""
    conditions: float
    corrections: float
    questions: float
    """The shares with a condition, a change of mind, and a question."""
    faults: float
    """The share in which a fault that was put in refuses a call, or spoils its result, and the call is made again."""
    by_model: float
    """The share whose request a model put into words."""
    modes: dict[str, int]
    styles: dict[str, int]
    """How many tasks are of each."""
    patterns: float
    """The entropy of mode and patterns together, in nats."""


@dataclass
class TaskStatistics:
    """Counts of tasks, one after the other, in memory that grows with what is different only."""

    _tasks: int = 0
    _environments: set[str] = field(default_factory=set[str])
    _lengths: Counter[int] = field(default_factory=Counter[int])
    _changes: Counter[int] = field(default_factory=Counter[int])
    _sources: Counter[str] = field(default_factory=Counter[str])
    _ids: Counter[str] = field(default_factory=Counter[str])
    _has: Counter[str] = field(default_factory=Counter[str])
    _calls: set[str] = field(default_factory=set[str])
    _requests: set[str] = field(default_factory=set[str])
    _repeated: int = 0
    _wishes: set[str] = field(default_factory=set[str])
    _alike: int = 0
    _modes: Counter[str] = field(default_factory=Counter[str])
    _styles: Counter[str] = field(default_factory=Counter[str])
    _buckets: Counter[str] = field(default_factory=Counter[str])
    _keys: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict[str, frozenset[tuple[str, str]]])

    def add(self, task: Task, environment: Environment) -> None:
        """Count a task of an environment."""
        self._tasks += 1
        self._environments.add(task.environment)
        self._lengths[len(task.calls)] += 1
        self._changes[sum(one.writes and one.error is None for one in task.calls)] += 1
        self._calls |= {digest([task.environment, one.call.name, one.call.arguments]) for one in task.calls}
        said = digest([task.request])
        self._repeated += said in self._requests
        self._requests.add(said)
        wish = digest([task.environment, _person(task), *_changes(task)])
        self._alike += wish in self._wishes
        self._wishes.add(wish)
        self._count_arguments(task, environment)
        self._count_patterns(task)

    def _count_arguments(self, task: Task, environment: Environment) -> None:
        if environment.id not in self._keys:
            links = environment_links(environment)
            self._keys[environment.id] = frozenset(
                (one.target, one.parameter) for one in links if one.rule == "state_key"
            )
        lineage = lineage_of(task, environment)
        for one in lineage:
            self._sources[one.source] += 1
            if (one.tool, one.argument) in self._keys[environment.id]:
                self._ids[one.source] += 1
        self._has["clarification"] += any(_is_asked_for(one, task) for one in lineage)

    def _count_patterns(self, task: Task) -> None:
        refused = [number for number, one in enumerate(task.calls) if one.error is not None]
        self._has["refusal"] += bool(refused)
        self._has["recovery"] += (
            any(one.writes and one.error is None for one in task.calls[refused[0] :]) if refused else 0
        )
        if task.origin is None:
            return
        self._has.update({*task.origin.patterns} & {"condition", "correction", "question", "fault"})
        self._has["by_model"] += task.origin.words == "model"
        self._modes[task.origin.mode] += 1
        self._styles[task.origin.style] += 1
        self._buckets[" ".join([task.origin.mode, *sorted(task.origin.patterns)])] += 1

    @property
    def metrics(self) -> TaskMetrics:
        """The numbers so far."""
        arguments, ids, calls = (
            self._sources.total(),
            self._ids.total(),
            sum(size * n for size, n in self._lengths.items()),
        )
        many = sum(count for size, count in self._lengths.items() if size >= MANY)
        return TaskMetrics(
            tasks=self._tasks,
            environments=len(self._environments),
            calls=_spread(self._lengths),
            changes=_spread(self._changes),
            many=self._share(many),
            sources={name: count / arguments for name, count in sorted(self._sources.items())},
            ids=ids,
            ids_from_results=self._ids["result"] / ids if ids else 0.0,
            distinct_calls=len(self._calls) / calls if calls else 0.0,
            repeated_changes=self._share(self._alike),
            repeated_requests=self._share(self._repeated),
            clarifications=self._share(self._has["clarification"]),
            refusals=self._share(self._has["refusal"]),
            recoveries=self._share(self._has["recovery"]),
            conditions=self._share(self._has["condition"]),
            corrections=self._share(self._has["correction"]),
            questions=self._share(self._has["question"]),
            faults=self._share(self._has["fault"]),
            by_model=self._share(self._has["by_model"]),
            modes=dict(sorted(self._modes.items())),
            styles=dict(sorted(self._styles.items())),
            patterns=entropy(self._buckets),
        )

    def _share(self, count: int) -> float:
        return count / self._tasks if self._tasks else 0.0


def _is_asked_for(one: ArgumentLineage, task: Task) -> bool:
    """Whether the user knows a text, and does not say it in the request."""
    if one.source != "user" or not isinstance(one.value, str):
        return False
    return not is_said_in(one.value, task.request)


def _changes(task: Task) -> list[JsonValue]:
    """The changes of a task, as it writes them: what calls return has its place, and not its value."""
    return [
        [one.call.name, (one.written or one.call).arguments] for one in task.calls if one.writes and one.error is None
    ]


def _person(task: Task) -> JsonValue:
    """What the first look-up is given: whom a task is about."""
    return task.calls[0].call.arguments if task.calls else None


def _spread(counts: Counter[int]) -> Spread:
    total = counts.total()
    if not total:
        return Spread(mean=0.0, p90=0)
    rows = sorted(counts.elements())
    return Spread(mean=sum(rows) / total, p90=rows[max(0, ceil(0.9 * total) - 1)])
