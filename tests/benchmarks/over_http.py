"""Figures of a server of its own, beside the bare SDK's server doing next to nothing, in the same run."""

import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import orjson
from tests.benchmarks.figures import Figure
from tests.support.processes import cpu_seconds

CALLS, CLIENTS, ROUNDS = 1_500, 8, 4
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "0"},
}
PARAMS: dict[str, Any] = {"name": "get_patron", "arguments": {"patron_id": "B2040"}}
ERAS = {
    "handshake era": (PARAMS, ""),
    "modern era": (
        {**PARAMS, "_meta": META},
        "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: get_patron\r\n",
    ),
}


async def measure_over_http() -> list[Figure]:
    """Measure calls over HTTP in both eras, ours and the bare SDK's in turn."""
    figures: list[Figure] = []
    async with bare_server() as (bare, bare_url), our_server() as (ours, our_urls):
        for era, (params, headers) in ERAS.items():
            theirs = our_best = float("inf")
            for _ in range(ROUNDS):
                theirs = min(theirs, await server_ms(bare, [bare_url] * CLIENTS, params, headers))
                our_best = min(our_best, await server_ms(ours, our_urls, params, headers))
            figures.append(Figure(f"the bare SDK's call over HTTP, {era}", theirs, "ms"))
            peers = "3.5-5.1 ms AWM, 4.0 OpenEnv" if era.startswith("modern") else ""
            what = f"a call over MCP HTTP, {era}: over the bare SDK's ({our_best:.3g} ms in all)"
            figures.append(Figure(what, our_best - theirs, "ms", 0.25, peers=peers))
    return figures


async def server_ms(pid: int, urls: list[str], params: dict[str, Any], headers: str) -> float:
    """The server's CPU milliseconds a call, under as many clients as there are URLs."""
    body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    before = cpu_seconds(pid)
    async with anyio.create_task_group() as tasks:
        for url in urls:
            tasks.start_soon(client, url, body, headers, CALLS // len(urls))
    return (cpu_seconds(pid) - before) / CALLS * 1000


async def client(url: str, body: bytes, headers: str, calls: int) -> None:
    """Post the same body again and again on one connection."""
    host, port, path = re.match(r"http://([^:]+):(\d+)(.*)", url).groups()  # type: ignore[union-attr]
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n"
        f"accept: application/json, text/event-stream\r\n{headers}content-length: {len(body)}\r\n\r\n"
    ).encode()
    async with await anyio.connect_tcp(host, int(port)) as stream:
        for _ in range(calls):
            await stream.send(head + body)
            answer = await stream.receive()
            while b"\r\n\r\n" not in answer:
                answer += await stream.receive()
            start, rest = answer.split(b"\r\n\r\n", 1)
            length = int(re.search(rb"content-length: (\d+)", start)[1])  # type: ignore[index]
            while len(rest) < length:
                rest += await stream.receive()
            if b"200 OK" not in start or b'"isError":true' in rest or b'"error"' in rest:
                raise SystemExit(f"the server at {url} answered {answer.decode()}")


@asynccontextmanager
async def bare_server() -> AsyncGenerator[tuple[int, str]]:
    """Start the bare server."""
    port = free_port()
    script = Path(__file__).with_name("bare_sdk.py")
    async with started([sys.executable, str(script), str(port)], f"http://127.0.0.1:{port}/mcp") as pid:
        yield pid, f"http://127.0.0.1:{port}/mcp"


@asynccontextmanager
async def our_server() -> AsyncGenerator[tuple[int, list[str]]]:
    """Start `toolworld serve library` on a durable store, with an episode for each client."""
    with tempfile.TemporaryDirectory() as folder:
        base = f"http://127.0.0.1:{free_port()}"
        command = str(Path(sys.executable).with_name("toolworld"))
        options = ["serve", "library", "--http", base.removeprefix("http://"), "--store", f"{folder}/s.sqlite"]
        async with started([command, *options], f"{base}/environments") as pid, httpx.AsyncClient() as api:
            opened = [await api.post(f"{base}/episodes", json={"environment": "library"}) for _ in range(CLIENTS)]
            yield pid, [episode.json()["mcp_url"] for episode in opened]


@asynccontextmanager
async def started(command: list[str], url: str) -> AsyncGenerator[int]:
    """Run a server until the end of the block, once it answers."""
    process = await anyio.open_process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        async with httpx.AsyncClient() as api:
            while time.monotonic() < deadline:
                try:
                    await api.get(url)
                    break
                except httpx.ConnectError:
                    await anyio.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
