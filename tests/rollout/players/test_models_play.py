"""Models in the agent's and the user's place: scripted ones, so that every turn is known."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.oracle import Oracle, with_oracle

from toolworld.datasets import Task, TaskSuite, Trajectory, load_suite
from toolworld.environments import SimulationPlan
from toolworld.ground import ModelError, read_lines
from toolworld.judges import judge
from toolworld.llm import (
    Budget,
    Completion,
    Model,
    ScriptedAnswer,
    ScriptedModel,
    ToolCall,
    Usage,
    open_models,
)
from toolworld.rollout import (
    Limits,
    ModelAgent,
    ModelUser,
    PlannedRun,
    PlayerModels,
    choose_scripts,
    play,
    play_and_judge,
)
from toolworld.server import InProcessHost, open_episodes


def calls(*wishes: tuple[str, dict[str, Any]], ids: str = "c") -> ScriptedAnswer:
    made = tuple(ToolCall(id=f"{ids}{n}", name=name, arguments=given) for n, (name, given) in enumerate(wishes))
    return ScriptedAnswer(tool_calls=made)


FIND = ("find_patron", {"name": "Amira Okafor", "postcode": "RV3 2LN"})
RENEW = ("renew_loan", {"loan_id": "L5101"})
TELL: dict[str, Any] = {"say": "It is Amira Okafor, RV3 2LN.", "agrees": "none", "done": False}
AGENT: tuple[Any, ...] = (
    "What are your name and your postcode?",
    calls(FIND, ("list_loans", {"patron_id": "B2040"})),
    "I would renew Middlemarch. Shall I go ahead?",
    calls(RENEW),
    "It is renewed until 23 March.",
)
USER: tuple[Any, ...] = (
    TELL,
    {"say": "Yes, please.", "agrees": "yes", "done": False},
    {"say": "Thank you, goodbye.", "agrees": "none", "done": True},
)


@pytest.fixture
async def renewal() -> tuple[TaskSuite, Task]:
    suite = await load_suite(["library"])
    return suite, next(task for task in suite.tasks if task.id == "library/renew_one")


async def played(suite: TaskSuite, task: Task, agent: Model, user: Model, limits: Limits | None = None) -> Trajectory:
    planned = PlannedRun(task, 7)
    async with open_episodes(suite.runtimes) as episodes, InProcessHost(episodes).session(planned) as session:
        return await play(planned, ModelAgent(agent, 7), ModelUser(user, task, 7), session, limits)


async def test_a_model_agent_and_a_model_user_do_a_task(renewal: tuple[TaskSuite, Task]) -> None:
    suite, task = renewal
    agent, user = ScriptedModel(AGENT), ScriptedModel(USER)
    run = await played(suite, task, agent, user)
    assert (run.stop, run.blame) == ("done", None)
    assert (await judge(task, run, suite.runtime_of(task))).outcome == "pass"
    assert [event.call.name for event in run.log] == ["find_patron", "list_loans", "renew_loan"]
    assert [(use.role, use.model, use.seed, use.usage.completions) for use in run.models] == [
        ("agent", "scripted", 7, 5),
        ("user", "scripted", 7, 3),
    ]
    assert run.usage.completions == 8


async def test_the_agent_sees_policy_and_tools_and_the_user_its_script(renewal: tuple[TaskSuite, Task]) -> None:
    suite, task = renewal
    agent, user = ScriptedModel(AGENT), ScriptedModel(USER)
    await played(suite, task, agent, user)
    asked = agent.asked[0]
    assert suite.environments[0].policy in (asked.messages[0].content or "")
    assert {tool.name for tool in asked.tools} >= {"find_patron", "renew_loan"}
    assert asked.messages[1].content == task.request
    assert [request.seed for request in agent.asked] == [7, 8, 9, 10, 11]
    told = user.asked[0].messages
    assert "your postcode: RV3 2LN" in (told[0].content or "") and "renew_loan" not in str(told)
    assert [message.role for message in told[1:]] == ["assistant", "user"]


async def test_call_ids_that_come_again_are_told_apart(renewal: tuple[TaskSuite, Task]) -> None:
    suite, task = renewal
    run = await played(suite, task, ScriptedModel(AGENT), ScriptedModel(USER))
    ids = [call.id for message in run.messages for call in message.tool_calls]
    assert len(set(ids)) == len(ids) == 3
    assert [message.tool_call_id for message in run.messages if message.role == "tool"] == ids


async def test_an_empty_turn_is_mended_and_then_the_agents_fault(renewal: tuple[TaskSuite, Task]) -> None:
    suite, task = renewal
    mended = await played(suite, task, ScriptedModel(("", *AGENT)), ScriptedModel(USER))
    assert mended.stop == "done" and mended.models[0].usage.completions == 6
    broken = await played(suite, task, ScriptedModel(lambda _: ""), ScriptedModel(USER))
    assert broken.blame is not None and broken.blame.party == "agent" and "it is empty" in broken.blame.message
    assert (await judge(task, broken, suite.runtime_of(task))).outcome == "fail"


async def test_a_tool_that_is_not_there_is_told_to_the_agent(renewal: tuple[TaskSuite, Task]) -> None:
    suite, task = renewal
    agent = ScriptedModel((calls(("open_sesame", {}), ids="x"), *AGENT))
    run = await played(suite, task, agent, ScriptedModel(USER))
    assert run.stop == "done" and "no tool 'open_sesame'" in str(run.messages[2].content)


async def test_a_user_that_invents_is_sent_back_and_then_at_fault(renewal: tuple[TaskSuite, Task]) -> None:
    suite, task = renewal
    strange: Any = {"say": "My card is B9999.", "agrees": "none", "done": False}
    user = ScriptedModel((strange, *USER))
    assert (await played(suite, task, ScriptedModel(AGENT), user)).stop == "done"
    assert "'B9999' is not in your script" in (user.asked[1].messages[-1].content or "")
    broken = await played(suite, task, ScriptedModel(AGENT), ScriptedModel(lambda _: strange))
    assert broken.blame is not None and broken.blame.party == "user"
    assert (await judge(task, broken, suite.runtime_of(task))).outcome == "void"


async def test_a_user_may_not_leave_while_it_is_asked(renewal: tuple[TaskSuite, Task]) -> None:
    suite, task = renewal
    early: Any = {"say": "Bye.", "agrees": "none", "done": True}
    user = ScriptedModel((early, *USER))
    assert (await played(suite, task, ScriptedModel(AGENT), user)).stop == "done"
    assert "you are not done" in (user.asked[1].messages[-1].content or "")


@pytest.mark.parametrize("who", ["agent", "user"])
async def test_a_model_that_cannot_be_reached_is_the_hosts_fault(renewal: tuple[TaskSuite, Task], who: str) -> None:
    suite, task = renewal
    dead = ScriptedModel([ModelError("m at http://h does not answer")])
    agent = dead if who == "agent" else ScriptedModel(AGENT)
    run = await played(suite, task, agent, dead if who == "user" else ScriptedModel(USER))
    assert run.blame is not None and (run.blame.party, run.stop) == ("host", "failed")
    assert (await judge(task, run, suite.runtime_of(task))).outcome == "void"


async def test_a_call_that_nobody_can_simulate_ends_the_run_and_blames_the_simulator() -> None:
    simulation = SimulationPlan(kind="model", model=ScriptedModel(lambda _: "no"))
    suite = await load_suite(["library"], simulation=simulation)
    task = suite.tasks[0]
    run = await played(suite, task, ScriptedModel(AGENT), ScriptedModel(USER))
    assert run.blame is not None and run.blame.party == "simulator" and len(run.log) == 1
    assert [(use.role, use.usage.completions) for use in run.models] == [("agent", 2), ("user", 1), ("simulator", 3)]
    verdict = await judge(task, run, suite.runtime_of(task))
    assert verdict.outcome == "void" and verdict.blame is not None and verdict.blame.party == "simulator"


async def test_the_agents_tokens_are_limited(renewal: tuple[TaskSuite, Task]) -> None:
    suite, task = renewal
    run = await played(suite, task, ScriptedModel(AGENT), ScriptedModel(USER), Limits(tokens=1))
    assert run.stop == "token_limit"


class Counted(ScriptedModel):
    """Plays a task, turn by turn, and counts what is paid for."""

    def __init__(self, task: Task, paid: list[str]) -> None:
        super().__init__([])
        self._task = task
        self._paid = paid

    async def complete(self, request: Any) -> Completion:
        turn = sum(message.role == "assistant" for message in request.messages)
        self._paid.append(f"{self._task.id}/{turn}")
        said = f"Turn {turn}?" if turn < 3 else "Done."
        return Completion(text=said, model=self.name, usage=Usage(completions=1))


async def test_a_budget_stops_a_batch_and_going_on_pays_for_nothing_twice(tmp_path: Path) -> None:
    suite = await load_suite(["library"])
    paid: list[str] = []

    @asynccontextmanager
    async def batch(budget: Budget | None) -> AsyncGenerator[Any]:
        async with open_models({}, cache=tmp_path / "c.sqlite", budget=budget) as models:
            agent = models.metered(Counted(suite.tasks[0], paid), "agent")
            async with open_episodes(suite.runtimes) as episodes:
                scripts = await choose_scripts(suite)
                limits = Limits(turns=4, budget=budget)
                yield await play_and_judge(
                    suite,
                    scripts,
                    InProcessHost(episodes),
                    tmp_path,
                    models=PlayerModels(agent),
                    limits=limits,
                    concurrency=3,
                )

    async with batch(Budget(20, "completions")) as first:
        assert len(paid) == 20 and first.stopped > 0
        assert sum(first.counts[name] for name in ("passed", "failed", "void")) == first.counts["asked"] == 21
    stops = [run.stop for run in read_lines(tmp_path / "trajectories.jsonl", Trajectory).records]
    assert len(stops) == 21 and stops.count("budget") == first.stopped
    async with batch(None) as second:
        assert second.stopped == 0 and second.jobs.resumed == 21 - first.stopped
    runs = read_lines(tmp_path / "trajectories.jsonl", Trajectory).records
    assert len(paid) == sum(len(run.messages) > 0 and run.usage.completions for run in runs)


async def test_an_llm_simulated_run_of_the_right_calls_passes_like_any_other() -> None:
    suite = await load_suite(["library"])
    environment = suite.environments[0]
    runtime = with_oracle(environment, Oracle(environment))
    suite.runtimes._ready["library"] = runtime  # pyright: ignore[reportPrivateUsage]
    task = next(task for task in suite.tasks if task.id == "library/renew_one")
    run = await played(suite, task, ScriptedModel(AGENT), ScriptedModel(USER))
    assert (await judge(task, run, runtime)).outcome == "pass"
    assert {event.simulator for event in run.log} == {"model"}
