"""Clients of other makers, in both protocol eras: the TypeScript SDK's two lines and the MCP Inspector's CLI."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import pytest

from toolworld.datasets import TaskSuite
from toolworld.server import open_episodes

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
SCRIPTS = Path(os.environ.get("TOOLWORLD_SHARED", ROOT.parent / "shared")) / "tools" / "mcp"
Serving = Callable[..., AbstractAsyncContextManager[str]]
FIND = ("find_patron", '{"name": "Amira Okafor", "postcode": "RV3 2LN"}')


@pytest.fixture(scope="session")
def clients(packages: Path) -> Path:
    """The folder of the packages, where the scripts that use them are at hand."""
    if not SCRIPTS.is_dir():
        pytest.skip("the client scripts are not on this machine (set TOOLWORLD_SHARED to the folder that holds tools/)")
    return packages


async def said(*command: str) -> str:
    """Run a client and give what it prints; a failure shows everything it said."""
    done = await anyio.run_process(command, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode()


def check_answer(answer: dict[str, Any], protocol: str) -> None:
    assert answer["protocol"] == protocol
    assert answer["server"]["name"] == "library"
    assert answer["tools"] == 16
    assert not answer["isError"]
    assert answer["structured"]["patron_id"] == "B2040"


@pytest.mark.parametrize("connection", ["episodes", "environments"])
@pytest.mark.parametrize(
    ("script", "mode", "protocol"),
    [
        ("ts_client_v1.mjs", (), "2025-11-25"),
        ("ts_client_v2.mjs", ("legacy",), "2025-11-25"),
        ("ts_client_v2.mjs", ("auto",), "2026-07-28"),
        ("ts_client_v2.mjs", ("2026-07-28",), "2026-07-28"),
    ],
)
async def test_the_typescript_sdk_lists_and_calls_over_http(
    node: str,
    clients: Path,
    library_suite: TaskSuite,
    serving: Serving,
    connection: str,
    script: str,
    mode: tuple[str, ...],
    protocol: str,
) -> None:
    async with open_episodes(library_suite.environments) as episodes, serving(episodes) as base:
        place = (await episodes.open("library")).row.id if connection == "episodes" else "library"
        url = f"{base}/{connection}/{place}/mcp"
        printed = await said(node, str(SCRIPTS / script), str(clients), url, *FIND, *mode)
    check_answer(json.loads(printed), protocol)


async def test_the_inspector_lists_calls_and_lints_over_http(
    node: str, clients: Path, library_suite: TaskSuite, serving: Serving
) -> None:
    async with open_episodes(library_suite.environments) as episodes, serving(episodes) as base:
        url = f"{base}/episodes/{(await episodes.open('library')).row.id}/mcp"
        printed = await said(*inspector(node, clients), "--url", url)
    check_inspector(printed)


async def test_the_inspector_lists_calls_and_lints_over_stdio(node: str, clients: Path, command: list[str]) -> None:
    printed = await said(*inspector(node, clients), "--stdio", shlex.join([*command, "serve", "library", "--stdio"]))
    check_inspector(printed)


def inspector(node: str, clients: Path) -> list[str]:
    script = str(SCRIPTS / "inspector_check.py")
    return [
        sys.executable,
        script,
        "--node",
        node,
        "--node-modules",
        str(clients),
        "--tool",
        FIND[0],
        "--args",
        FIND[1],
    ]


def check_inspector(printed: str) -> None:
    for era in ("legacy", "auto", "modern"):
        assert f"{era:7s} tools/list rc=0 tools=16" in printed
        assert f"{era:7s} tools/call rc=0" in printed
    assert "schema portability rc=0" in printed
    assert "B2040" in printed


async def test_the_official_sdk_starts_the_server_itself_from_a_pasted_configuration(
    clients: Path, node: str, command: list[str], tmp_path: Path
) -> None:
    """What a host program does with `{"command": ..., "args": ...}`, through the TypeScript SDK's stdio transport."""
    script = tmp_path / "stdio.mjs"
    script.write_text(
        """
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const [parent, configuration] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(createRequire(pathToFileURL(parent + "/")).resolve(name)));
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");
const client = new Client({ name: "host", version: "0" });
await client.connect(new StdioClientTransport(JSON.parse(configuration)));
const { tools } = await client.listTools();
const r = await client.callTool({ name: "find_patron", arguments: { name: "Amira Okafor", postcode: "RV3 2LN" } });
console.log(JSON.stringify({ protocol: "2025-11-25", server: client.getServerVersion(), tools: tools.length,
                             isError: r.isError ?? false, structured: r.structuredContent }));
await client.close();
"""
    )
    configuration = {"command": command[0], "args": ["serve", "library", "--stdio"]}
    printed = await said(node, str(script), str(clients), json.dumps(configuration))
    check_answer(json.loads(printed), "2025-11-25")
