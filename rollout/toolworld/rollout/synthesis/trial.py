"""The trial of a task: played right by scripted players, and judged as any run."""

from toolworld.datasets import Task
from toolworld.environments import Runtime
from toolworld.judges import judge
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.planned_run import PlannedRun
from toolworld.rollout.play.play import play
from toolworld.rollout.players.script import script_of
from toolworld.rollout.players.scripted_agent import ScriptedAgent
from toolworld.rollout.players.scripted_user import ScriptedUser


async def failed_run(task: Task, runtime: Runtime, host: Host) -> str | None:
    """Why the right run of a task does not pass, or None.

    Args:
        task: The task.
        runtime: Its environment.
        host: Has the environment.
    """
    run = PlannedRun(task, task.seed)
    async with host.session(run) as session:
        trajectory = await play(run, ScriptedAgent(script_of(task)), ScriptedUser(task), session)
    verdict = await judge(task, trajectory, runtime)
    if verdict.passed:
        return None
    broken = [one for one in verdict.checks if one.outcome not in ("pass", "skipped")]
    said = [f"{one.name}: {evidence.text}" for one in broken for evidence in one.evidence]
    return said[0] if said else f"its right run ends as {verdict.outcome}"
