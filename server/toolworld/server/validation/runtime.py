"""Checks of level 2: what happens in a session, seen over OpenEnv's protocol and in the log."""

import math
from typing import Any, cast

from toolworld.environments import audit
from toolworld.ground import JsonObject, Schema, encode
from toolworld.server.adapters.openenv.messages import SCHEMAS
from toolworld.server.adapters.openenv.session import OpenEnvSession, tasks_of
from toolworld.server.adapters.openenv.tools import SAY, SUBMIT
from toolworld.server.validation.finding import Finding, failed, named, not_run, passed
from toolworld.server.validation.probe import Probe

TRUTH = ('"evidence"', '"truth"', '"scenario"', '"facts"')
"""What no answer to an agent may hold."""


def startup(probe: Probe) -> Finding:
    """A session is reset."""
    first = cast("dict[str, Any]", probe.frames[0]["observation"])
    roles = [message["role"] for message in first["messages"]]
    return passed(f"a reset opens {first['task']} with the messages {', '.join(roles)}")


def reward_well_formed(probe: Probe) -> Finding:
    """Every step has a finite reward from 0 to 1, and a reset none."""
    rewards = [frame["reward"] for frame in probe.frames[1:]]
    wrong = [one for one in rewards if not isinstance(one, int | float) or not math.isfinite(one) or not 0 <= one <= 1]
    if wrong or probe.frames[0]["reward"] is not None:
        return failed(f"{len(wrong)} of {len(rewards)} rewards are no number from 0 to 1", "give a reward at each step")
    return passed(f"{len(rewards)} rewards from 0 to 1, the last one {rewards[-1]:g}", rewards=len(rewards))


def rubric_introspectable(probe: Probe) -> Finding:
    """The reward comes from named parts."""
    names = sorted({check.name for run in probe.right for check in run.verdict.checks})
    if not names:
        return failed("verdicts have no checks", "judge by checks")
    return passed(f"verdicts have the checks {', '.join(names)}", checks=[*names])


def observation_schema(probe: Probe) -> Finding:
    """Every observation is as the schema says."""
    wrong: list[str] = []
    for number, frame in enumerate(probe.frames):
        schema = cast(JsonObject, SCHEMAS["reset_observation" if number == 0 else "observation"])
        seen = {**cast(JsonObject, frame["observation"]), "reward": frame["reward"], "done": frame["done"]}
        problem = Schema(schema, "an observation").error_in(seen)
        wrong += [f"{number}: {problem}"] if problem else []
    return failed(named(wrong), "change the schema") if wrong else passed(f"{len(probe.frames)} observations fit")


def state_contract(probe: Probe) -> Finding:
    """The state tells the client's own name of the episode, and how many steps were taken."""
    steps = len(probe.frames) - 1
    is_right = probe.state == {"episode_id": "probe", "step_count": steps}
    text = f"after {steps} steps the state is {encode(probe.state).decode()}"
    return passed(text) if is_right else failed(text, "count steps from the reset")


def trajectory_record(probe: Probe) -> Finding:
    """Every run leaves a record of its conversation and its calls."""
    bare = [run.task.id for run in probe.right if not run.trajectory.messages or run.trajectory.stop != "done"]
    calls = sum(len(run.trajectory.log) for run in probe.right)
    if bare:
        return failed(f"without an end, or without a conversation: {named(bare)}", "see `toolworld env check`")
    return passed(f"{len(probe.right)} records with {calls} calls, each with its result and what it changed")


def reward_attribution(probe: Probe) -> Finding:
    """Where the reward is lost, a check with evidence says why."""
    lost = [run for run in probe.mistaken if run.verdict.reward == 0.0]
    silent = [run.task.id for run in lost if not any(c.outcome == "fail" and c.evidence for c in run.verdict.checks)]
    if not lost:
        return not_run("no run with a planted mistake failed")
    if silent:
        return failed(f"failed without evidence: {named(silent)}", "give the check's evidence")
    return passed(f"{len(lost)} failed runs, each with a failed check and its evidence", failed_runs=len(lost))


