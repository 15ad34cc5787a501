"""Runs of which it is known whether they are right: made for it, or labelled by people."""

import random
from collections import defaultdict
from pathlib import Path

from toolworld.cli.commands.tasks_check import open_host
from toolworld.cli.screen import count, progress, stderr_console
from toolworld.datasets import TaskSuite
from toolworld.ground import RecordError, write_lines
from toolworld.judges import KnownRun, Label, judge_file, of_trajectory, read_labels
from toolworld.rollout import RUN_KINDS, LabelledRun, RunKind, is_right, play_labelled


async def made_runs(suite: TaskSuite, most: int | None, seed: int, out: Path) -> list[KnownRun]:
    """Runs that are made right or wrong on purpose.

    Args:
        suite: Environments and tasks.
        most: How many, evenly over their kinds; None for all.
        seed: Decides which.
        out: The file that they are written to.
    """
    by_kind: dict[RunKind, list[LabelledRun]] = defaultdict(list)
    async with open_host(suite) as host:
        with progress("playing") as bar:
            line = bar.add_task("", total=len(suite.tasks) * len(RUN_KINDS))
            await play_labelled(
                suite, host, RUN_KINDS, lambda run: by_kind[run.kind].append(run), lambda: bar.advance(line)
            )
    chosen = _chosen(by_kind, most, seed)
    write_lines(out, [one.trial.trajectory for one in chosen])
    return [_known(one, suite) for one in chosen]


def _chosen(by_kind: dict[RunKind, list[LabelledRun]], most: int | None, seed: int) -> list[LabelledRun]:
    """So many runs, half of them right, evenly over their kinds; all where no number is given."""
    if most is None:
        return [one for runs in by_kind.values() for one in runs]
    draw = random.Random(f"{seed}:calibration")
    chosen: list[LabelledRun] = []
    for good in (True, False):
        kinds = [draw.sample(runs, len(runs)) for kind, runs in by_kind.items() if is_right(kind) == good]
        turns = [runs[turn] for turn in range(max(map(len, kinds), default=0)) for runs in kinds if turn < len(runs)]
        chosen += turns[: (most + good) // 2]
    return chosen


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
    missing = [name for name in known if name not in {one.shown.id for one in found}]
    if missing:
        raise RecordError(f"{labels}: run {missing[0]} is labelled, and not among the runs of {runs}")
    if len(found) < len(judged.runs):
        stderr_console().print(f"[yellow]{count(len(judged.runs) - len(found), 'run')} without a label, left out[/]")
    return found
