"""A recorder between a client and a server: what comes back is what the server said, and all of it is written."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import mcp_types as types
import pytest
from mcp import Client, MCPError
from mcp.server.lowlevel import Server

from toolworld.environments import CaptureWriter, read_capture
from toolworld.ground import UsageError
from toolworld.server import Recorder, ServerToRecord, open_recorder, recording_app


def odd_server() -> Server[Any]:
    """A server that violates its own schemas, answers with a picture, and refuses."""

    async def list_tools(_: Any, params: Any) -> types.ListToolsResult:
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        odd = types.Tool(name="odd", title="Odd", input_schema={"type": "object"}, output_schema=schema)
        return types.ListToolsResult(tools=[odd])

    async def call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        match (params.arguments or {}).get("say"):
            case "picture":
                return types.CallToolResult(content=[types.ImageContent(data="eA==", mime_type="image/png")])
            case "no":
                raise MCPError(-32050, "not now", {"again": True})
            case _:
                return types.CallToolResult(content=[types.TextContent(text="{}")], structured_content={})

    return Server("odd", version="7", instructions="Be odd.", on_list_tools=list_tools, on_call_tool=call_tool)


@asynccontextmanager
async def recording(path: Path) -> AsyncGenerator[Client]:
    async with Client(odd_server()) as upstream:
        with CaptureWriter(path) as capture:
            recorder = Recorder(upstream, capture)
            await recorder.introduce()
            async with Client(recorder.server()) as client:
                yield client


async def test_a_client_gets_what_the_server_says_even_where_that_is_wrong(tmp_path: Path) -> None:
    async with recording(tmp_path / "c.jsonl") as client:
        assert client.instructions == "Be odd."
        [tool] = (await client.list_tools()).tools
        assert (tool.name, tool.title) == ("odd", "Odd")
        # the client's own check would refuse the result, which does not match its schema
        wrong = await client.session.send_request(
            types.CallToolRequest(params=types.CallToolRequestParams(name="odd", arguments={})), types.CallToolResult
        )
        assert wrong.structured_content == {}
        seen = await client.session.send_request(
            types.CallToolRequest(params=types.CallToolRequestParams(name="odd", arguments={"say": "picture"})),
            types.CallToolResult,
        )
        assert seen.content[0].type == "image"
        with pytest.raises(MCPError, match="not now"):
            await client.call_tool("odd", {"say": "no"})
    capture = read_capture(tmp_path / "c.jsonl")
    assert (capture.server.name, capture.server.instructions) == ("odd", "Be odd.")
    assert [*capture.tools] == ["odd"]
    answers = [one.answer for one in capture.calls]
    assert answers[2] == {"error": {"code": -32050, "message": "not now", "data": {"again": True}}}
    assert answers[0] is not None and "_meta" not in answers[0]  # which server it was is no part of the answer


@pytest.mark.parametrize("place", [("no-such-command-at-all",), "http://127.0.0.1:9/mcp"])
async def test_where_no_server_answers_one_sentence_says_so(tmp_path: Path, place: Any) -> None:
    with pytest.raises(UsageError, match="no MCP server answers there"):
        async with open_recorder(ServerToRecord(place), tmp_path / "c.jsonl"):
            pass


def test_what_a_server_is_given_is_masked() -> None:
    server = ServerToRecord("http://x", {"Authorization": "Bearer abcdefgh123"}, {"MY_TOKEN": "zyxwvuts"})
    assert server.secrets >= {"abcdefgh123", "zyxwvuts"}


async def test_over_http_only_this_machine_may_ask(tmp_path: Path, serve_app: Any) -> None:
    async with Client(odd_server()) as upstream:
        with CaptureWriter(tmp_path / "c.jsonl") as capture:
            recorder = Recorder(upstream, capture)
            await recorder.introduce()
            async with serve_app(recording_app(recorder), lifespan="on") as url, httpx.AsyncClient() as http:
                for headers, status in (({"host": "evil.example"}, 421), ({"origin": "http://evil.example"}, 403)):
                    assert (await http.post(f"{url}/mcp", json={}, headers=headers)).status_code == status


async def test_a_server_that_does_not_list_its_tools_is_one_sentence(tmp_path: Path) -> None:
    async def list_tools(_: Any, params: Any) -> types.ListToolsResult:
        raise MCPError(-32000, "no list today")

    async with Client(Server("mute", on_list_tools=list_tools)) as upstream:
        with CaptureWriter(tmp_path / "c.jsonl") as capture:
            with pytest.raises(UsageError, match="does not list its tools: no list today"):
                await Recorder(upstream, capture).introduce()
