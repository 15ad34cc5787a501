"""A call, and a whole task, through each door of a server of its own: the CPU time of the server and of the client."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx2
import websockets
from mcp import Client
from tests.benchmarks.figures import Figure
from tests.support.library_runs import RETURN_AND_COLLECT, Calls, Says
from tests.support.ports import free_port
from tests.support.processes import cpu_seconds

from toolworld_client import AsyncToolworld

CALLS, TASKS = 600, 40
TASK = "library/return_and_collect"
LOAN = {"patron_id": "B2118"}
Work = Callable[[], Awaitable[object]]


async def measure_doors() -> list[Figure]:
    """Measure calls and tasks through the client, plain HTTP, MCP, NeMo Gym and OpenEnv, in turn."""
    port, nemo = free_port(), free_port()
    command = ["-c", "from toolworld.cli import main; main()", "serve", "library"]
    command += ["--http", f"127.0.0.1:{port}", "--nemo-gym", f"127.0.0.1:{nemo}"]
    async with await anyio.open_process([sys.executable, *command], stdout=subprocess.DEVNULL) as server:
        base = f"http://127.0.0.1:{port}"
        await _answers(base)
        try:
            return await _measured(server.pid, base, f"http://127.0.0.1:{nemo}")
        finally:
            server.terminate()


async def _answers(base: str) -> None:
    async with httpx2.AsyncClient(base_url=base) as http:
        with anyio.fail_after(20):
            while True:
                try:
                    await http.get("/healthz")
                    return
                except httpx2.TransportError:
                    await anyio.sleep(0.05)


async def _measured(pid: int, base: str, nemo: str) -> list[Figure]:
    figures: list[Figure] = []
    async with httpx2.AsyncClient(base_url=base) as http, AsyncToolworld(base) as world:
        opened = (await http.post("/episodes", json={"environment": "library"})).json()
        episode = await world.episode(environment="library")
        body = {"name": "get_patron", "arguments": LOAN}
        figures += await _call(pid, "plain HTTP", lambda: http.post(f"/episodes/{opened['id']}/calls", json=body), 0.7)
        figures += await _call(pid, "the client", lambda: episode.call("get_patron", LOAN))
        async with Client(opened["mcp_url"]) as client:
            figures += await _call(pid, "MCP, one client", lambda: client.call_tool("get_patron", LOAN))
        async with httpx2.AsyncClient(base_url=nemo) as gym:
            await gym.post("/seed_session", json={"task": TASK})
            figures += await _call(pid, "NeMo Gym's protocol", lambda: gym.post("/get_patron", json=LOAN))
        async with websockets.connect(_socket_of(base)) as socket:
            await _ask(socket, "reset", task=TASK)
            step = {"tool_name": "get_patron", "arguments": LOAN}
            figures += await _call(pid, "OpenEnv's protocol", lambda: _ask(socket, "step", **step))
        figures += await _task(pid, "the client", lambda: _through_client(world), "45-54 ms OpenEnv, 21-30 NeMo Gym")
        figures += await _task(pid, "NeMo Gym's protocol", lambda: _through_nemo(nemo))
        figures += await _task(pid, "OpenEnv's protocol", lambda: _through_openenv(base))
        figures.append(await _many(base))
    return figures


async def _call(pid: int, door: str, work: Work, budget: float | None = None) -> list[Figure]:
    server, client = await _cost(pid, work, CALLS)
    return [Figure(f"a call through {door}: server (client {client:.2f})", server, "ms", budget)]


async def _task(pid: int, door: str, work: Work, peers: str = "") -> list[Figure]:
    server, client = await _cost(pid, work, TASKS)
    what = f"a graded task of 6 calls with its user through {door}: server (client {client:.1f})"
    return [Figure(what, server, "ms", peers=peers)]


async def _cost(pid: int, work: Work, times: int) -> tuple[float, float]:
    """The CPU milliseconds of server and client."""
    for _ in range(5):
        await work()
    server, client = cpu_seconds(pid), time.process_time()
    for _ in range(times):
        await work()
    return (cpu_seconds(pid) - server) / times * 1000, (time.process_time() - client) / times * 1000


async def _through_client(world: AsyncToolworld) -> None:
    async with world.episode(TASK) as episode:
        for turn in RETURN_AND_COLLECT:
            await (episode.say(turn.text) if isinstance(turn, Says) else episode.call(turn.name, turn.arguments))
        assert (await episode.verdict()).reward == 1.0


async def _through_nemo(nemo: str) -> None:
    async with httpx2.AsyncClient(base_url=nemo) as http:
        await http.post("/reset", json={"task": TASK})
        answer = None
        for number, turn in enumerate(RETURN_AND_COLLECT):
            body = {"task": TASK, "response": {"output": [_item(turn, number)]}}
            answer = await http.post("/step", json=body)
        assert answer is not None and answer.json()["reward"] == 1.0


async def _through_openenv(base: str) -> None:
    async with websockets.connect(_socket_of(base)) as socket:
        await _ask(socket, "reset", task=TASK)
        seen: dict[str, Any] = {}
        for turn in RETURN_AND_COLLECT:
            call = ("say_to_user", {"message": turn.text}) if isinstance(turn, Says) else (turn.name, turn.arguments)
            seen = await _ask(socket, "step", tool_name=call[0], arguments=call[1])
        assert seen["data"]["reward"] == 1.0


def _item(turn: Says | Calls, number: int) -> dict[str, Any]:
    if isinstance(turn, Says):
        return {"type": "message", "role": "assistant", "content": turn.text}
    arguments = json.dumps(turn.arguments)
    return {"type": "function_call", "call_id": str(number), "name": turn.name, "arguments": arguments}


def _socket_of(base: str) -> str:
    return f"{base.replace('http', 'ws', 1)}/environments/library/openenv/ws"


async def _ask(socket: websockets.ClientConnection, kind: str, **data: Any) -> dict[str, Any]:
    await socket.send(json.dumps({"type": kind, "data": data}))
    return json.loads(await socket.recv())


async def _many(base: str) -> Figure:
    """Episodes a second through the client, 32 at once."""
    async with AsyncToolworld(base) as world:
        begin = time.perf_counter()
        for _ in range(4):
            await asyncio.gather(*(_through_client(world) for _ in range(32)))
    return Figure("graded episodes a second through the client, 32 at once", 128 / (time.perf_counter() - begin), "/s")
