"""Judging trajectories that were written to a file, by toolworld or by others."""

from dataclasses import dataclass
from pathlib import Path

from toolworld.datasets import TaskSuite, Trajectory, Verdict
from toolworld.ground import RecordError, read_lines
from toolworld.judges.judge import judge


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """The verdicts of a file."""

    runs: tuple[tuple[Trajectory, Verdict], ...]
    torn: int
    """Bytes of a cut-off last line, which was not read."""
    repeated: int
    """Lines whose run stands in a later line again; only the last one was judged."""


async def judge_file(path: Path, suite: TaskSuite) -> JudgedFile:
    """Judge every run of a JSONL file of trajectories once.

    Raises:
        RecordError: the file cannot be read or holds no trajectory, or one of them is of no task of the suite.
    """
    lines = read_lines(path, Trajectory)
    if not lines.records:
        raise RecordError(f"{path} holds no trajectories")
    tasks = {task.id: task for task in suite.tasks}
    runs = {run.id: run for run in lines.records}
    judged: list[tuple[Trajectory, Verdict]] = []
    for run in runs.values():
        task = tasks.get(run.task or "")
        if task is None:
            what = f"task {run.task} of run {run.id} is" if run.task else f"run {run.id} was made for no task, so it is"
            raise RecordError(f"{path}: {what} not among the {len(tasks)} tasks at hand")
        judged.append((run, await judge(task, run, suite.runtime_of(task))))
    return JudgedFile(tuple(judged), lines.torn, len(lines.records) - len(runs))
