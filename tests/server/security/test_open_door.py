"""Opening episodes with a token set: whoever has it, and with `--open` strangers within quotas."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from tests.support.counters import open_trusted

from toolworld.environments import Call, Environment
from toolworld.ground import ClosedError, QuotaError
from toolworld.server import Episodes, build_app
from toolworld.server.episodes import log
from toolworld.server.episodes.log import OPEN_LOG_BYTES, OPEN_PREFIX
from toolworld.server.security.open_door import OpenDoor

Make = Callable[..., Environment]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "0"}},
}
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
ACCEPT = {"accept": "application/json, text/event-stream"}
MODERN = {**ACCEPT, "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "show_count"}
BEARER = {"authorization": "Bearer token"}


def modern_call() -> dict[str, Any]:
    params: dict[str, Any] = {"name": "show_count", "arguments": {"name": "a"}, "_meta": META}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


@asynccontextmanager
async def client(
    episodes: Episodes, *, open_to_all: bool = False, token: str | None = "token"
) -> AsyncGenerator[httpx.AsyncClient]:
    app = build_app(episodes, token, open_to_all=open_to_all)
    async with app.router.lifespan_context(app):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as opened:
            yield opened


async def test_with_a_token_set_opening_needs_it_in_both_eras(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes, client(episodes) as http:
        for body, headers in ((INITIALIZE, ACCEPT), (modern_call(), MODERN)):
            for wrong in ({}, {"authorization": "token"}, {"authorization": "Bearer tokens"}):
                refused = await http.post("/environments/counters/mcp", json=body, headers={**headers, **wrong})
                assert refused.status_code == 401 and refused.headers["www-authenticate"] == "Bearer"
                assert "opening an episode needs the bearer token" in refused.json()["error"]
            let_in = await http.post("/environments/counters/mcp", json=body, headers={**headers, **BEARER})
            assert let_in.status_code == 200
        assert await episodes.store.count_episodes() == 2
        assert await episodes.store.count_beginning(OPEN_PREFIX) == 0


async def test_a_session_and_an_episode_that_are_open_need_no_token(make_counters: Make) -> None:
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    async with open_trusted([make_counters()]) as episodes, client(episodes) as http:
        opened = await http.post("/environments/counters/mcp", json=INITIALIZE, headers={**ACCEPT, **BEARER})
        session = {**ACCEPT, "mcp-session-id": opened.headers["mcp-session-id"]}
        assert (await http.post("/environments/counters/mcp", json=listing, headers=session)).status_code == 200
        path = f"/episodes/{session['mcp-session-id']}/mcp"
        assert (await http.post(path, json=listing, headers=ACCEPT)).status_code == 200


async def test_without_a_token_everyone_opens(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes, client(episodes, token=None) as http:
        assert (await http.post("/environments/counters/mcp", json=INITIALIZE, headers=ACCEPT)).status_code == 200
        assert await episodes.store.count_beginning(OPEN_PREFIX) == 0


async def test_an_open_door_lets_a_hundred_in_at_once_and_not_more(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes, client(episodes, open_to_all=True) as http:
        statuses = [
            (await http.post("/environments/counters/mcp", json=INITIALIZE, headers=ACCEPT)).status_code
            for _ in range(300)
        ]
        let_in = statuses.count(200)
        assert 100 <= let_in < 200 and statuses.count(429) == 300 - let_in
        assert await episodes.store.count_beginning(OPEN_PREFIX) == let_in
        with_token = await http.post("/environments/counters/mcp", json=INITIALIZE, headers={**ACCEPT, **BEARER})
        assert with_token.status_code == 200  # they are in nobody's way


def test_a_store_holds_so_many_of_strangers() -> None:
    door = OpenDoor(most=3)
    for known in range(3):
        door.pass_one(known)
    with pytest.raises(QuotaError, match="which is the most"):
        door.pass_one(3)


def test_the_rate_is_given_back_with_time() -> None:
    now = 0.0
    door = OpenDoor(lambda: now)
    for _ in range(100):
        door.pass_one(0)
    with pytest.raises(QuotaError, match="just now"):
        door.pass_one(0)
    now = 1.0
    for _ in range(10):
        door.pass_one(0)
    with pytest.raises(QuotaError, match="just now"):
        door.pass_one(0)


async def test_an_episode_keeps_so_many_bytes_of_calls_and_after_a_restart_too(
    make_counters: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    assert OPEN_LOG_BYTES == 2 << 20
    monkeypatch.setattr(log, "OPEN_LOG_BYTES", 50_000)
    monkeypatch.setattr(log, "MAX_LOG_BYTES", 400_000)
    call = Call(name="create", arguments={"label": "x" * 4_000})
    for name, most in ((f"{OPEN_PREFIX}1", 50_000), ("2", 400_000)):
        async with open_trusted([make_counters()], store=tmp_path / "s.sqlite") as episodes:
            episode = await episodes.open("counters", episode=name)
            made = 0
            with suppress(ClosedError):
                while True:
                    await episode.call(call)
                    made += 1
            assert most <= await episodes.store.log_bytes(name) < most + 20_000
        async with open_trusted([make_counters()], store=tmp_path / "s.sqlite") as episodes:
            with pytest.raises(ClosedError, match="which is the most"):
                await (await episodes.get(name)).call(call)
            assert len(await (await episodes.get(name)).log()) == made
