"""A host at a URL: connections that break cost nothing, and what is no toolworld server is named."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from toolworld.datasets import TaskSuite
from toolworld.ground import RolloutError
from toolworld.judges import judge
from toolworld.rollout import PlannedRun, ScriptedAgent, ScriptedUser, connect, play, script_of
from toolworld.rollout.hosts import control_client
from toolworld.rollout.hosts.control_client import open_client
from toolworld.rollout.hosts.remote import RemoteTools, Steps
from toolworld.server import open_episodes

Serving = Callable[..., AbstractAsyncContextManager[str]]


@asynccontextmanager
async def breaking(target: str, every: int, what: bytes = b"") -> AsyncGenerator[tuple[str, list[bytes]]]:
    """A proxy that passes requests on, and hangs up instead of passing an answer back, each so many requests.

    It spares the opening of episodes, or with `what`, everything that does not begin with it.
    """
    host, port = target.removeprefix("http://").split(":")
    broken: list[bytes] = []
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        there, here = await asyncio.open_connection(host, int(port))
        try:
            while data := await reader.read(1 << 20):
                asked += 1
                here.write(data)
                answer = await there.read(1 << 20)
                is_meant = data.startswith(what) if what else not data.startswith(b"POST /episodes ")
                if asked % every == 0 and is_meant:
                    broken.append(data.split(b" HTTP")[0])
                    break
                writer.write(answer)
        finally:
            writer.close()
            here.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", broken


async def test_connections_that_break_after_the_call_was_made_cost_nothing(
    library_suite: TaskSuite, serving: Serving
) -> None:
    task = max(library_suite.tasks, key=lambda task: len(task.calls))
    run = PlannedRun(task, task.seed)
    async with open_episodes(library_suite.runtimes, library_suite.tasks) as episodes, serving(episodes) as url:
        async with breaking(url, every=3) as (flaky, broken), connect(flaky, None) as host:
            async with host.session(run) as session:
                played = await play(run, ScriptedAgent(script_of(task)), ScriptedUser(task), session)
    assert sum(b"/calls" in request for request in broken) >= 1
    assert played.blame is None and len(played.log) == len(task.calls)
    assert (await judge(task, played, library_suite.runtime_of(task))).passed


def always(content: bytes, status: int = 200) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(content, status, media_type="application/json")(scope, receive, send)

    return answer


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"{}", b"null", b'{"id": 5}'])
async def test_what_is_no_toolworld_server_is_named(content: bytes, library_suite: TaskSuite, serve_app: Any) -> None:
    task = library_suite.tasks[0]
    async with serve_app(always(content)) as url, connect(url, None) as host:
        with pytest.raises(RolloutError, match="answers what no toolworld server does"):
            async with host.session(PlannedRun(task, 0)):
                pass


async def test_an_endless_answer_is_not_read(serve_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_client, "MAX_ANSWER_BYTES", 1 << 20)
    async with serve_app(always(b" " * (2 << 20))) as url, open_client(url) as client:
        with pytest.raises(RolloutError, match="more than 1 MiB"):
            await client.send("GET", "/environments")


async def test_arguments_beyond_what_a_request_may_be_are_told_to_the_agent(
    library_suite: TaskSuite, serving: Serving
) -> None:
    run = PlannedRun(library_suite.tasks[0], 0)
    async with open_episodes(library_suite.runtimes) as episodes, serving(episodes) as url, connect(url, None) as host:
        async with host.session(run) as session:
            told = await session.agent.call("get_patron", {"patron_id": "x" * (2 << 20)})
            assert told.text == "Error: invalid arguments for get_patron: the request is too large"
            assert not told.is_void
            assert (await session.agent.call("get_patron", {"patron_id": "B2040"})).text.startswith("{")


async def test_an_episode_is_not_opened_twice_when_the_connection_breaks(
    library_suite: TaskSuite, serving: Serving
) -> None:
    async with open_episodes(library_suite.runtimes, library_suite.tasks) as episodes, serving(episodes) as url:
        async with breaking(url, 1, b"POST /episodes ") as (flaky, broken), connect(flaky, None) as host:
            with pytest.raises(RolloutError, match="does not answer"):
                async with host.session(PlannedRun(library_suite.tasks[0], 0)):
                    pass
        assert len(broken) == await episodes.store.count_episodes() == 1


async def test_a_call_may_take_longer_than_other_requests(
    library_suite: TaskSuite, serve_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model may have to answer it."""
    asked: list[aiohttp.ClientTimeout] = []

    class Noting(aiohttp.ClientTimeout):
        def __init__(self, total: float | None) -> None:
            super().__init__(total)
            asked.append(self)

    monkeypatch.setattr(aiohttp, "ClientTimeout", Noting)
    made = always(b'{"step": 0, "text": "done", "failure": null}')
    async with serve_app(made) as url, open_client(url) as client:
        tools = RemoteTools(client, "/episodes/e", Steps(), {}, "v")
        assert (await tools.call("get_patron", {})).text == "done"
        await client.send("GET", "/environments")
    assert [timeout.total for timeout in asked] == [None, control_client.REQUEST_SECONDS]


async def test_no_redirect_is_followed(library_suite: TaskSuite, serve_app: Any) -> None:
    async def away(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=302, headers={"Location": "/elsewhere"})(scope, receive, send)

    async with serve_app(away) as url:
        with pytest.raises(RolloutError, match="refused GET /environments"):
            async with connect(url, None):
                pass


@pytest.mark.parametrize("step", [5, -3, 2**70])
async def test_a_step_that_was_not_asked_for_is_the_hosts_fault(serve_app: Any, step: int) -> None:
    made = always(f'{{"step": {step}, "text": "done", "failure": null}}'.encode())
    async with serve_app(made) as url, open_client(url) as client:
        with pytest.raises(RolloutError, match=f"made step {step}, not 0"):
            await RemoteTools(client, "/episodes/e", Steps(), {}, "v").call("get_patron", {})
