"""The official conformance suite: all of it on the server that has every feature, what needs no fixtures on any."""

import json
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio
import pytest
from tests.foreign.conformance_server import PATH, conformance_route

from toolworld.datasets import TaskSuite
from toolworld.server import ResponseMode, open_episodes

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(300)]
Serving = Callable[..., AbstractAsyncContextManager[str]]
HANDSHAKE, MODERN = "2025-11-25", "2026-07-28"

ANYWHERE = {
    HANDSHAKE: {
        "server-initialize",
        "ping",
        "tools-list",
        "dns-rebinding-protection",
        "server-sse-multiple-streams",
    },
    MODERN: {
        "tools-list",
        "dns-rebinding-protection",
        "server-sse-multiple-streams",
        "sep-2164-resource-not-found",
        "input-required-result-unsupported-methods",
        "input-required-result-validate-input",
        "input-required-result-ignore-extra-params",
        "input-required-result-missing-input-response",
        "http-header-validation",
    },
}
"""The scenarios that need no fixtures."""

EXTENSION = {"tasks-", "sep-2640-"}
"""What is no part of the protocol but of extensions that neither the SDK nor we have."""

NEED_A_STREAM = {
    HANDSHAKE: {
        "elicitation-sep1034-defaults",
        "elicitation-sep1330-enums",
        "tools-call-elicitation",
        "tools-call-sampling",
        "tools-call-with-logging",
        "tools-call-with-progress",
    },
    MODERN: {"tools-call-with-progress"},
}
"""What one JSON document cannot carry: messages of the server before its answer."""


async def failing(node: str, packages: Path, url: str, era: str, out: Path) -> dict[str, list[str]]:
    """Run the scenarios of an era and give the failed checks of each."""
    suite = packages / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    command = [node, str(suite), "server", "--url", url, "--requirements", era, "-o", str(out)]
    await anyio.run_process(command, check=False)
    return failed_checks(out)


def failed_checks(out: Path) -> dict[str, list[str]]:
    """Read the suite's reports, `server-SCENARIO-TIME/checks.json`."""
    found: dict[str, list[str]] = {}
    for path in sorted(out.rglob("checks.json")):
        name = re.sub(r"-\d{4}-\d\d-\d\dT[^/]*$", "", path.parent.name.removeprefix("server-"))
        checks = json.loads(path.read_text())
        found[name] = [check["id"] for check in checks if check["status"] == "FAILURE"]
    return found


@pytest.mark.parametrize("era", [HANDSHAKE, MODERN])
@pytest.mark.parametrize("mode", ["auto", "stream", "json"])
async def test_the_conformance_server_passes_every_scenario_of_the_protocol(
    node: str, packages: Path, serving: Serving, tmp_path: Path, mode: ResponseMode, era: str
) -> None:
    route, suite = conformance_route(mode)
    async with open_episodes([]) as episodes, suite.run(), serving(episodes, mode=mode, extra_routes=[route]) as base:
        found = await failing(node, packages, f"{base}{PATH}", era, tmp_path)
    excused = NEED_A_STREAM[era] if mode == "json" else set[str]()
    broken = {name for name, failed in found.items() if failed and not name.startswith(tuple(EXTENSION))}
    assert broken == excused
    assert len(found) >= {HANDSHAKE: 33, MODERN: 50}[era]


@pytest.mark.parametrize("era", [HANDSHAKE, MODERN])
@pytest.mark.parametrize("mode", ["auto", "stream", "json"])
async def test_any_environment_passes_the_scenarios_that_need_no_fixtures(
    node: str,
    packages: Path,
    serving: Serving,
    library_suite: TaskSuite,
    tmp_path: Path,
    mode: ResponseMode,
    era: str,
) -> None:
    async with open_episodes(library_suite.runtimes) as episodes, serving(episodes, mode=mode) as base:
        found = await failing(node, packages, f"{base}/environments/library/mcp", era, tmp_path)
    assert found.keys() >= ANYWHERE[era]
    assert {name: found[name] for name in ANYWHERE[era] if found[name]} == {}
