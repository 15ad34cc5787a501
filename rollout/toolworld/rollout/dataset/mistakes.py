"""How many mistakes tasks notice, and how many right runs they fail: each task played with each kind of both."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, cast

from toolworld.datasets import TaskSuite
from toolworld.ground import Record
from toolworld.rollout.dataset.labelled import LabelledRun, play_labelled
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.mutation import MUTATIONS, VARIANTS, Mutation, Variant


class Survivor(Record):
    """A run with a mistake that passed."""

    task: str
    mutation: Mutation
    calls: tuple[str, ...]
    """The calls that were made, in their order, as text."""


class KillRate(Record):
    """How many runs with a kind of mistake do not pass."""

    mutation: Mutation
    runs: int
    """Tasks that leave room for it."""
    failed: int
    undecided: int
    """Runs that no check decides: void and unclear ones. They get no reward, and count neither way."""

    @property
    def share(self) -> float | None:
        """Of the runs that were judged; higher is better. None where there was none."""
        judged = self.runs - self.undecided
        return self.failed / judged if judged else None


class FalseAlarm(Record):
    """A right run that did not pass."""

    task: str
    variant: Variant
    why: str


class AlarmRate(Record):
    """How many right runs that went otherwise do not pass."""

    variant: Variant
    runs: int
    """Tasks that leave room for it."""
    passed: int

    @property
    def share(self) -> float | None:
        """The share of false alarms; lower is better. None where there was no run."""
        return 1 - self.passed / self.runs if self.runs else None


class Kills(NamedTuple):
    """What came of all runs with mistakes, and of right runs that went otherwise."""

    rates: tuple[KillRate, ...]
    survivors: tuple[Survivor, ...]
    variants: tuple[AlarmRate, ...]
    alarms: tuple[FalseAlarm, ...]


async def play_with_mistakes(
    suite: TaskSuite,
    host: Host,
    mutations: Sequence[Mutation] = MUTATIONS,
    on_run: Callable[[], None] = lambda: None,
) -> Kills:
    """Play each task with each kind of mistake that it leaves room for, and right in each variant.

    Args:
        suite: Environments and tasks.
        host: Has them.
        mutations: The kinds of mistakes.
        on_run: Told of each pair of task and kind.
    """
    outcomes: Counter[tuple[str, str]] = Counter()
    survivors: list[Survivor] = []
    alarms: list[FalseAlarm] = []

    def count(run: LabelledRun) -> None:
        outcomes[run.kind, run.trial.verdict.outcome] += 1
        has_passed = run.trial.verdict.passed
        if run.is_right and not has_passed:
            variant, why = cast(Variant, run.kind), run.trial.broken_by or ""
            alarms.append(FalseAlarm(task=run.trial.task.id, variant=variant, why=why))
        elif not run.is_right and has_passed:
            survivors.append(_survivor(run))

    await play_labelled(suite, host, (*mutations, *VARIANTS), count, on_run)
    return Kills(tuple(_rates(outcomes, mutations)), tuple(survivors), tuple(_alarm_rates(outcomes)), tuple(alarms))


def _rates(outcomes: Counter[tuple[str, str]], mutations: Sequence[Mutation]) -> Iterator[KillRate]:
    for mutation in mutations:
        counts = _counts(outcomes, mutation)
        undecided = counts["void"] + counts["unclear"]
        yield KillRate(mutation=mutation, runs=counts.total(), failed=counts["fail"], undecided=undecided)


def _alarm_rates(outcomes: Counter[tuple[str, str]]) -> Iterator[AlarmRate]:
    for variant in VARIANTS:
        counts = _counts(outcomes, variant)
        yield AlarmRate(variant=variant, runs=counts.total(), passed=counts["pass"])


def _counts(outcomes: Counter[tuple[str, str]], kind: str) -> Counter[str]:
    return Counter({outcome: count for (one, outcome), count in outcomes.items() if one == kind})


def _survivor(run: LabelledRun) -> Survivor:
    calls = tuple(f"{one.call.name} {one.call.arguments}" for one in run.trial.trajectory.log)
    return Survivor(task=run.trial.task.id, mutation=cast(Mutation, run.kind), calls=calls)
