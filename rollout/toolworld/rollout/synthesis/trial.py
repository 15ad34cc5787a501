"""The trial of a task: played right by scripted players, and judged as any run."""

from dataclasses import replace
from typing import NamedTuple

from toolworld.datasets import Task, Trajectory, Verdict
from toolworld.environments import Runtime
from toolworld.ground import digest
from toolworld.judges import judge
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.planned_run import PlannedRun
from toolworld.rollout.play.play import play
from toolworld.rollout.players.script import Script, script_of
from toolworld.rollout.players.scripted_agent import ScriptedAgent
from toolworld.rollout.players.scripted_user import ScriptedUser


class Trial(NamedTuple):
    """A task that was played."""

    task: Task
    trajectory: Trajectory
    """Its id is the name of the run, so that equal trials are equal records."""
    verdict: Verdict

    @property
    def broken_by(self) -> str | None:
        """Why the run does not pass, or None."""
        if self.verdict.passed:
            return None
        broken = [one for one in self.verdict.checks if one.outcome not in ("pass", "skipped")]
        said = [f"{one.name}: {evidence.text}" for one in broken for evidence in one.evidence]
        return said[0] if said else f"its right run ends as {self.verdict.outcome}"


async def try_out(task: Task, runtime: Runtime, host: Host, script: Script | None = None) -> Trial:
    """Play a task and judge the run.

    Args:
        task: The task.
        runtime: Its environment.
        host: Has the environment.
        script: What the agent does; by default what is right.
    """
    run = PlannedRun(task, task.seed)
    async with host.session(run) as session:
        said = script or script_of(task)
        said = said if said.manner is not None else replace(said, manner=manner_of(task))
        played = await play(run, ScriptedAgent(said), ScriptedUser(task), session)
    trajectory = played.model_copy(update={"id": run.name})
    return Trial(task, trajectory, await judge(task, trajectory, runtime))


def manner_of(task: Task) -> int:
    """How the agent speaks in the trial of a task: each task has its own manner."""
    return int(digest([task.id])[:8], 16)


async def failed_run(task: Task, runtime: Runtime, host: Host) -> str | None:
    """Why the right run of a task does not pass, or None.

    Args:
        task: The task.
        runtime: Its environment.
        host: Has the environment.
    """
    return (await try_out(task, runtime, host)).broken_by
