"""Judging trajectories that were written to a file, by toolworld or by others."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolworld.datasets import Task, TaskSuite, Trajectory, Verdict, latest_runs
from toolworld.ground import RecordError, read_lines
from toolworld.judges.judge import judge
from toolworld.judges.statements.statement_judge import StatementJudge


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """The verdicts of a file."""

    runs: tuple[tuple[Trajectory, Verdict], ...]
    torn: int
    """Bytes of a cut-off last line, which was not read."""
    repeated: int
    """Lines whose run stands in a later line again; only the last one was judged."""
    untasked: int
    """Runs for no task, which cannot be judged."""
    refused: tuple[tuple[Trajectory, str], ...] = ()
    """Runs that do not fit the tasks at hand, each with why, where they do not end the judging."""


async def judge_file(
    path: Path, suite: TaskSuite, statement_judge: StatementJudge | None = None, *, lists_refused: bool = False
) -> JudgedFile:
    """Judge every run of a JSONL file of trajectories once.

    Args:
        path: The file.
        suite: The environments and tasks of the runs.
        statement_judge: Who judges statements; by default nobody.
        lists_refused: Whether runs that do not fit the suite are listed, and the others judged.

    Raises:
        RecordError: the file cannot be read or holds no trajectory, or one of them is of a task that the suite lacks,
            or of another version of its environment.
    """
    lines = read_lines(path, Trajectory)
    if not lines.records:
        raise RecordError(f"{path} holds no trajectories")
    tasks = {task.id: task for task in suite.tasks}
    runs = latest_runs(lines.records)
    judged: list[tuple[Trajectory, Verdict]] = []
    refused: list[tuple[Trajectory, str]] = []
    for run in runs:
        if run.task is None:
            continue
        try:
            task = _task_of(run, tasks, path)
            judged.append((run, await judge(task, run, suite.runtime_of(task), statement_judge=statement_judge)))
        except RecordError as problem:
            if not lists_refused:
                raise
            refused.append((run, str(problem)))
    return JudgedFile(
        tuple(judged),
        torn=lines.torn,
        repeated=len(lines.records) - len(runs),
        untasked=sum(run.task is None for run in runs),
        refused=tuple(refused),
    )


def _task_of(run: Trajectory, tasks: Mapping[str, Task], path: Path) -> Task:
    task = tasks.get(run.task or "")
    if task is None:
        raise RecordError(
            f"{path}: task {run.task} of run {run.id} is not among the {len(tasks)} tasks at hand "
            "(a `~` in its name stands before the fault profile that it was played under)"
        )
    return task
