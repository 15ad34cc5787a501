"""The tools of running MCP servers: listed by a real client, over stdio and over HTTP, and never called."""

import shlex
import sys
from pathlib import Path

import pytest
from tests.support.served import Served

from toolworld.environments import FoundToolset, compile_toolset
from toolworld.environments.importers.mcp_server import read_mcp_server
from toolworld.ground import UsageError


def names(found: FoundToolset) -> set[str]:
    assert found.toolset is not None and {one.outcome for one in found.items} == {"imported"}
    return {one.name for one in found.toolset.operations}


async def test_a_command_that_starts_a_server_is_asked_for_its_tools(tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite"
    script = "from toolworld.cli import main; main()"
    command = [sys.executable, "-c", script, "serve", "library", "--stdio", "--store", str(store)]
    found = await read_mcp_server(shlex.join(command))
    assert found.toolset is not None and len(names(found)) == 16
    renew = next(one for one in found.toolset.operations if one.name == "renew_loan")
    assert [one.name for one in renew.parameters if one.required] == ["loan_id"]
    environment = compile_toolset(found.toolset).environment
    assert {tool.name for tool in environment.tools} == names(found)


async def test_a_server_over_http_is_asked_for_its_tools(tmp_path: Path) -> None:
    with Served(["library"], tmp_path / "s.sqlite", tmp_path / "log", "--open") as served:
        found = await read_mcp_server(f"http://127.0.0.1:{served.port}/environments/library/mcp")
    assert len(names(found)) == 16


@pytest.mark.parametrize("place", ["http://127.0.0.1:9/mcp", "no-such-command --x", f"{sys.executable} -c pass", ""])
async def test_a_place_where_no_server_answers_gets_one_sentence(place: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]*: no MCP server answers there: [^\n]+$"):
        await read_mcp_server(place)
