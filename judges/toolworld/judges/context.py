"""What every check is given, and what a check is."""

from dataclasses import dataclass
from typing import Protocol

from toolworld.datasets import CheckResult, Task, Trajectory
from toolworld.environments import Environment, Runtime


@dataclass(frozen=True, slots=True)
class JudgeContext:
    """A run to be judged: the task, the trajectory, and the environment in which both were made."""

    task: Task
    trajectory: Trajectory
    runtime: Runtime

    @property
    def environment(self) -> Environment:
        """The environment's specification."""
        return self.runtime.environment


class Check(Protocol):
    """Looks at one component of a run: an async function of a `JudgeContext`.

    A check sees only what it is given, changes nothing, and never guesses: what it cannot look at is `skipped`.
    """

    async def __call__(self, context: JudgeContext, /) -> CheckResult:
        """Check the run."""
        ...
