"""Runs of which it is known whether they are right: made for it, or labelled by people."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from toolworld.cli.commands.tasks_check import open_host
from toolworld.cli.screen import count, progress, stderr_console
from toolworld.datasets import TaskSuite, Trajectory
from toolworld.ground import RecordError, digest
from toolworld.judges import KnownRun, Label, judge_file, of_trajectory, read_labels
from toolworld.rollout import RUN_KINDS, LabelledRun, RunKind, play_labelled


async def made_runs(suite: TaskSuite, most: int | None, seed: int) -> tuple[list[KnownRun], list[Trajectory]]:
    """Runs that are made right or wrong on purpose.

    Args:
        suite: Environments and tasks.
        most: How many, evenly over their kinds; None for all.
        seed: Decides which.

    Returns:
        The runs as judges see them, and as they are kept.
    """
    by_kind: dict[RunKind, list[LabelledRun]] = defaultdict(list)
    async with open_host(suite) as host:
        with progress("playing") as bar:
            line = bar.add_task("", total=len(suite.tasks) * len(RUN_KINDS))
            await play_labelled(
                suite, host, RUN_KINDS, lambda run: by_kind[run.kind].append(run), lambda: bar.advance(line)
            )
    chosen = _chosen(by_kind, most, seed)
    return [_known(one, suite) for one in chosen], [one.trial.trajectory for one in chosen]


def _chosen(by_kind: Mapping[RunKind, list[LabelledRun]], most: int | None, seed: int) -> list[LabelledRun]:
    """So many runs, half of them right where there are enough, evenly over their kinds; all where no number is given.

    A run that is the same as one of another kind is left out: it would count twice.
    """
    runs = [*_different(one for runs in by_kind.values() for one in runs)]
    if most is None:
        return runs
    draw = random.Random(f"{seed}:calibration")
    good, bad = ([*_in_turns([one for one in runs if one.is_right == is_good], draw)] for is_good in (True, False))
    of_good = max(most - len(bad), min(len(good), (most + 1) // 2))
    return [*good[:of_good], *bad[: most - of_good]]


def _different(runs: Iterable[LabelledRun]) -> Iterator[LabelledRun]:
    seen: set[str] = set()
    for one in runs:
        run = one.trial.trajectory
        content = digest([run.task, [message.model_dump(mode="json") for message in run.messages]])
        if content not in seen:
            seen.add(content)
            yield one


def _in_turns(runs: Sequence[LabelledRun], draw: random.Random) -> Iterator[LabelledRun]:
    """The runs, kind after kind in turn, in an order of chance."""
    kinds = [*dict.fromkeys(one.kind for one in runs)]
    draw.shuffle(kinds)
    rows = [draw.sample(of, len(of)) for of in ([one for one in runs if one.kind == kind] for kind in kinds)]
    for turn in range(max(map(len, rows), default=0)):
        yield from (row[turn] for row in rows if turn < len(row))


def _known(run: LabelledRun, suite: TaskSuite) -> KnownRun:
    trial = run.trial
    label = Label(run=trial.trajectory.id, good=run.is_right, kind=run.kind)
    shown = of_trajectory(trial.task, trial.trajectory, suite.runtime_of(trial.task).environment, trial.verdict)
    return KnownRun(label, shown)


async def labelled_runs(suite: TaskSuite, runs: Path, labels: Path) -> list[KnownRun]:
    """Runs that people labelled.

    Raises:
        RecordError: a file cannot be read, or a run is labelled that is not there.
    """
    known = read_labels(labels)
    judged = await judge_file(runs, suite)
    tasks = {one.id: one for one in suite.tasks}
    found = [
        KnownRun(
            known[run.id],
            of_trajectory(tasks[verdict.task], run, suite.runtime_of(tasks[verdict.task]).environment, verdict),
        )
        for run, verdict in judged.runs
        if run.id in known
    ]
    there = {one.shown.id for one in found}
    missing = [name for name in known if name not in there]
    if missing:
        raise RecordError(f"{labels}: run {missing[0]} is labelled, and not among the runs of {runs}")
    if len(found) < len(judged.runs):
        stderr_console().print(f"[yellow]{count(len(judged.runs) - len(found), 'run')} without a label, left out[/]")
    return found
