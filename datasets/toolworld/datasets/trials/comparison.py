"""The comparison of two sets of runs of the same tasks, task by task."""

from collections.abc import Iterable
from math import comb
from pathlib import Path

from toolworld.datasets.trajectory import latest_runs
from toolworld.datasets.trials.interval import Estimate, mean_with_interval
from toolworld.datasets.verdict import Verdict
from toolworld.ground import Record, RecordError, read_lines


class TaskDifference(Record):
    """A task whose mean reward differs."""

    task: str
    first: float
    second: float


class Comparison(Record):
    """Two sets of runs, over the tasks that both have judged."""

    first: Estimate
    """Mean reward over tasks of the first set."""
    second: Estimate
    difference: Estimate
    """Second less first, paired by task: the interval is of the mean difference."""
    better: int
    """Tasks with a higher mean reward in the second set."""
    worse: int
    same: int
    p_value: float
    """Two-sided sign test over the tasks that differ: how likely so uneven a split is if neither set is better."""
    only_first: int
    """Tasks that only the first set has judged; they do not count."""
    only_second: int
    void: tuple[int, int]
    """Void runs of each set; they do not count."""
    differences: tuple[TaskDifference, ...]
    """The tasks that differ, the largest loss first."""


def read_verdicts(path: Path) -> tuple[Verdict, ...]:
    """Read a `verdicts.jsonl`, or the one in a folder; a run that stands in it twice counts with its last line.

    Raises:
        RecordError: the file cannot be read, or holds no verdicts.
    """
    file = path / "verdicts.jsonl" if path.is_dir() else path
    verdicts = latest_runs(read_lines(file, Verdict).records)
    if not verdicts:
        raise RecordError(f"{file} holds no verdicts")
    return verdicts


def compare(first: Iterable[Verdict], second: Iterable[Verdict]) -> Comparison:
    """Compare two sets of verdicts.

    Raises:
        RecordError: they have no judged task in common.
    """
    (one, one_void), (other, other_void) = _mean_rewards(first), _mean_rewards(second)
    shared = [task for task in one if task in other]
    estimates = [
        mean_with_interval([of[task] for task in shared])
        for of in (one, other, {task: other[task] - one[task] for task in shared})
    ]
    before, after, difference = estimates
    if before is None or after is None or difference is None:
        raise RecordError("the two sets of runs have no judged task in common")
    gains = {task: other[task] - one[task] for task in shared if other[task] != one[task]}
    better, worse = sum(gain > 0 for gain in gains.values()), sum(gain < 0 for gain in gains.values())
    return Comparison(
        first=before,
        second=after,
        difference=difference,
        better=better,
        worse=worse,
        same=len(shared) - len(gains),
        p_value=sign_test(better, worse),
        only_first=len(one) - len(shared),
        only_second=len(other) - len(shared),
        void=(one_void, other_void),
        differences=tuple(
            TaskDifference(task=task, first=one[task], second=other[task])
            for task in sorted(gains, key=gains.__getitem__)
        ),
    )


def _mean_rewards(verdicts: Iterable[Verdict]) -> tuple[dict[str, float], int]:
    """The mean reward by task, and the number of runs without one: void, or unclear."""
    rewards: dict[str, list[float]] = {}
    void = 0
    for verdict in verdicts:
        if verdict.reward is None:
            void += 1
        else:
            rewards.setdefault(verdict.task, []).append(verdict.reward)
    return {task: sum(values) / len(values) for task, values in rewards.items()}, void


def sign_test(better: int, worse: int) -> float:
    """The two-sided sign test: how likely so uneven a split is if neither side is better. McNemar's exact test."""
    total = better + worse
    tail = sum(comb(total, count) for count in range(min(better, worse) + 1)) / 2**total
    return min(1.0, 2 * tail)
