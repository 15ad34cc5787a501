"""`toolworld serve`: what it prints works as it is pasted, and what it kept is there after a kill."""

import json
import os
import re
import signal
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.streams.text import TextReceiveStream
from mcp import Client, StdioServerParameters
from tests.support.model_endpoint import endpoint, refusal


@asynccontextmanager
async def served(
    command: list[str], *options: str, last: str = "Ctrl-C", **variables: str
) -> AsyncGenerator[tuple[anyio.abc.Process, str]]:
    """Start `serve library`, and give the process and what it printed until it was up."""
    process = await anyio.open_process(
        [*command, "serve", "library", "--http", "127.0.0.1:0", *options],
        env={**os.environ, **variables},
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    printed = ""
    try:
        with anyio.fail_after(20):
            async for part in TextReceiveStream(process.stdout):
                printed += part
                if last in printed and printed.endswith("\n"):
                    break
            base = base_url(printed)
            async with httpx.AsyncClient() as http:
                while True:
                    try:
                        await http.get(f"{base}/openapi.json")
                        break
                    except httpx.ConnectError:
                        await anyio.sleep(0.02)
        yield process, printed
    finally:
        if process.returncode is None:
            process.terminate()
        with anyio.fail_after(15, shield=True):
            await process.aclose()


def base_url(printed: str) -> str:
    found = re.search(r"at (http://127\.0\.0\.1:\d+)", printed)
    assert found, printed
    return found[1]


def pasted(printed: str) -> list[dict[str, Any]]:
    """The JSON blocks of what `serve` prints, as a person would copy them."""
    return [json.loads(block)["mcpServers"]["library"] for block in re.findall(r"^\{\n.*?^\}", printed, re.M | re.S)]


async def test_both_configurations_work_as_pasted(command: list[str]) -> None:
    async with served(command) as (_, printed):
        by_url, by_command = pasted(printed)
        assert "TOOLWORLD_TOKEN is not set: the control API is open" in printed
        for server in (by_url["url"], StdioServerParameters(command=by_command["command"], args=by_command["args"])):
            async with Client(server) as client:
                found = await client.call_tool("get_patron", {"patron_id": "B2040"})
                assert found.structured_content is not None
                assert found.structured_content["name"] == "Amira Okafor"


async def test_a_token_closes_the_control_api_and_is_not_printed(command: list[str]) -> None:
    async with served(command, TOOLWORLD_TOKEN="hush-hush") as (_, printed), httpx.AsyncClient() as http:
        assert "hush-hush" not in printed
        assert "is open" not in printed
        base = base_url(printed)
        assert (await http.get(f"{base}/environments")).status_code == 401
        key = {"authorization": "Bearer hush-hush"}
        assert (await http.get(f"{base}/environments", headers=key)).status_code == 200


async def test_what_was_acknowledged_survives_a_kill(command: list[str], tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "s.sqlite"))
    async with served(command, *store) as (process, printed), httpx.AsyncClient() as http:
        episode = (await http.post(f"{base_url(printed)}/episodes", json={"environment": "library"})).json()
        async with Client(episode["mcp_url"]) as client:
            await client.call_tool("renew_loan", {"loan_id": "L5101"})
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with served(command, *store) as (_, printed), httpx.AsyncClient() as http:
        base = base_url(printed)
        log = (await http.get(f"{base}/episodes/{episode['id']}/log")).json()
        assert [event["call"]["name"] for event in log] == ["renew_loan"]
        async with Client(f"{base}/episodes/{episode['id']}/mcp") as client:
            again = await client.call_tool("renew_loan", {"loan_id": "L5101"})
            assert again.structured_content is not None
            assert again.structured_content["renewals"] == 2


async def test_a_verdict_is_void_before_and_after_a_kill_where_the_model_did_not_answer(
    command: list[str], tmp_path: Path
) -> None:
    async with endpoint([refusal(400, "no such model")]) as fake:
        simulated = ("--simulate", "renew_loan=model", "--model", f"{fake.url}#m")
        options = ("--store", str(tmp_path / "s.sqlite"), *simulated)
        verdicts: list[dict[str, Any]] = []

        async def add_verdict(base: str, episode: str) -> None:
            async with httpx.AsyncClient() as http:
                verdicts.append((await http.post(f"{base}/episodes/{episode}/verdict", json={"answer": "x"})).json())

        async with served(command, *options) as (process, printed), httpx.AsyncClient() as http:
            opened = (await http.post(f"{base_url(printed)}/episodes", json={"task": "library/renew_one"})).json()
            call = {"name": "renew_loan", "arguments": {"loan_id": "L5101"}}
            failed = await http.post(f"{base_url(printed)}/episodes/{opened['id']}/calls", json=call)
            assert failed.status_code == 502, failed.text
            await add_verdict(base_url(printed), opened["id"])
            process.send_signal(signal.SIGKILL)
            await process.wait()
        async with served(command, *options) as (_, printed):
            await add_verdict(base_url(printed), opened["id"])
    before, after = verdicts
    assert (before["outcome"], before["reward"], before["blame"]["party"]) == ("void", None, "host")
    assert after == before


