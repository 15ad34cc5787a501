"""A fault that is planted in one party is blamed on that party, voids the run, and is never the agent's."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from toolworld.datasets import BlamedParty, CheckResult, Task, Trajectory, Verdict, load_suite
from toolworld.environments import Runtime, RuntimePool, SimulationPlan
from toolworld.judges import (
    CHECKS,
    JudgeContext,
    RubricJudge,
    evaluation_report,
    judge,
    load_rubric,
    of_trajectory,
)
from toolworld.llm import Message, ScriptedModel
from toolworld.rollout import PlannedRun, Reply, ScriptedAgent, ScriptedUser, Session, play, script_of
from toolworld.server import InProcessHost, open_episodes

PARTIES: tuple[BlamedParty, ...] = ("user", "simulator", "judge", "host")


class LeavingUser(ScriptedUser):
    """Goes away as soon as it is asked something."""

    async def reply(self, conversation: Sequence[Message]) -> Reply:
        said = await super().reply(conversation)
        return Reply("I have to go.", done=True, agrees="none") if not said.tool_calls else said


class BrokenTools:
    """The agent's tools at a host that is gone after the first call."""

    def __init__(self, tools: Any) -> None:
        self._tools, self._calls = tools, 0

    async def listed(self) -> Any:
        return await self._tools.listed()

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        self._calls += 1
        if self._calls > 1:
            raise ConnectionResetError("connection reset by peer")
        return await self._tools.call(name, arguments)


class BrokenSession:
    """A session whose host breaks off."""

    def __init__(self, session: Session) -> None:
        self.policy, self.user = session.policy, session.user
        self.agent = BrokenTools(session.agent)
        self.record = session.record


async def broken_check(_: JudgeContext) -> CheckResult:
    raise ZeroDivisionError("a check of one's own")


async def run_with(fault: BlamedParty | None) -> tuple[Task, Trajectory, Verdict, Runtime]:
    """The right run of a task with a fault in one party, and its verdict."""
    suite = (await load_suite(["library"])).only(["renew_one"])
    [task] = suite.tasks
    [environment] = suite.environments[:1]
    if fault == "simulator":
        behaviour = (environment.behaviour or "").replace("def list_loans(", "def list_loans_no_more(")
        environment = environment.replaced(behaviour=behaviour)
        task = task.model_copy(update={"environment_version": environment.version})
    runtimes = RuntimePool.of([environment], SimulationPlan(trusted=True))
    runtime = runtimes[environment.id]
    async with open_episodes(runtimes, [task]) as episodes:
        async with InProcessHost(episodes).session(PlannedRun(task, task.seed)) as session:
            user = LeavingUser(task) if fault == "user" else ScriptedUser(task)
            at = cast(Session, BrokenSession(session)) if fault == "host" else session
            trajectory = await play(PlannedRun(task, task.seed), ScriptedAgent(script_of(task)), user, at)
    checks = {**CHECKS, "own": broken_check} if fault == "judge" else None
    return task, trajectory, await judge(task, trajectory, runtime, checks=checks), runtime


async def test_without_a_fault_the_run_passes() -> None:
    _, _, verdict, _ = await run_with(None)
    assert (verdict.outcome, verdict.blame) == ("pass", None)


@pytest.mark.parametrize("party", PARTIES)
async def test_a_planted_fault_is_blamed_on_its_party_and_voids_the_run(party: BlamedParty) -> None:
    task, trajectory, verdict, runtime = await run_with(party)
    assert verdict.outcome == "void" and verdict.reward is None
    assert verdict.blame is not None and verdict.blame.party == party, verdict.blame
    model = ScriptedModel([])
    shown = of_trajectory(task, trajectory, runtime.environment, verdict)
    judgement = await RubricJudge([model], load_rubric("conversation")).judge(shown)
    assert judgement.blame == party and judgement.passed is None and not model.asked
    report = evaluation_report([judgement], load_rubric("conversation"))
    assert report.by_blame == {party: 1} and report.failed == report.passed == 0
