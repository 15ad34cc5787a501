"""Figures of thousands of environments in one process."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
import httpx
import orjson
from tests.benchmarks.figures import Figure
from tests.benchmarks.over_http import META, free_port

from toolworld.environments import load_environments

ENVIRONMENTS, TOOLS = 6_800, 73_883
FIRST: dict[str, Any] = {"name": "tool_0", "arguments": {"query": "the"}, "_meta": META}


def measure_many_environments() -> list[Figure]:
    """Serve 6,800 environments with 73,883 tools from one process, and make a first call."""
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "many.jsonl"
        write_pack(pack)
        command = [sys.executable, "-c", "from toolworld.cli import main; main()", "serve", str(pack)]
        best, memory = float("inf"), 0.0
        for _ in range(3):
            port = free_port()
            started = time.monotonic()
            with subprocess.Popen([*command, "--http", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL) as process:
                try:
                    anyio.run(first_call, port)
                    best = min(best, time.monotonic() - started)
                    memory = resident_mib(process.pid)
                finally:
                    process.terminate()
    what = "6,800 environments, 73,883 tools in one process"
    return [
        Figure(f"{what}: first call after start (wall clock)", best, "s", 1.5, peers="one process each, AWM"),
        Figure(f"{what}: memory then", memory, "MiB", 150),
    ]


def write_pack(path: Path) -> None:
    """Write so many environments of 10 or 11 tools, each with the library's state and tools of its catalogue."""
    [library] = load_environments(["library"])
    raw: dict[str, Any] = library.model_dump(mode="json")
    shown = [tool for tool in raw["tools"] if tool["name"] in ("search_catalogue", "get_title")]
    tools = [{**shown[nth % 2], "name": f"tool_{nth}", "function": shown[nth % 2]["name"]} for nth in range(11)]
    with path.open("wb") as file:
        left = TOOLS
        for number in range(ENVIRONMENTS):
            many = -(-left // (ENVIRONMENTS - number))
            left -= many
            file.write(orjson.dumps({**raw, "id": f"library_{number}", "tools": tools[:many], "rules": []}) + b"\n")
    assert left == 0


async def first_call(port: int) -> None:
    """Call a tool of one of the environments, as soon as the server answers."""
    url = f"http://127.0.0.1:{port}/environments/library_{ENVIRONMENTS - 7}/mcp"
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": FIRST}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": FIRST["name"]}
    headers["accept"] = "application/json, text/event-stream"
    async with httpx.AsyncClient(timeout=30) as http:
        while True:
            try:
                answer = await http.post(url, json=message, headers=headers)
            except httpx.ConnectError:
                await anyio.sleep(0.01)
                continue
            assert answer.status_code == 200 and not answer.json()["result"]["isError"], answer.text
            return


def resident_mib(pid: int) -> float:
    """The resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
