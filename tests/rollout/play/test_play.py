"""The play of an episode ends well, whatever happens in it, and says who failed."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from math import nan
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import Tool
from tests.support.counters import open_trusted
from tests.support.mcp_tools import call_tool, list_tools

from toolworld.datasets import Blame, EpisodeRecord, Scenario, Task, TaskDraft, TaskSuite, complete_draft, fact_of
from toolworld.datasets.truth.draft import DraftCall
from toolworld.environments import Runtime
from toolworld.llm import Message, ToolCall
from toolworld.rollout import (
    Limits,
    PlannedRun,
    Reply,
    ScriptedAgent,
    ScriptedUser,
    Session,
    ToolResult,
    connect,
    play,
    script_of,
)
from toolworld.server import InProcessHost, build_mcp_server, connection_to, open_episodes


@pytest.fixture
async def task(counters: Runtime) -> Task:
    scenario = Scenario(goal="g", facts={"name": "a"}, known="It is the first one.")
    calls = (
        DraftCall(name="show_count", arguments={"name": "a"}),
        DraftCall(name="add", arguments={"name": "a", "amount": 41}),
    )
    draft = TaskDraft(id="t", request="Count, please.", scenario=scenario, calls=calls, facts=(fact_of("42"),))
    return await complete_draft(draft, counters)


@pytest.fixture
def opened(counters: Runtime) -> Callable[..., Any]:
    @asynccontextmanager
    async def session(task: Task) -> AsyncGenerator[Session]:
        async with (
            open_trusted([counters.environment]) as episodes,
            InProcessHost(episodes).session(PlannedRun(task, 0)) as inner,
        ):
            yield inner

    return session


class Sayings:
    """An agent that says what it is told to say."""

    name = "sayings"
    model_use = None

    def __init__(self, *messages: Message) -> None:
        self._left = list(messages)

    async def begin(self, policy: str, tools: Sequence[Tool]) -> None:
        assert policy == "Be exact."
        assert len(tools) == 5

    async def act(self, conversation: Sequence[Message]) -> Message:
        return self._left.pop(0) if self._left else Message(role="assistant", content="Well?")


def wish(tool: str, **arguments: Any) -> ToolCall:
    return ToolCall(id=tool, name=tool, arguments=arguments)


async def test_the_scripted_players_do_a_task_from_greeting_to_thanks(task: Task, opened: Any) -> None:
    async with opened(task) as session:
        run = await play(PlannedRun(task, 0), ScriptedAgent(script_of(task)), ScriptedUser(task), session)
    assert [(message.role, message.content) for message in run.messages if message.role in ("user", "assistant")] == [
        ("user", "Count, please."),
        ("assistant", None),
        ("assistant", "I am about to add: name a, amount 41. Shall I go ahead (yes or no)?"),
        ("user", "Yes, please go ahead."),
        ("assistant", None),
        ("assistant", "Everything is done. For your information:\n- 42"),
        ("user", "Thank you, that is all."),
    ]
    assert (run.stop, run.blame) == ("done", None)
    assert [event.call.name for event in run.log] == ["show_count", "add"]
    assert run.final_digest == task.truth.digest
    assert run.changes == task.truth.changes


async def test_a_missing_value_is_asked_for_and_told(counters: Runtime, opened: Any) -> None:
    scenario = Scenario(goal="g", facts={"title": "Quartz"}, known="I like minerals.")
    draft = TaskDraft(
        id="t",
        request="Rename it.",
        scenario=scenario,
        calls=(DraftCall(name="rename_shop", arguments={"title": "Quartz"}),),
    )
    task = await complete_draft(draft, counters)
    async with opened(task) as session:
        run = await play(PlannedRun(task, 0), ScriptedAgent(script_of(task)), ScriptedUser(task), session)
    assert [message.content for message in run.messages[:3]] == [
        "Rename it.",
        "Could you please tell me the title?",
        "The title is Quartz.",
    ]


async def test_several_calls_in_one_message_and_unknown_tools_are_answered(task: Task, opened: Any) -> None:
    agent = Sayings(Message(role="assistant", tool_calls=(wish("show_count", name="a"), wish("fly"), wish("add"))))
    async with opened(task) as session:
        run = await play(PlannedRun(task, 0), agent, ScriptedUser(task), session, limits=Limits(turns=2))
    answers = {message.tool_call_id: message.content or "" for message in run.messages if message.role == "tool"}
    assert answers["show_count"].startswith('{"name":"a","count":1')
    assert "has no tool 'fly'" in answers["fly"]
    assert answers["add"].startswith("Error: invalid arguments for add")
    assert [event.call.name for event in run.log] == ["show_count", "add"]


@pytest.mark.parametrize(
    ("limits", "stop"), [(Limits(turns=3), "turn_limit"), (Limits(turns=100, calls=5), "call_limit")]
)
async def test_a_play_that_does_not_end_is_ended(task: Task, opened: Any, limits: Limits, stop: str) -> None:
    looking = Message(role="assistant", tool_calls=(wish("show_count", name="a"),))
    async with opened(task) as session:
        run = await play(PlannedRun(task, 0), Sayings(*[looking] * 100), ScriptedUser(task), session, limits=limits)
    assert (run.stop, run.blame) == (stop, None)


class Broken(Sayings):
    async def act(self, conversation: Sequence[Message]) -> Message:
        raise RuntimeError("no tokens left")


class Slow(Sayings):
    async def act(self, conversation: Sequence[Message]) -> Message:
        await anyio.sleep_forever()
        raise AssertionError


class BrokenUser(ScriptedUser):
    async def reply(self, conversation: Sequence[Message]) -> Reply:
        raise ValueError("lost the thread")


class BrokenSession:
    """A host whose connection breaks when a tool is called."""

    user = None

    def __init__(self, session: Session) -> None:
        self._session = session
        self.policy = session.policy
        self.agent = self

    async def listed(self) -> Sequence[Tool]:
        return await self._session.agent.listed()

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        raise ConnectionError("reset by peer")

    async def record(self, messages: Sequence[Message] = ()) -> EpisodeRecord:
        return await self._session.record(messages)


async def test_who_breaks_is_named(task: Task, opened: Any) -> None:
    limits = Limits(seconds=0.2)
    right = ScriptedAgent(script_of(task))
    async with opened(task) as session:
        runs = {
            "agent": await play(PlannedRun(task, 0), Broken(), ScriptedUser(task), session),
            "agent late": await play(PlannedRun(task, 0), Slow(), ScriptedUser(task), session, limits=limits),
            "user": await play(PlannedRun(task, 0), Sayings(), BrokenUser(task), session),
            "host": await play(PlannedRun(task, 0), right, ScriptedUser(task), BrokenSession(session)),
        }
    assert {name: run.stop for name, run in runs.items()} == dict.fromkeys(runs, "failed")
    faults = {name: run.blame for name, run in runs.items()}
    assert all(faults.values())
    assert {name: fault.party for name, fault in faults.items() if fault} == {
        "agent": "agent",
        "agent late": "agent",
        "user": "user",
        "host": "host",
    }
    assert faults["agent"] == Blame(party="agent", message="RuntimeError: no tokens left")


async def test_cancellation_passes_through(task: Task, opened: Any) -> None:
    async with opened(task) as session:
        with anyio.move_on_after(0.1) as scope:
            await play(PlannedRun(task, 0), Slow(), ScriptedUser(task), session)
    assert scope.cancelled_caught


async def test_tools_and_results_are_those_of_the_mcp_server(library_suite: TaskSuite, serving: Any) -> None:
    """Neither in process nor by URL the protocol is in between, and nobody may notice."""
    [task, *_] = library_suite.tasks
    async with AsyncExitStack() as stack:
        episodes = await stack.enter_async_context(open_episodes(library_suite.runtimes, library_suite.tasks))
        remote = await stack.enter_async_context(connect(await stack.enter_async_context(serving(episodes)), None))
        sessions = [
            await stack.enter_async_context(host.session(PlannedRun(task, 0)))
            for host in (InProcessHost(episodes), remote)
        ]
        episode = await episodes.open(task.environment, seed=task.seed)
        client = await stack.enter_async_context(Client(build_mcp_server("1", connection_to(episode))))
        assert {session.policy for session in sessions} == {client.instructions}
        tools = list(await list_tools(client))
        assert [list(await session.agent.listed()) for session in sessions] == [tools, tools]
        unwritable = ("\ud800", nan)
        for name, arguments in (
            ("get_patron", {"patron_id": "B2040"}),
            ("get_patron", {"patron_id": 5}),
            ("get_patron", {"patron_id": "nobody"}),
            ("get_patron", {"patron_id": "\ud800"}),
            ("renew_loan", {"loan_id": "L5101"}),
            ("get_patron", {"patron_id": nan}),
            ("get_patron", {"patron_id": "B2040"}),
        ):
            answers = [await session.agent.call(name, arguments) for session in sessions]
            assert answers[0] == answers[1]
            if arguments.get("patron_id") not in unwritable:
                assert answers[0]._replace(step=None) == await call_tool(client, name, arguments)
        for session in sessions:
            answer = await session.agent.call("fly", {})
            assert "has no tool 'fly'" in answer.text and not answer.is_void
