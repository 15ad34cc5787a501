"""Tools that the user has: agent and user act on one state, each at an endpoint of their own."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from mcp import Client

from toolworld.datasets import ReferenceCall, Scenario, Task, TaskSuite, derive_truth
from toolworld.environments import Call, Environment, Runtime, RuntimePool
from toolworld.judges import judge
from toolworld.llm import ScriptedAnswer, ScriptedModel, ToolCall
from toolworld.rollout import ModelAgent, ModelUser, PlannedRun, ScriptedAgent, ScriptedUser, connect, play, script_of
from toolworld.server import InProcessHost, open_episodes

Serving = Callable[..., AbstractAsyncContextManager[str]]
RESTART = "Please restart router, and tell me what happens?"
LINE = """
def check_line(line_id):
    line = get("lines", line_id)
    if line == None:
        fail("not_found", "There is no line " + line_id)
    return line

def reset_line(line_id):
    if not get("router")["restarted"]:
        fail("router_first", "The router has to be restarted first.")
    return update("lines", line_id, {"status": "up"})

def restart_router():
    set("router", {"restarted": True, "light": "green"})
    return "The light is green."
"""


def home() -> Environment:
    """A broken line, which the agent resets after the user has restarted the router."""
    line: dict[str, Any] = {"type": "object", "properties": {"line_id": {"type": "string"}}, "required": ["line_id"]}
    tools: list[dict[str, Any]] = [
        {"name": "check_line", "effect": "read", "input_schema": {**line, "additionalProperties": False}},
        {"name": "reset_line", "effect": "write", "input_schema": {**line, "additionalProperties": False}},
        {
            "name": "restart_router",
            "effect": "write",
            "party": "user",
            "input_schema": {"type": "object", "properties": {}, "additionalProperties": False},
        },
    ]
    record = {"type": "object", "properties": {"line_id": {"type": "string"}, "status": {"enum": ["up", "down"]}}}
    return Environment.model_validate(
        {
            "id": "home_internet",
            "domain": "telecom",
            "title": "Home internet",
            "description": "Lines to homes.",
            "policy": "Have the router restarted before you reset a line.",
            "tools": [{"description": f"To {tool['name']}.", **tool} for tool in tools],
            "state_schema": {
                "collections": {"lines": {"key": "line_id", "record": record}},
                "singletons": {"router": {"type": "object"}},
            },
            "initial_state": {
                "collections": {"lines": [{"line_id": "N100", "status": "down"}]},
                "singletons": {"router": {"restarted": False, "light": "red"}},
            },
            "clock": {"start": "2026-03-02T09:00:00Z"},
            "behaviour": LINE,
        }
    )


@pytest.fixture
async def repair() -> tuple[TaskSuite, Task]:
    environment = home()
    suite = TaskSuite(RuntimePool.of([environment]), ())
    calls = [
        Call(name="check_line", arguments={"line_id": "N100"}),
        Call(name="restart_router", arguments={}),
        Call(name="reset_line", arguments={"line_id": "N100"}),
    ]
    reference, truth = await derive_truth(Runtime(environment), calls)
    task = Task(
        id="home_internet/repair",
        environment=environment.id,
        environment_version=environment.version,
        request="My internet at N100 is down. Can you repair it?",
        scenario=Scenario(goal="You want your line N100 up again."),
        calls=tuple(ReferenceCall(call=event.call, result=event.result) for event in reference.events),
        truth=truth,
    )
    return TaskSuite(suite.runtimes, (task,)), task


async def test_scripted_agent_and_user_repair_it_together(repair: tuple[TaskSuite, Task]) -> None:
    suite, task = repair
    async with (
        open_episodes(suite.runtimes) as episodes,
        InProcessHost(episodes).session(PlannedRun(task, 0)) as session,
    ):
        run = await play(PlannedRun(task, 0), ScriptedAgent(script_of(task)), ScriptedUser(task), session)
    assert (run.stop, run.blame) == ("done", None)
    assert [event.call.name for event in run.log] == ["check_line", "restart_router", "reset_line"]
    assert (await judge(task, run, suite.runtime_of(task))).outcome == "pass"
    assert any("The light is green" in (message.content or "") for message in run.messages if message.role == "user")


async def test_without_the_users_part_it_fails(repair: tuple[TaskSuite, Task]) -> None:
    suite, task = repair
    own = task.model_copy(update={"calls": (task.calls[0], task.calls[2])})
    async with (
        open_episodes(suite.runtimes) as episodes,
        InProcessHost(episodes).session(PlannedRun(task, 0)) as session,
    ):
        run = await play(PlannedRun(task, 0), ScriptedAgent(script_of(own)), ScriptedUser(own), session)
    assert (await judge(task, run, suite.runtime_of(task))).outcome == "fail"


async def test_a_model_user_does_what_it_is_asked_to(repair: tuple[TaskSuite, Task]) -> None:
    suite, task = repair

    def calling(name: str) -> ScriptedAnswer:
        return ScriptedAnswer(tool_calls=(ToolCall(id="c", name=name, arguments={"line_id": "N100"}),))

    agent = ScriptedModel((calling("check_line"), RESTART, "Shall I reset it?", calling("reset_line"), "It is up."))
    doing: dict[str, Any] = {
        "say": "",
        "agrees": "none",
        "done": False,
        "do": {"tool": "restart_router", "arguments": {}},
    }
    user = ScriptedModel(
        (
            doing,
            {"say": "The light is green now.", "agrees": "none", "done": False},
            {"say": "Yes.", "agrees": "yes", "done": False},
            {"say": "Thank you.", "agrees": "none", "done": True},
        )
    )
    async with (
        open_episodes(suite.runtimes) as episodes,
        InProcessHost(episodes).session(PlannedRun(task, 0)) as session,
    ):
        run = await play(PlannedRun(task, 0), ModelAgent(agent), ModelUser(user, task), session)
    assert (run.stop, run.blame) == ("done", None) and len(run.log) == 3
    assert (await judge(task, run, suite.runtime_of(task))).outcome == "pass"
    assert "restart_router: To restart_router." in (user.asked[0].messages[0].content or "")
    assert "(You did restart_router {}, and saw: The light is green.)" in (user.asked[1].messages[-1].content or "")
    assert {tool.name for tool in agent.asked[0].tools} == {"check_line", "reset_line"}


async def test_neither_sees_or_calls_the_others_tools(repair: tuple[TaskSuite, Task], serving: Serving) -> None:
    suite, task = repair
    async with open_episodes(suite.runtimes) as episodes, serving(episodes, token="secret") as url:
        headers = {"Authorization": "Bearer secret"}
        async with httpx.AsyncClient(base_url=url, headers=headers) as api:
            opened = (await api.post("/episodes", json={"environment": "home_internet"})).json()
            async with Client(opened["mcp_url"]) as agent:
                assert {tool.name for tool in (await agent.list_tools()).tools} == {"check_line", "reset_line"}
        async with httpx.AsyncClient() as stranger:
            assert (await stranger.post(opened["user_mcp_url"], json={})).status_code == 401
            users_calls = opened["calls_url"].replace("/calls", "/user/calls")
            restart = {"name": "restart_router"}
            refused = await stranger.post(users_calls, json=restart)
            assert refused.status_code == 401 and "bearer token" in refused.json()["error"]
            assert (await stranger.get(users_calls.replace("/calls", "/tools"))).status_code == 401
            mine = (await stranger.post(opened["calls_url"], json=restart)).json()
            assert mine["failure"]["code"] == "unknown_tool" and mine["step"] is None
            made = await stranger.post(users_calls, json=restart, headers=headers)
            assert made.json()["result"] == "The light is green."
        async with connect(url, "secret") as host, host.session(PlannedRun(task, 0)) as session:
            assert session.user is not None
            assert [tool.name for tool in await session.user.listed()] == ["restart_router"]
            run = await play(PlannedRun(task, 0), ScriptedAgent(script_of(task)), ScriptedUser(task), session)
    assert (await judge(task, run, suite.runtime_of(task))).outcome == "pass"


def test_an_environment_without_such_tools_keeps_its_version() -> None:
    environment = home()
    agents, users = ({tool.name for tool in environment.tools_of(party)} for party in ("agent", "user"))
    assert agents | users == {tool.name for tool in environment.tools} and agents and users and not agents & users
