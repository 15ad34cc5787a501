"""The rest of MCP: long lists page by page, progress and cancellation of slow calls, in every transport."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import anyio
import httpx
import pytest
from mcp import MCPError
from tests.server.mcp.test_mcp import client_of
from tests.support.counters import open_trusted
from tests.support.mcp_tools import list_tools

from toolworld.environments import Environment, FaultProfile, with_faults
from toolworld.server.mcp import server as module

Make = Callable[..., Environment]
Serving = Callable[..., AbstractAsyncContextManager[str]]
SLOW = FaultProfile(name="slow", latency=1, latency_seconds=2)
EVERYWHERE = pytest.mark.parametrize(
    ("connection", "mode"), [("memory", "auto"), ("memory", "legacy"), ("episode", "auto"), ("episode", "legacy")]
)


def long_environment(make_counters: Make, tools: int) -> Environment:
    """The counters with many tools that all show a count."""
    raw = make_counters().model_dump(mode="json")
    show = raw["tools"][0]
    raw["tools"] = [{**show, "name": f"show_{number}", "function": "show_count"} for number in range(tools)]
    return Environment.model_validate({**raw, "rules": []})


@EVERYWHERE
async def test_a_long_list_comes_page_by_page(
    make_counters: Make, serving: Serving, connection: str, mode: str
) -> None:
    environment = long_environment(make_counters, 450)
    async with open_trusted([environment]) as episodes, client_of(episodes, connection, mode, serving) as client:
        pages: list[int] = []
        cursor: str | None = None
        while cursor or not pages:
            page = await client.list_tools(cursor=cursor)
            pages.append(len(page.tools))
            cursor = page.next_cursor
        assert pages == [200, 200, 50]
        assert [tool.name for tool in await list_tools(client)] == [f"show_{number}" for number in range(450)]
        called = await client.call_tool("show_449", {"name": "a"})
        assert called.structured_content == {"name": "a", "count": 1, "next": None}


@pytest.mark.parametrize("cursor", ["0", "1", "199", "600", "-200", "x", "", "２００", "9" * 40])
async def test_a_cursor_that_no_page_gave_is_refused(make_counters: Make, serving: Serving, cursor: str) -> None:
    environment = long_environment(make_counters, 450)
    async with open_trusted([environment]) as episodes, client_of(episodes, "memory", "auto", serving) as client:
        with pytest.raises(MCPError, match="is no cursor of this list"):
            await client.list_tools(cursor=cursor)


@EVERYWHERE
async def test_a_slow_call_tells_its_progress(
    make_counters: Make, serving: Serving, monkeypatch: pytest.MonkeyPatch, connection: str, mode: str
) -> None:
    monkeypatch.setattr(module, "PROGRESS_SECONDS", 0.1)
    told: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert total is None and message
        told.append(progress)

    slow = with_faults(make_counters(), SLOW)
    async with open_trusted([slow]) as episodes, client_of(episodes, connection, mode, serving) as client:
        answer = await client.call_tool("add", {"name": "a"}, progress_callback=hear)
        assert not answer.is_error
    assert len(told) >= 2
    assert told == sorted(told)


@EVERYWHERE
async def test_a_cancelled_call_changes_nothing_and_the_next_one_is_answered(
    make_counters: Make, serving: Serving, connection: str, mode: str
) -> None:
    slow = with_faults(make_counters(), SLOW.model_copy(update={"latency_seconds": 20}))
    async with open_trusted([slow]) as episodes:
        opened = await episodes.open("counters")
        async with client_of(episodes, connection, mode, serving) as client:
            with anyio.move_on_after(0.3) as limit:
                await client.call_tool("add", {"name": "a"})
            assert limit.cancelled_caught
            rows = {row.id for row in await episodes.store.episodes()} - {opened.id}
            [used] = [await episodes.get(name) for name in rows]
            assert used.snapshot.step == 0
            with anyio.move_on_after(0.3):
                await client.call_tool("add", {"name": "a"})
            with anyio.fail_after(2):
                await used.close()  # takes its turn, so no call holds it


async def test_an_unknown_tool_is_an_error_of_the_protocol_and_a_refusal_is_content(
    make_counters: Make, serving: Serving
) -> None:
    async with open_trusted([make_counters()]) as episodes, client_of(episodes, "memory", "auto", serving) as client:
        with pytest.raises(MCPError, match="has no tool 'fly'"):
            await client.call_tool("fly", {})
        refused = await client.call_tool("remove", {"name": "nobody"})
        assert refused.is_error


async def test_a_handshake_client_cancels_a_call_by_a_message_of_its_own(make_counters: Make, serving: Serving) -> None:
    slow = with_faults(make_counters(), SLOW.model_copy(update={"latency_seconds": 400}))
    headers = {"accept": "application/json, text/event-stream"}

    def request(number: object, amount: int) -> dict[str, object]:
        params = {"name": "add", "arguments": {"name": "a", "amount": amount}}
        return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}

    def cancel(number: object) -> dict[str, object]:
        return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}

    async with open_trusted([slow]) as episodes, serving(episodes) as base:
        episode, other = await episodes.open("counters"), await episodes.open("counters")
        async with httpx.AsyncClient(base_url=base, timeout=30) as http:
            answered: list[str] = []

            async def call(name: str, number: object, amount: int) -> None:
                answer = await http.post(f"/episodes/{name}/mcp", json=request(number, amount), headers=headers)
                answered.append(answer.text)

            async def send(name: str, number: object) -> None:
                await http.post(f"/episodes/{name}/mcp", json=cancel(number), headers=headers)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call, episode.id, 7, 5)
                await anyio.sleep(0.3)
                await send(other.id, 7)  # in another episode, and by ids that are others
                await send(episode.id, "7")
                await send(episode.id, 8)
                await anyio.sleep(0.2)
                assert answered == []
                await send(episode.id, 7)
                await anyio.sleep(0.5)
                assert len(answered) == 1
            assert await episode.log() == ()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call, episode.id, 7, 1)
                tasks.start_soon(call, episode.id, 7, 2)  # of two with one id nobody knows which is meant
                await anyio.sleep(0.3)
                await send(episode.id, 7)
                await anyio.sleep(0.3)
                assert len(answered) == 1
                tasks.cancel_scope.cancel()  # they hang up
            with anyio.fail_after(2):
                await episode.close()
            assert await episode.log() == ()