async def test_it_stops_cleanly_when_asked(command: list[str]) -> None:
    async with served(command) as (process, _):
        process.send_signal(signal.SIGINT)
        with anyio.fail_after(10):
            code = await process.wait()
        assert process.stderr is not None
        complaint = "".join([part async for part in TextReceiveStream(process.stderr)])
        assert code in (0, 130)
        assert "Traceback" not in complaint


@pytest.mark.parametrize("answers", ["auto", "json"])
async def test_a_call_in_flight_is_answered_when_the_server_is_told_to_stop(
    command: list[str], tmp_path: Path, answers: str
) -> None:
    store, profile = tmp_path / "s.sqlite", tmp_path / "slow.json"
    profile.write_text('{"name": "slow", "latency": 1, "latency_seconds": 3}')
    options = ("--store", str(store), "--faults", str(profile), "--answers", answers)
    async with served(command, *options) as (process, printed), httpx.AsyncClient(base_url=base_url(printed)) as http:
        opened = (await http.post("/episodes", json={"environment": "library"})).json()
        answered: list[httpx.Response] = []

        async def call() -> None:
            params = {"name": "get_patron", "arguments": {"patron_id": "B2040"}}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            accept = {"accept": "application/json, text/event-stream"}
            answered.append(await http.post(opened["mcp_url"], json=message, headers=accept))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await anyio.sleep(0.3)
            assert answered == []
            process.send_signal(signal.SIGTERM)
        assert answered[0].status_code == 200 and '"isError":false' in answered[0].text
        with anyio.fail_after(10):
            assert await process.wait() == 0
    replayed = await anyio.run_process([*command, "replay", str(store)])
    assert b"1 call" in replayed.stdout


async def test_spans_and_log_lines_tell_of_calls_and_hold_no_secret(command: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as stderr_console:
        process = await anyio.open_process(
            [*command, "serve", "library", "--http", "127.0.0.1:0", "--log", "json"],
            env={**os.environ, "TOOLWORLD_TOKEN": "planted-secret", "OTEL_TRACES_EXPORTER": "console"},
            stdout=subprocess.PIPE,
            stderr=stderr_console,
        )
        assert process.stdout is not None
        printed = ""
        with anyio.fail_after(20):
            async for part in TextReceiveStream(process.stdout):
                printed += part
                if "Ctrl-C" in printed:
                    break
        headers = {"authorization": "Bearer planted-secret"}
        async with httpx.AsyncClient(base_url=base_url(printed), headers=headers) as http:
            while True:
                try:
                    opened = (await http.post("/episodes", json={"environment": "library"})).json()
                    break
                except httpx.ConnectError:
                    await anyio.sleep(0.02)
            async with Client(opened["mcp_url"]) as client:
                await client.call_tool("get_patron", {"patron_id": "B2040"})
            for place in ("", "/log", "/diff"):
                assert (await http.get(f"/episodes/{opened['id']}{place}")).status_code == 200
        process.send_signal(signal.SIGTERM)
        with anyio.fail_after(10):
            await process.wait()
    told = await anyio.Path(log).read_text()
    for name in ("execute_tool get_patron", "simulate", "store.commit", '"outcome":"ok"'):
        assert name in told
    for secret in ("planted-secret", opened["id"], "B2040", "Amira"):
        assert secret not in told
        assert secret not in printed


async def test_requests_that_came_through_a_proxy_are_known_by_name(command: list[str]) -> None:
    options = ("--host", "sim.example.org")
    async with (
        served(command, *options, TOOLWORLD_TOKEN="t") as (_, printed),
        httpx.AsyncClient(base_url=base_url(printed)) as http,
    ):
        for host, status in (("sim.example.org", 401), ("evil.example", 421), ("127.0.0.1", 401)):
            assert (await http.get("/environments", headers={"host": host})).status_code == status


async def test_nemo_gym_is_spoken_to_at_a_port_of_its_own_without_the_token(command: list[str]) -> None:
    options = ("--nemo-gym", "127.0.0.1:0")
    async with served(command, *options, TOOLWORLD_TOKEN="hush-hush") as (_, printed), httpx.AsyncClient() as http:
        found = re.search(r"NeMo Gym: (127\.0\.0\.1:\d+)", printed)
        assert found, printed
        opened = await http.post(f"http://{found[1]}/reset", json={"task": "library/renew_one"})
        assert (opened.status_code, "toolworld" in opened.cookies) == (200, True)
        assert (await http.get(f"http://{found[1]}/environments")).status_code in (404, 405)
        assert (await http.post(f"{base_url(printed)}/reset", json={})).status_code in (404, 405)
        assert (await http.get(f"{base_url(printed)}/environments")).status_code == 401
        assert (await http.get(f"{base_url(printed)}/environments/library/openenv/health")).status_code == 401


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:8766", "[::]:0"])
def test_nemo_gym_is_not_spoken_to_from_other_machines(command: list[str], address: str) -> None:
    started = [*command, "serve", "library", "--http", "127.0.0.1:0", "--nemo-gym", address]
    done = subprocess.run(started, capture_output=True, text=True, env={**os.environ, "TOOLWORLD_TOKEN": "t"})
    assert done.returncode == 2 and "on this machine" in " ".join(done.stderr.split())
