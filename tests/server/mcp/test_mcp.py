"""MCP as clients meet it: in memory and over HTTP, in both protocol eras."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from mcp import Client, MCPError
from mcp_types import TextContent
from tests.support.counters import open_trusted

from toolworld.environments import Environment
from toolworld.ground import Schema
from toolworld.server import Episodes, build_mcp_server, connected, connection_to, open_episodes
from toolworld.server.episodes.defaults import DefaultEpisodes
from toolworld.server.episodes.shown_tool import shown_tool

Make = Callable[..., Environment]
Serving = Callable[..., AbstractAsyncContextManager[str]]
ERAS = pytest.mark.parametrize("mode", ["legacy", "auto"])
WAYS = pytest.mark.parametrize("connection", ["memory", "episode", "environment"])


@asynccontextmanager
async def client_of(episodes: Episodes, connection: str, mode: str, serving: Serving) -> AsyncGenerator[Client]:
    """A client that is connected in one of three ways."""
    episode = await episodes.open("counters")
    if connection == "memory":
        with connected(connection_to(episode)):
            async with Client(build_mcp_server("0"), mode=mode) as client:
                yield client
        return
    async with serving(episodes) as base:
        path = f"episodes/{episode.id}" if connection == "episode" else "environments/counters"
        async with Client(f"{base}/{path}/mcp", mode=mode) as client:
            yield client


def text(result: Any) -> str:
    [part] = result.content
    assert isinstance(part, TextContent)
    return part.text


@WAYS
@ERAS
async def test_every_way_to_connect_shows_the_same_tools_and_answers(
    make_counters: Make, serving: Serving, connection: str, mode: str
) -> None:
    environment = make_counters()
    async with open_episodes([environment]) as episodes, client_of(episodes, connection, mode, serving) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(listed) == ["show_count", "add", "create", "remove", "rename_shop"]
        assert listed["show_count"].annotations is not None and listed["show_count"].annotations.read_only_hint
        assert listed["add"].annotations is not None and not listed["add"].annotations.read_only_hint
        assert listed["remove"].output_schema == {
            "type": "object",
            "properties": {"result": {"type": "string"}},
            "required": ["result"],
        }
        assert "not_found: There is no such counter." in (listed["show_count"].description or "")
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("counters", environment.version)
        assert (client.instructions or "").startswith("Be exact.")

        added = await client.call_tool("add", {"name": "a", "amount": 2})
        assert added.structured_content == {"name": "a", "count": 3, "next": None}
        assert text(added) == '{"name":"a","count":3,"next":null}'
        shown = await client.call_tool("show_count", {"name": "a"})
        assert shown.structured_content == {"name": "a", "count": 3, "next": None}
        gone = await client.call_tool("remove", {"name": "b"})
        assert (text(gone), gone.structured_content) == ("gone", {"result": "gone"})


@WAYS
@ERAS
async def test_every_way_to_connect_tells_errors_in_words(
    make_counters: Make, serving: Serving, connection: str, mode: str
) -> None:
    async with open_trusted([make_counters()]) as episodes, client_of(episodes, connection, mode, serving) as client:
        missing = await client.call_tool("show_count", {"name": "ghost"})
        assert missing.is_error and text(missing) == "There is no counter ghost"
        wrong = await client.call_tool("add", {"name": 5})
        assert wrong.is_error
        assert text(wrong) == 'invalid arguments for add: `name`: 5 is not of type "string"'
        with pytest.raises(MCPError, match="has no tool 'fly'; its tools: show_count"):
            await client.call_tool("fly", {})


@ERAS
async def test_arguments_that_cannot_be_written_down_are_refused_and_not_logged(
    make_counters: Make, serving: Serving, mode: str
) -> None:
    async with open_trusted([make_counters()]) as episodes, client_of(episodes, "memory", mode, serving) as client:
        refused = await client.call_tool("add", {"name": "a", "amount": 2**70})
        assert refused.is_error and "cannot be written as JSON" in text(refused)
        [row] = await episodes.store.episodes()
        assert await (await episodes.get(row.id)).log() == ()


def test_definitions_stand_where_references_find_them(make_counters: Make) -> None:
    tool = (
        make_counters()
        .tools[3]
        .model_copy(
            update={
                "output_schema": {"type": "array", "items": {"$ref": "#/$defs/O"}, "$defs": {"O": {"type": "string"}}}
            }
        )
    )
    schema = shown_tool(tool).output_schema
    assert schema is not None
    assert Schema(schema, "x").error_in({"result": ["a"]}) is None
    assert Schema(schema, "x").error_in({"result": [1]}) is not None


async def test_a_handshake_client_gets_an_episode_of_its_own(make_counters: Make, serving: Serving) -> None:
    async with open_trusted([make_counters()]) as episodes, serving(episodes) as base:
        url = f"{base}/environments/counters/mcp"
        async with Client(url, mode="legacy") as one, Client(url, mode="legacy") as other:
            await one.call_tool("add", {"name": "a"})
            assert (await one.call_tool("show_count", {"name": "a"})).structured_content == {
                "name": "a",
                "count": 2,
                "next": None,
            }
            shown = await other.call_tool("show_count", {"name": "a"})
            assert shown.structured_content is not None and shown.structured_content["count"] == 1
        assert await episodes.store.count_episodes() == 2


async def test_modern_clients_share_a_playground_and_are_told_so(make_counters: Make, serving: Serving) -> None:
    async with open_trusted([make_counters()]) as episodes, serving(episodes) as base:
        url = f"{base}/environments/counters/mcp"
        for truth in (2, 3):
            async with Client(url) as client:
                assert "playground" in (client.instructions or "")
                added = await client.call_tool("add", {"name": "a"})
                assert added.structured_content is not None and added.structured_content["count"] == truth
        assert await episodes.store.count_episodes() == 1


async def test_a_credential_has_its_own_episode_at_an_environment(make_counters: Make, serving: Serving) -> None:
    async with open_trusted([make_counters()]) as episodes, serving(episodes) as base:
        counts = [await _raw_add(base, token) for token in ("alice", "bob", "alice", None)]
        assert counts == [2, 2, 3, 2]
        assert await episodes.store.count_episodes() == 3


async def test_an_environments_session_is_no_key_to_another_environment(make_counters: Make, serving: Serving) -> None:
    environments = [make_counters(), make_counters(id="others")]
    async with open_episodes(environments) as episodes, serving(episodes) as base, httpx.AsyncClient() as http:
        episode, controlled = await DefaultEpisodes(episodes).open_session("counters"), await episodes.open("counters")
        headers = {"mcp-session-id": episode.id, "accept": "application/json, text/event-stream"}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        right = await http.post(f"{base}/environments/counters/mcp", json=body, headers=headers)
        wrong = await http.post(f"{base}/environments/others/mcp", json=body, headers=headers)
        assert (right.status_code, wrong.status_code) == (200, 404)
        for method in ("POST", "DELETE"):  # the id of an episode that was opened otherwise is no session
            url, guess = f"{base}/environments/counters/mcp", {**headers, "mcp-session-id": controlled.id}
            assert (await http.request(method, url, json=body, headers=guess)).status_code == 404
        assert not controlled.closed


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "episodes/guess", 404),
        ("POST", "environments/nowhere", 404),
        ("GET", "environments/counters", 405),
        ("POST", "environments/counters", 400),
        ("DELETE", "environments/counters", 405),
        ("PUT", "environments/counters", 405),
    ],
)
async def test_requests_that_make_no_sense_are_refused_with_a_status(
    make_counters: Make, serving: Serving, method: str, path: str, status: int
) -> None:
    async with open_trusted([make_counters()]) as episodes, serving(episodes) as base, httpx.AsyncClient() as http:
        response = await http.request(method, f"{base}/{path}/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        assert response.status_code == status
        assert await episodes.store.count_episodes() == 0


async def test_a_refused_handshake_opens_no_episode(make_counters: Make, serving: Serving) -> None:
    async with open_trusted([make_counters()]) as episodes, serving(episodes) as base, httpx.AsyncClient() as http:
        body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"nonsense": 1}}
        for accept in ("text/html", "application/json, text/event-stream"):
            answer = await http.post(f"{base}/environments/counters/mcp", json=body, headers={"accept": accept})
            assert "mcp-session-id" not in answer.headers
        assert await episodes.store.count_episodes() == 0


async def test_a_session_that_is_ended_is_gone_and_its_log_stays(make_counters: Make, serving: Serving) -> None:
    async with open_trusted([make_counters()]) as episodes, serving(episodes) as base, httpx.AsyncClient() as http:
        url = f"{base}/environments/counters/mcp"
        async with Client(url, mode="legacy") as client:
            await client.call_tool("add", {"name": "a"})
        [row] = await episodes.store.episodes()
        assert row.closed
        again = await http.post(url, json={}, headers={"mcp-session-id": row.id})
        assert again.status_code == 404
        assert len(await (await episodes.get(row.id)).log()) == 1


async def _raw_add(base: str, token: str | None) -> int:
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "add",
        **({"authorization": f"Bearer {token}"} if token else {}),
    }
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "0"},
    }
    params = {"name": "add", "arguments": {"name": "a"}, "_meta": meta}
    async with httpx.AsyncClient() as http:
        response = await http.post(
            f"{base}/environments/counters/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
            headers=headers,
        )
    return response.json()["result"]["structuredContent"]["count"]
