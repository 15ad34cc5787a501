"""Runs of which it is known whether they are right: tasks played right, right but otherwise, and with mistakes."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import product
from typing import Literal, NamedTuple, cast

from toolworld.datasets import Task, TaskSuite
from toolworld.ground import for_each
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.mutation import MUTATIONS, VARIANTS, Mutation, Variant
from toolworld.rollout.mutations.mutated_script import mutated_script
from toolworld.rollout.mutations.variants import varied_script
from toolworld.rollout.players.script import Script, script_of
from toolworld.rollout.synthesis.trial import Trial, try_out

_AT_ONCE = 16
RunKind = Mutation | Variant | Literal["right"]
"""What is done: the right thing, the right thing otherwise, or a mistake."""


class LabelledRun(NamedTuple):
    """A run with what is known of it."""

    kind: RunKind
    trial: Trial

    @property
    def is_right(self) -> bool:
        """Whether a judge has to pass it."""
        return is_right(self.kind)


def is_right(kind: RunKind) -> bool:
    """Whether a judge has to pass runs of a kind."""
    return kind == "right" or kind in VARIANTS


async def play_labelled(
    suite: TaskSuite,
    host: Host,
    kinds: Sequence[RunKind],
    keep: Callable[[LabelledRun], None],
    on_run: Callable[[], None] = lambda: None,
) -> None:
    """Play each task in each of the kinds that it leaves room for.

    Args:
        suite: Environments and tasks.
        host: Has them.
        kinds: The kinds.
        keep: Given each run, kind by kind, in the order of the tasks.
        on_run: Told of each pair of task and kind.
    """
    by_environment: dict[str, list[Task]] = defaultdict(list)
    for task in suite.tasks:
        by_environment[task.environment].append(task)
    for kind in kinds:
        done: dict[str, LabelledRun] = {}

        async def play_one(one: tuple[RunKind, Task], done: dict[str, LabelledRun] = done) -> None:
            kind, task = one
            script = await _script(task, kind, suite, by_environment[task.environment])
            if script is not None:
                trial = await try_out(task, suite.runtime_of(task), host, script)
                done[task.id] = LabelledRun(kind, _named(trial, kind))
            on_run()

        await for_each(product((kind,), suite.tasks), play_one, at_once=_AT_ONCE)
        for task in suite.tasks:
            if task.id in done:
                keep(done[task.id])


def _named(trial: Trial, kind: RunKind) -> Trial:
    """The trial with its kind in its id, since a task is played in many."""
    name = f"{trial.trajectory.id}:{kind}"
    trajectory = trial.trajectory.model_copy(update={"id": name})
    return trial._replace(trajectory=trajectory, verdict=trial.verdict.model_copy(update={"trajectory": name}))


async def _script(task: Task, kind: RunKind, suite: TaskSuite, others: Sequence[Task]) -> Script | None:
    runtime = suite.runtime_of(task)
    if kind == "right":
        return script_of(task)
    if kind in VARIANTS:
        return await varied_script(task, kind, runtime)
    return await mutated_script(task, cast(Mutation, kind), runtime, others)


RUN_KINDS: tuple[RunKind, ...] = ("right", *VARIANTS, *MUTATIONS)