def tool_declaration_accuracy(probe: Probe) -> Finding:
    """The tools that a session lists are the declared ones, and the two with which the agent speaks."""
    declared = {tool.name for tool in probe.environment.tools_of("agent")}
    found = {str(tool["name"]) for tool in OpenEnvSession(probe.episodes, probe.environment.id).tools()}
    other = sorted((found - {SAY, SUBMIT}) ^ declared)
    if other:
        return failed(f"declared or found only: {named(other)}", "list the tools that are declared")
    return passed(f"{len(declared)} tools as declared, and the two with which the agent speaks")


def task_declaration_accuracy(probe: Probe) -> Finding:
    """As many tasks are listed as the environment has."""
    found = len(tasks_of(probe.episodes, probe.environment.id, None))
    declared = sum(task.environment == probe.environment.id for task in probe.suite.tasks)
    text = f"{found} tasks are listed, of {declared}"
    return passed(text) if found == declared else failed(text, "serve the tasks that are declared")


def seed_control(probe: Probe) -> Finding:
    """One seed gives one run; another one gives other ids where the episode issues any."""
    pairs = [*zip(probe.right, probe.other_seed, strict=True)]
    issuing = [(one, other) for one, other in pairs if any(event.ids for event in one.trajectory.log)]
    same = [one.task.id for one, other in issuing if one.trajectory.final_digest == other.trajectory.final_digest]
    if not issuing:
        return not_run("no run issues an id, so that seeds make no difference")
    if same:
        return failed(f"another seed makes no difference in {named(same)}", "derive ids from the seed: `new_id` does")
    return passed(f"another seed gives another state in each of {len(issuing)} runs that issue ids")


def episode_determinism(probe: Probe) -> Finding:
    """The same run comes out the same again."""
    pairs = zip(probe.right, probe.again, strict=True)
    other = [one.task.id for one, again in pairs if one.content != again.content]
    if other:
        return failed(f"came out differently: {named(other)}", "a behaviour must not depend on anything else")
    return passed(f"{len(probe.right)} runs twice: the same messages, results and states")


def _by_program(probe: Probe, what: str) -> Finding:
    """What holds since a program answers, in a language without input and output."""
    environment = probe.environment
    if environment.behaviour is None or environment.resources:
        return not_run("not all of its tools are answered by a program: what its model or its resources do is theirs")
    errors = [finding.message for finding in audit(environment, types=False) if finding.severity == "error"]
    return failed(named(errors), "see `toolworld env check`") if errors else passed(what)


def network_policy(probe: Probe) -> Finding:
    """Nothing is sent anywhere."""
    return _by_program(probe, "its program is in a language without imports, files and sockets; the check found none")


def host_containment(probe: Probe) -> Finding:
    """Nothing of the host is reached."""
    return _by_program(probe, "programs of others run in processes of their own, with limits and filtered system calls")


def resource_bounds(probe: Probe) -> Finding:
    """Time, memory and results of a call are bounded."""
    return _by_program(probe, "a call's steps, memory, results and changes are bounded; one that goes past them fails")


async def episode_isolation(probe: Probe) -> Finding:
    """What happens in one episode is not seen in another."""
    writing = next((run for run in probe.right if run.trajectory.changes), None)
    if writing is None:
        return not_run("no task changes anything")
    first, second = [await probe.acted(writing.task, ()) for _ in range(2)]
    await probe.acted(writing.task, [event.call for event in writing.trajectory.log])
    seen = len(first.changes) + len(second.changes)
    for episode in (first, second):
        await episode.close()
    text = f"{len(writing.trajectory.changes)} changes in one episode, {seen} in two others that were open beside it"
    return passed(text) if not seen else failed(text, "keep state in the episode only")


def oracle_containment(probe: Probe) -> Finding:
    """The agent gets to see nothing of what a run is held against."""
    shown = encode([*probe.frames]).decode()
    leaked = [word for word in TRUTH if word in shown]
    if leaked:
        return failed(f"an answer holds {', '.join(leaked)}", "do not show it")
    return passed(f"{len(probe.frames)} answers without evidence; an agent's URL opens its tools and the user only")
