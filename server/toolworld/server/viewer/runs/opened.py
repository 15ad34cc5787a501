"""A run that is opened: all that its page is made of."""

from dataclasses import dataclass

from toolworld.datasets import Task, Trajectory, Verdict
from toolworld.environments import Environment, Runtime
from toolworld.server.viewer.runs.row import RunRow


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run with its verdict, its task and its environment, as far as they are at hand."""

    row: RunRow
    trajectory: Trajectory
    is_heard: bool
    """Whether the trajectory is at hand; else it is an empty one in its place."""
    verdict: Verdict | None
    task: Task | None
    runtime: Runtime | None
    """Its environment in the version that it was played in."""
    problem: str = ""
    """Why its verdict cannot be read, where there is one."""

    @property
    def environment(self) -> Environment | None:
        """Its environment."""
        return self.runtime.environment if self.runtime else None


def unheard(row: RunRow) -> Trajectory:
    """Stands for a trajectory that is not at hand."""
    return Trajectory(
        id=row.run,
        task=row.task or None,
        environment=row.environment,
        environment_version=row.version,
        seed=row.seed,
        trial=row.trial,
        agent=row.agent,
        user=row.user,
        initial_digest="",
        final_digest="",
        stop="done",
    )
