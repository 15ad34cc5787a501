"""The least that a server on the MCP SDK can do: ten tools, a dictionary, no validation, no store. For comparison."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"patron_id": {"type": "string"}}}
TOOLS = [types.Tool(name=f"tool_{n}", description="A tool.", input_schema=SCHEMA) for n in range(9)]
TOOLS.append(types.Tool(name="get_patron", description="A tool.", input_schema=SCHEMA))
STATE: dict[str, int] = {}


async def list_tools(_: Any, __: Any) -> types.ListToolsResult:
    return types.ListToolsResult(tools=TOOLS, ttl_ms=0, cache_scope="private")


async def call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    STATE[params.name] = STATE.get(params.name, 0) + 1
    content: list[types.ContentBlock] = [types.TextContent(text='{"calls": 1}')]
    return types.CallToolResult(content=content, structured_content={"calls": STATE[params.name]})


server: Server[Any] = Server(
    "bare", on_list_tools=list_tools, on_call_tool=call_tool, get_tool_input_schema=lambda _: SCHEMA
)
manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True)


class Endpoint:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await manager.handle_request(scope, receive, send)


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncGenerator[None]:
    async with manager.run():
        yield


app = Starlette(routes=[Route("/mcp", Endpoint(), methods=["POST"])], lifespan=lifespan)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
