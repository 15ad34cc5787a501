"""MCP for all environments with one low-level `Server`: what it shows depends on the client's `Connection`.

Protocol, sessions and wire formats are the SDK's.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import anyio
import mcp_types as types
from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import REQUEST_CANCELLED

from toolworld.environments import Call, ToolSpec
from toolworld.ground import (
    ClosedError,
    EncodingError,
    NotFoundError,
    StoreError,
    ToolworldError,
    task_group,
)
from toolworld.server.episodes.call_result import NOT_SIMULATED, UNSIMULATED
from toolworld.server.error_answers import told
from toolworld.server.mcp.connection import Connection, connected, current_connection
from toolworld.server.mcp.wire import ToolPages, wire_error, wire_result

PROGRESS_SECONDS = 1.0
"""How often a client that asked for progress is told that its call is being worked on."""

Context = ServerRequestContext[Any, Any]


def build_mcp_server(version: str, connection: Connection | None = None) -> Server[Any]:
    """Build the server. It has no state of its own.

    Args:
        version: Of toolworld.
        connection: The connection of all its clients; by default each request has the one that was
            made current with `connected`.
    """
    pages = ToolPages()

    async def list_tools(_: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return pages.page(current_connection.get(), params.cursor if params else None)

    server: Server[Any] = Server(
        "toolworld",
        version=version,
        on_list_tools=list_tools,
        on_call_tool=_call_tool,
        get_tool_input_schema=_input_schema,
    )
    if connection is not None:
        server.middleware.append(_always(connection))
    server.middleware.append(_introduce)
    return server


def _always(connection: Connection) -> ServerMiddleware[Any]:
    async def connect(ctx: Context, call_next: CallNext) -> HandlerResult:
        with connected(connection):
            return await call_next(ctx)

    return connect


async def _call_tool(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    connection = current_connection.get()
    tool = connection.tool(params.name)
    if tool is None:
        raise MCPError(types.INVALID_PARAMS, connection.environment.unknown_tool(params.name, connection.party))
    with connection.call_scope or nullcontext():
        if connection.slow:
            async with _reporting(ctx):
                return await call_tool(connection, tool, params.arguments or {})
        return await call_tool(connection, tool, params.arguments or {})
    raise MCPError(REQUEST_CANCELLED, "the call was cancelled")


async def call_tool(connection: Connection, tool: ToolSpec, arguments: dict[str, Any]) -> types.CallToolResult:
    """Call a tool of an episode.

    Raises:
        MCPError: the call was not made, because the store or a simulator's model failed.
    """
    try:
        episode = await connection.episode()
        return wire_result(tool, await episode.call(Call(name=tool.name, arguments=arguments)))
    except StoreError as problem:
        raise MCPError(types.INTERNAL_ERROR, told(problem)) from problem
    except (NotFoundError, ClosedError) as problem:
        return wire_error(str(problem))
    except EncodingError as problem:
        return wire_error(f"invalid arguments for {tool.name}: {problem}")
    except UNSIMULATED as problem:
        raise MCPError(types.INTERNAL_ERROR, NOT_SIMULATED) from problem
    except ToolworldError as problem:
        raise MCPError(types.INTERNAL_ERROR, told(problem)) from problem


@asynccontextmanager
async def _reporting(ctx: Context) -> AsyncGenerator[None]:
    """Report every second that the call is being worked on."""

    async def report() -> None:
        seconds = 0.0
        while True:
            await anyio.sleep(PROGRESS_SECONDS)
            seconds += PROGRESS_SECONDS
            await ctx.session.report_progress(seconds, message="the call is being simulated")

    async with task_group() as tasks:
        tasks.start_soon(report)
        try:
            yield
        finally:
            tasks.cancel_scope.cancel()


def _input_schema(name: str) -> Mapping[str, Any] | None:
    tool = current_connection.get().tool(name)
    return tool.input_schema if tool else None


async def _introduce(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Present the environment instead of the server, in both protocol eras: its name, version and policy."""
    result = await call_next(ctx)
    if not isinstance(result, dict):
        return result
    connection = current_connection.get()
    environment = connection.environment
    identity = {"name": environment.id, "title": environment.title, "version": environment.version}
    shown: dict[str, Any] = dict(result)
    if ctx.method == "initialize":
        shown["serverInfo"] = identity
    if ctx.method in ("initialize", "server/discover"):
        shown["instructions"] = connection.instructions
    meta = shown.get("_meta")
    if isinstance(meta, dict) and types.SERVER_INFO_META_KEY in meta:
        shown["_meta"] = {**meta, types.SERVER_INFO_META_KEY: identity}
    return shown
