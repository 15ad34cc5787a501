"""What the server tells of itself: counted right, and without a secret in it."""

import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import httpx
import pytest
from tests.support.counters import open_trusted

from toolworld.environments import Call, Environment, FaultProfile
from toolworld.ground import ClosedError, StoreError
from toolworld.server import JsonLogFormatter, TextLogFormatter, pseudonym

Make = Callable[..., Environment]
Serving = Callable[..., AbstractAsyncContextManager[str]]
ADD = Call(name="add", arguments={"name": "a", "amount": 1})


def value(exposition: str, series: str) -> float:
    return float(next(line for line in exposition.splitlines() if line.startswith(series + " ")).split()[-1])


async def test_metrics_count_calls_by_what_came_of_them(make_counters: Make, serving: Serving) -> None:
    async with open_trusted([make_counters()]) as episodes, serving(episodes) as base:
        episode = await episodes.open("counters")
        for call in (ADD, ADD, Call(name="remove", arguments={"name": "x"}), Call(name="add", arguments={})):
            await episode.call(call)
        faulty = await episodes.open("counters", faults=FaultProfile(name="p", transient=1))
        await faulty.call(ADD)
        async with httpx.AsyncClient(base_url=base) as http:
            told = (await http.get("/metrics")).text
            assert (await http.get("/healthz")).json() == {"status": "ok"}
    counted = {
        kind: value(told, f'toolworld_calls_total{{environment="counters",outcome="{kind}"}}')
        for kind in ("ok", "tool", "arguments")
    }
    assert counted == {"ok": 2, "tool": 2, "arguments": 1}
    assert value(told, 'toolworld_injected_faults_total{kind="transient"}') == 1
    assert value(told, 'toolworld_call_seconds_count{environment="counters"}') == 5
    assert value(told, "toolworld_live_episodes") == 2
    assert value(told, "toolworld_store_writes") >= 7


async def test_metrics_need_the_token_and_health_does_not(make_counters: Make, serving: Serving) -> None:
    async with (
        open_trusted([make_counters()]) as episodes,
        serving(episodes, "secret") as base,
        httpx.AsyncClient(base_url=base) as http,
    ):
        assert (await http.get("/metrics")).status_code == 401
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/metrics", headers={"authorization": "Bearer secret"})).status_code == 200


def alter(path: Path, statement: str) -> None:
    """Change a store behind its back."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


async def test_a_store_that_fails_is_not_healthy_and_is_counted(tmp_path: Path, make_counters: Make) -> None:
    path = tmp_path / "s.sqlite"
    async with open_trusted([make_counters()], store=path) as episodes:
        episode = await episodes.open("counters")
        await episodes.health()
        alter(path, "CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT raise(FAIL, 'disk is full'); END")
        with pytest.raises(StoreError, match="disk is full"):
            await episode.call(ADD)
        told = episodes.telemetry.exposition().decode()
        assert value(told, 'toolworld_calls_total{environment="counters",outcome="StoreError"}') == 1
        alter(path, "CREATE TRIGGER nor BEFORE INSERT ON heartbeat BEGIN SELECT raise(FAIL, 'full'); END")
        with pytest.raises(StoreError, match="full"):
            await episodes.health()


async def test_log_lines_tell_of_calls_and_hold_no_secret(
    make_counters: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="toolworld.calls")
    async with open_trusted([make_counters()]) as episodes:
        episode = await episodes.open("counters")
        await episode.call(Call(name="create", arguments={"label": "card 4111 1111"}))
        await episode.call(Call(name="add", arguments={"name": "sk-planted"}))
        await episode.close()
        with pytest.raises(ClosedError):
            await episode.call(ADD)
    lines = [json.loads(JsonLogFormatter().format(record)) for record in caplog.records]
    assert [(line["tool"], line["outcome"], line["step"]) for line in lines] == [
        ("create", "ok", 0),
        ("add", "tool", 1),
    ]
    assert {line["episode"] for line in lines} == {pseudonym(episode.id)}
    written = "\n".join(
        form.format(record) for record in caplog.records for form in (JsonLogFormatter(), TextLogFormatter())
    )
    for secret in (episode.id, "4111", "sk-planted"):
        assert secret not in written
