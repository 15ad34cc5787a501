"""A run that is to be played: a task, a seed and a trial."""

import re
from dataclasses import dataclass

from toolworld.datasets import Task, run_name
from toolworld.ground import digest

TRIAL_STRIDE = 1_000_003
"""How far apart the players' seeds of two trials are; a prime, so that the seeds of their turns do not meet."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of a task."""

    task: Task
    seed: int
    """The seed of the episode: decides generated ids and injected faults."""
    trial: int = 0
    """Which repetition it is, from 0."""

    @property
    def name(self) -> str:
        """The same for the same run on any machine: `library/renew_one#7`, and `library/renew_one#7.2` for trial 2."""
        return run_name(self.task.id, self.seed, self.trial)

    @property
    def players_seed(self) -> int:
        """The seed of the models that play agent and user: another one for each trial."""
        return self.seed + TRIAL_STRIDE * self.trial

    def episode_id(self, attempt: int = 0) -> str:
        """An episode's id that follows from the run alone, so that equal runs give equal records.

        Args:
            attempt: Counts up where a store holds an earlier episode of the same run.
        """
        readable = re.sub(r"[^A-Za-z0-9_~.-]+", ".", self.task.id)[:80]
        content = [self.task.id, self.task.environment_version, self.seed, self.trial, attempt]
        return f"{readable}-{self.seed}-{self.trial}-{digest(content)[:12]}"


def planned(tasks: list[Task], seed: int | None = None, trials: int = 1) -> list[PlannedRun]:
    """The runs of tasks, trial by trial for each task.

    Args:
        tasks: The tasks, in order.
        seed: The seed of all episodes; by default each task's own, in which its truth was derived.
        trials: How often each task is played.
    """
    return [PlannedRun(task, task.seed if seed is None else seed, trial) for task in tasks for trial in range(trials)]
