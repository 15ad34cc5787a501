"""How many mistakes tasks notice: each task played with each kind of mistake, and what passed all the same."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from toolworld.datasets import Task, TaskSuite, referred_calls
from toolworld.environments import Runtime
from toolworld.ground import Record, for_each
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.mutation import MUTATIONS, Mutation
from toolworld.rollout.mutations.mutated_script import mutated_script
from toolworld.rollout.players.script import Script, script_of
from toolworld.rollout.synthesis.trial import Trial, manner_of, try_out

_AT_ONCE = 16


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


class Kills(NamedTuple):
    """What came of all runs with mistakes, and of right runs that went otherwise."""

    others: int
    """Right runs in other words and another order: one for each task."""
    passed: int
    """How many of these passed; all should."""

    rates: tuple[KillRate, ...]
    survivors: tuple[Survivor, ...]


async def play_with_mistakes(
    suite: TaskSuite,
    host: Host,
    mutations: Sequence[Mutation] = MUTATIONS,
    on_run: Callable[[], None] = lambda: None,
) -> Kills:
    """Play each task with each kind of mistake that it leaves room for.

    Args:
        suite: Environments and tasks.
        host: Has them.
        mutations: The kinds.
        on_run: Told of each pair of task and kind.
    """
    by_environment: dict[str, list[Task]] = defaultdict(list)
    for task in suite.tasks:
        by_environment[task.environment].append(task)
    outcomes: Counter[tuple[Mutation, str]] = Counter()
    survivors: dict[int, Survivor] = {}
    passed: list[bool] = []

    async def play_mistake(one: tuple[int, tuple[Mutation, Task]]) -> None:
        number, (mutation, task) = one
        runtime = suite.runtime_of(task)
        script = await mutated_script(task, mutation, runtime, by_environment[task.environment])
        if script is not None:
            trial = await try_out(task, runtime, host, script)
            outcomes[mutation, trial.verdict.outcome] += 1
            if trial.verdict.passed:
                survivors[number] = _survivor(trial, mutation)
        on_run()

    async def play_right(task: Task) -> None:
        runtime = suite.runtime_of(task)
        trial = await try_out(task, runtime, host, await otherwise(task, runtime))
        passed.append(trial.verdict.passed)
        on_run()

    await for_each(enumerate(product(mutations, suite.tasks)), play_mistake, at_once=_AT_ONCE)
    await for_each(suite.tasks, play_right, at_once=_AT_ONCE)
    found = tuple(one for _, one in sorted(survivors.items()))
    return Kills(len(passed), sum(passed), tuple(_rates(outcomes, mutations)), found)


async def otherwise(task: Task, runtime: Runtime) -> Script:
    """The right run of a task in other words, with each look-up as early as what it needs is known.

    Changes keep their order, and so do look-ups that would show something else before them. Faults depend on the step
    of a call, so that a task with faults keeps its order.
    """
    right = replace(script_of(task), manner=manner_of(task) + 1)
    if task.faults is not None:
        return right
    needs = [referred_calls(call.arguments) for call in right.calls]
    first, later = [0], list(range(1, len(right.calls)))
    for number in [one for one in later if not task.calls[one].writes]:
        made = task.calls[number]
        event, _ = await runtime.step(runtime.start, made.call, task.seed, runtime.truth_simulator)
        if needs[number] <= {*first} and event.result == made.result:
            first.append(number)
            later.remove(number)
    order = (*first, *later)
    calls = tuple(right.calls[number] for number in order)
    return replace(right, calls=calls, positions=order)


def _rates(outcomes: Counter[tuple[Mutation, str]], mutations: Sequence[Mutation]) -> Iterator[KillRate]:
    for mutation in mutations:
        counts = Counter({outcome: count for (one, outcome), count in outcomes.items() if one == mutation})
        undecided = counts["void"] + counts["unclear"]
        yield KillRate(mutation=mutation, runs=counts.total(), failed=counts["fail"], undecided=undecided)


def _survivor(trial: Trial, mutation: Mutation) -> Survivor:
    calls = tuple(f"{one.call.name} {one.call.arguments}" for one in trial.trajectory.log)
    return Survivor(task=trial.task.id, mutation=mutation, calls=calls)
