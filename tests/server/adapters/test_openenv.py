"""The OpenEnv adapter over a real socket; OpenEnv's own clients and validators use it in tests/foreign."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import websockets
from tests.conftest import Serving
from tests.support.library_runs import RENEW_ONE, RETURN_AND_COLLECT, RUNS, Calls, Run, Says
from tests.support.unanswering import ADDRESS, unanswering_library

from toolworld.datasets import TaskSuite
from toolworld.server import Episodes, open_episodes
from toolworld.server.adapters.openenv.sessions import Sessions, TooManySessionsError


class Client:
    """A socket, and HTTP beside it."""

    def __init__(self, url: str, socket: websockets.ClientConnection, http: httpx.AsyncClient) -> None:
        self.url, self.socket, self.http = url, socket, http

    async def ask(self, kind: str, **data: Any) -> dict[str, Any]:
        await self.socket.send(json.dumps({"type": kind, "data": data}))
        return json.loads(await self.socket.recv())

    async def step(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return (await self.ask("step", type="call_tool", tool_name=tool, arguments=arguments))["data"]

    async def rpc(self, method: str, **params: Any) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return (await self.http.post("/mcp", json=body)).json()

    async def play(self, run: Run) -> dict[str, Any]:
        """Play a run, and return the last answer."""
        assert (await self.ask("reset", task=run.task))["data"]["reward"] is None
        answer: dict[str, Any] = {}
        for turn in run.turns:
            if isinstance(turn, Says):
                answer = await self.step("say_to_user", message=turn.text)
            else:
                answer = await self.step(turn.name, **turn.arguments)
        return answer


def ws(url: str, query: str = "") -> str:
    return f"{url.replace('http', 'ws', 1)}/environments/library/openenv/ws{query}"


@asynccontextmanager
async def connected(suite: TaskSuite, serving: Serving, query: str = "") -> AsyncGenerator[tuple[Client, Episodes]]:
    async with open_episodes(suite.runtimes, suite.tasks) as episodes, serving(episodes) as url:
        base = f"{url}/environments/library/openenv"
        async with websockets.connect(ws(url, query)) as socket, httpx.AsyncClient(base_url=base) as http:
            yield Client(url, socket, http), episodes


@pytest.mark.parametrize("run", RUNS)
async def test_a_run_with_a_user_ends_with_its_reward(library_suite: TaskSuite, serving: Serving, run: Run) -> None:
    async with connected(library_suite, serving) as (client, _):
        last = await client.play(run)
        assert (last["reward"], last["done"]) == (run.reward, True)
        assert last["metadata"]["outcome"] == ("pass" if run.reward else "fail")
        again = await client.step("get_patron", patron_id="B2118")
        assert again["observation"]["error"]["error_type"] == "execution_error"


@pytest.mark.parametrize("spoken_before", [True, False])
async def test_last_words_end_a_run_and_are_heard(
    library_suite: TaskSuite, serving: Serving, spoken_before: bool
) -> None:
    """A conversation that ended with them passes; without any the change was made without a yes."""
    async with connected(library_suite, serving) as (client, episodes):
        await client.ask("reset", task="library/return_and_collect")
        for turn in RETURN_AND_COLLECT[:-1]:
            if isinstance(turn, Calls):
                await client.step(turn.name, **turn.arguments)
            elif spoken_before:
                await client.step("say_to_user", message=turn.text)
        last = RETURN_AND_COLLECT[-1]
        assert isinstance(last, Says)
        answer = await client.ask("step", tool_name="submit_answer", arguments={"answer": last.text})
        if spoken_before:
            assert (answer["data"]["reward"], answer["data"]["done"]) == (1.0, True)
            [row] = await episodes.store.episodes()
            assert (await (await episodes.get(row.id)).exchanges())[-1].said == last.text
        else:
            assert (answer["type"], answer["data"]["code"]) == ("error", "EXECUTION_ERROR")
            assert answer["data"]["message"] == "this run is unclear, so it has no reward: leave it out"


async def test_an_unclear_run_has_the_reward_that_was_asked_for(library_suite: TaskSuite, serving: Serving) -> None:
    async with connected(library_suite, serving) as (client, _):
        for if_unclear, reward in (("zero", 0.0), ("one", 1.0)):
            await client.ask("reset", task="library/renew_one", if_unclear=if_unclear)
            for turn in RENEW_ONE:
                if isinstance(turn, Calls):
                    await client.step(turn.name, **turn.arguments)
            assert (await client.step("submit_answer", answer="Renewed until 23 March."))["reward"] == reward


async def test_a_run_that_nobody_could_simulate_is_an_error_and_has_no_reward(serving: Serving) -> None:
    async with connected(await unanswering_library(), serving) as (client, _):
        await client.ask("reset", task="library/renew_one")
        seen = (await client.step("renew_loan", loan_id="L5101"))["observation"]
        assert seen["error"] == {"error_type": "transport_error", "message": "the call could not be simulated"}
        ended = await client.ask("step", tool_name="submit_answer", arguments={"answer": "Done."})
        assert ended["type"] == "error" and "void" in ended["data"]["message"]
        assert ADDRESS not in json.dumps([seen, ended])


async def test_observations_tell_results_refusals_and_errors_apart(library_suite: TaskSuite, serving: Serving) -> None:
    async with connected(library_suite, serving) as (client, _):
        listed = (await client.ask("step", type="list_tools"))["data"]["observation"]["tools"]
        assert [tool["name"] for tool in listed][-2:] == ["say_to_user", "submit_answer"] and len(listed) == 18
        await client.ask("reset", task="library/renew_one", episode_id="mine", seed=3)
        result = (await client.step("list_loans", patron_id="B2040"))["observation"]["result"]
        assert result["data"]["loans"][0]["loan_id"] == "L5101" and result["structured_content"] == result["data"]
        refused = (await client.step("renew_loan", loan_id="L9"))["observation"]
        assert (
            refused["error"] is None
            and refused["result"]["is_error"]
            and refused["result"]["data"] == "There is no loan L9."
        )
        assert (await client.step("renew_loan"))["observation"]["error"]["error_type"] == "invalid_args"
        assert (await client.step("fly"))["observation"]["error"]["error_type"] == "tool_not_found"
        assert (await client.step("say_to_user", message=7))["observation"]["error"]["error_type"] == "invalid_args"
        assert (await client.step("say_to_user", message=" "))["observation"]["error"]["error_type"] == "invalid_args"
        state = await client.ask("state")
        assert state == {"type": "state", "data": {"episode_id": "mine", "step_count": 6}}


async def test_a_session_is_shared_by_json_rpc_and_a_socket(library_suite: TaskSuite, serving: Serving) -> None:
    async with connected(library_suite, serving) as (client, episodes):
        name = (await client.rpc("openenv/session/create"))["result"]["session_id"]
        async with websockets.connect(ws(client.url, f"?session_id={name}")) as socket:
            shared = Client(client.url, socket, client.http)
            await shared.ask("reset", task="library/renew_one")
            found = await client.rpc("tools/call", name="list_loans", arguments={"patron_id": "B2040"}, session_id=name)
            assert found["result"]["data"]["loans"][0]["title"] == "Middlemarch"
            assert len((await client.rpc("tools/list", session_id=name))["result"]["tools"]) == 18
            assert (await shared.ask("state"))["data"]["step_count"] == 1
            assert (await client.rpc("openenv/session/close", session_id=name))["result"]["closed"] is False
            async with websockets.connect(ws(client.url, f"?session_id={name}")) as second:
                assert json.loads(await second.recv())["data"]["code"] == "SESSION_ERROR"
        assert (await client.rpc("openenv/session/close", session_id=name))["result"]["closed"] is True
        [row] = await episodes.store.episodes()
        assert (await episodes.get(row.id)).closed
        gone = await client.rpc("tools/call", name="list_loans", session_id=name)
        assert gone["error"]["code"] == -32602
        assert (await client.rpc("prompts/list"))["error"]["code"] == -32601
        assert (await client.http.post("/mcp", content=b"{")).json()["error"]["code"] == -32700
        assert (await client.http.post("/mcp", json={})).json()["error"]["code"] == -32600


async def test_an_episode_ends_with_its_socket(library_suite: TaskSuite, serving: Serving) -> None:
    async with connected(library_suite, serving) as (client, episodes):
        await client.ask("reset", task="library/renew_one")
        await client.ask("reset", task="library/renew_one")
        assert [row.closed for row in await episodes.store.episodes()].count(True) == 1
        await client.socket.send(json.dumps({"type": "close"}))
        await client.socket.wait_closed()
        assert all(row.closed for row in await episodes.store.episodes())


async def test_tasks_are_listed_and_reset_by_their_position(library_suite: TaskSuite, serving: Serving) -> None:
    async with connected(library_suite, serving) as (client, _):
        http = client.http
        assert (await http.get("/list_environments")).json() == ["library"]
        assert (await http.get("/library/splits")).json() == [{"name": "train", "type": "train"}]
        tasks = (await http.post("/library/tasks", json={"split": "train"})).json()["tasks"]
        assert (await http.post("/library/num_tasks", json={})).json() == {"num_tasks": len(tasks)}
        assert (await http.post("/library/num_tasks", json={"split": "test"})).json() == {"num_tasks": 0}
        assert (await http.post("/library/num_tasks", json={"split": "nights"})).status_code == 404
        assert (await http.post("/library/task", json={"split": "train", "index": 3})).json()["task"] == tasks[3]
        assert (await http.post("/library/task", json={"index": 999})).status_code == 400
        some = (await http.post("/library/task_range", json={"start": 1, "stop": 3})).json()["tasks"]
        assert some == tasks[1:3]
        assert (await http.get("/clinic/splits")).status_code == 404
        reset = (await client.ask("reset", split="train", index=3))["data"]["observation"]
        assert (reset["task"], reset["messages"][1]["content"]) == (tasks[3]["id"], tasks[3]["request"])
        assert (await client.ask("reset", index=999))["data"]["code"] == "EXECUTION_ERROR"
        assert (await client.ask("reset", task="clinic/any"))["data"]["code"] == "EXECUTION_ERROR"
        faulty = (await client.ask("reset", task="library/renew_one~flaky"))["data"]
        assert faulty["observation"]["task"] == "library/renew_one"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "INVALID_JSON"),
        ("[]", "VALIDATION_ERROR"),
        ('{"data": {}}', "VALIDATION_ERROR"),
        ('{"type": "step", "data": {"type": "fly"}}', "VALIDATION_ERROR"),
        ('{"type": "reset", "data": {"seed": -1}}', "VALIDATION_ERROR"),
        ('{"type": "dance"}', "UNKNOWN_TYPE"),
        (b"\xff", "INVALID_JSON"),
    ],
)
async def test_a_message_that_cannot_be_read_is_answered_and_the_session_goes_on(
    library_suite: TaskSuite, serving: Serving, frame: str | bytes, code: str
) -> None:
    async with connected(library_suite, serving) as (client, _):
        await client.socket.send(frame)
        answer = json.loads(await client.socket.recv())
        assert (answer["type"], answer["data"]["code"]) == ("error", code)
        assert (await client.ask("state"))["type"] == "state"


async def test_hosts_origins_tokens_and_sizes_are_checked_on_sockets_too(
    library_suite: TaskSuite, serving: Serving
) -> None:
    async with open_episodes(library_suite.runtimes) as episodes, serving(episodes, "secret") as url:
        bearer = {"Authorization": "Bearer secret"}
        for headers in ({}, {"Authorization": "Bearer wrong"}, {**bearer, "Origin": "http://evil.example"}):
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with websockets.connect(ws(url), additional_headers=headers):
                    pass
            assert refused.value.response.status_code == 403
        async with httpx.AsyncClient(base_url=f"{url}/environments/library/openenv") as http:
            assert (await http.post("/mcp", json={})).status_code == 401
            assert (await http.post("/mcp", content=b" " * (1 << 21), headers=bearer)).status_code == 413
        async with websockets.connect(ws(url), additional_headers=bearer) as socket:
            await socket.send("x" * ((1 << 20) + 1))
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()


async def test_sessions_are_bounded_and_free_ones_make_room(library_suite: TaskSuite) -> None:
    async with open_episodes(library_suite.runtimes) as episodes:
        sessions = Sessions(episodes, most=2)
        first, second = [await sessions.open("library") for _ in range(2)]
        assert sessions.hold(second, "library") is not None
        third = await sessions.open("library")
        assert sessions.find(first, "library") is None and len(sessions) == 2
        assert sessions.find(third, "clinic") is None
        assert sessions.hold(third, "library") is not None
        with pytest.raises(TooManySessionsError, match="2 sessions, which is the most"):
            await sessions.open("library")


async def test_an_environment_whose_tools_take_the_protocols_names_is_refused() -> None:
    from tests.support.counters import counter_environment

    environment = counter_environment()
    [tool, *rest] = environment.tools
    renamed = environment.replaced(tools=(tool.model_copy(update={"name": "say_to_user"}), *rest))
    async with open_episodes([renamed]) as episodes:
        sessions = Sessions(episodes)
        session = sessions.find(await sessions.open(renamed.id), renamed.id)
        assert session is not None
        with pytest.raises(Exception, match="has a tool named say_to_user, which OpenEnv's protocol takes"):
            session.tools()


async def test_a_run_without_a_reward_answers_every_further_step_with_its_error(serving: Serving) -> None:
    async with connected(await unanswering_library(), serving) as (client, _):
        await client.ask("reset", task="library/renew_one")
        await client.step("renew_loan", loan_id="L5101")
        for tool in ("submit_answer", "get_patron", "submit_answer"):
            ended = await client.ask("step", tool_name=tool, arguments={"answer": "Done.", "patron_id": "B2040"})
            assert ended["type"] == "error" and "no reward" in ended["data"]["message"]
        assert (await client.ask("reset", task="library/renew_one"))["data"]["reward"] is None


async def test_a_reset_that_fails_leaves_the_episode_as_it_was(library_suite: TaskSuite, serving: Serving) -> None:
    async with connected(library_suite, serving) as (client, _):
        await client.ask("reset", task="library/renew_one")
        assert (await client.ask("reset", task="library/none"))["type"] == "error"
        assert (await client.step("list_loans", patron_id="B2040"))["observation"]["error"] is None


async def test_a_filter_that_cannot_be_read_is_refused(library_suite: TaskSuite, serving: Serving) -> None:
    async with connected(library_suite, serving) as (client, _):
        for body in ({"split": "test", "start": -1}, {"stop": "5x"}):
            assert (await client.http.post("/library/num_tasks", json=body)).status_code == 400
        assert (await client.http.get(f"{client.url}/environments/none/openenv/health")).status_code == 404
