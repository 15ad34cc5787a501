"""Between a client and a real MCP server: what the client asks goes on to the server, and all of it is recorded.

Tools are recorded, with their lists and calls. Resources, prompts and what a server asks of its client are not
passed on.
"""

import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import httpx2
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from toolworld.environments import CapturedServer, CaptureWriter
from toolworld.ground import JsonObject, UsageError, is_secret_name, reason_of, secrets_of
from toolworld.server.security.origin import KnownHosts

START_SECONDS = 60
"""How long a server may take to start and to list its tools."""
CALL_SECONDS = 600
"""How long one of its calls may take."""
STOP_SECONDS = 5
"""How long one may take to end."""
MAX_REQUEST_BYTES = 4 << 20
"""Of a request over HTTP."""
MAX_LISTED = 5_000
"""How many of its tools are listed."""
Context = ServerRequestContext[Any, Any]
ToolCall = types.CallToolRequest


class Recorder:
    """Answers one server's clients with what the server answers, and writes it down.

    Args:
        client: A connection to the server.
        capture: What is written.
    """

    def __init__(self, client: Client, capture: CaptureWriter) -> None:
        self._client = client
        self._capture = capture
        self._tools: list[types.Tool] = []

    async def introduce(self) -> None:
        """Record what the server says of itself, and its tools.

        Raises:
            UsageError: it does not list them.
        """
        told = self._client.server_info
        self._capture.introduce(
            CapturedServer(
                name=told.name if told else "server",
                title=told.title if told else None,
                version=told.version if told else "",
                instructions=self._client.instructions or "",
            )
        )
        try:
            await self._list()
        except (MCPError, TimeoutError, ValidationError) as problem:
            raise UsageError(f"the server does not list its tools: {reason_of(problem)}") from None

    def server(self) -> Server[Any]:
        """The MCP server that clients talk to."""
        told = self._client.server_info
        return Server(
            told.name if told else "server",
            version=told.version if told else "",
            instructions=self._client.instructions,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )

    async def _list(self) -> None:
        tools: list[types.Tool] = []
        cursor: str | None = None
        with anyio.fail_after(START_SECONDS):
            while len(tools) < MAX_LISTED:
                page = await self._client.list_tools(cursor=cursor, cache_mode="bypass")
                tools += page.tools
                cursor = page.next_cursor
                if not cursor:
                    break
        self._tools = tools
        self._capture.list_tools([_plain(one) for one in tools])

    async def _list_tools(self, _: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        del params
        try:
            await self._list()
        except TimeoutError:
            raise MCPError(types.INTERNAL_ERROR, "the server did not list its tools in time") from None
        return types.ListToolsResult(tools=self._tools)

    async def _call_tool(self, _: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        number = self._capture.next_number()
        arguments = params.arguments or {}
        request = ToolCall(params=types.CallToolRequestParams(name=params.name, arguments=arguments))
        try:
            # not `Client.call_tool`, which holds results against the schemas: a twin is like its server, right or wrong
            with anyio.fail_after(CALL_SECONDS):
                result = await self._client.session.send_request(request, types.CallToolResult)
        except MCPError as problem:
            if problem.code != types.CONNECTION_CLOSED:  # that is what the SDK says when the server is gone
                self._capture.answer(number, params.name, arguments, {"error": _plain(problem.error)})
            raise
        except ValidationError:
            raise MCPError(types.INTERNAL_ERROR, "what the server answered is not of the protocol") from None
        except TimeoutError:
            late = MCPError(types.INTERNAL_ERROR, f"the server did not answer in {CALL_SECONDS} s")
            self._capture.answer(number, params.name, arguments, {"error": _plain(late.error)})
            raise late from None
        self._capture.answer(number, params.name, arguments, _plain(result))
        return result


def _plain(value: BaseModel) -> JsonObject:
    """A value of the protocol as JSON."""
    plain: JsonObject = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    meta = plain.pop("_meta", None)
    left = (
        {name: one for name, one in meta.items() if name != types.SERVER_INFO_META_KEY}
        if isinstance(meta, dict)
        else {}
    )
    return {**plain, "_meta": left} if left else plain  # which server says it is no part of an answer


@dataclass(frozen=True, slots=True)
class ServerToRecord:
    """A server, and how it is reached."""

    place: str | tuple[str, ...]
    """Its URL, or the command that starts it with its arguments."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Sent to a URL with each request."""
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables of a command."""

    @property
    def name(self) -> str:
        """What error messages call it."""
        return self.place if isinstance(self.place, str) else self.place[0]

    @property
    def secrets(self) -> frozenset[str]:
        """The texts that are masked wherever they stand."""
        given = () if isinstance(self.place, str) else self.place
        named = {one.partition("=")[0]: one.partition("=")[2] for one in given if "=" in one}
        named |= {flag: value for flag, value in pairwise(given) if flag.startswith("-")}
        found = secrets_of(self.variables) | secrets_of(self.headers) | secrets_of(named)
        return found | frozenset(_credentials(self.headers))


def _credentials(headers: Mapping[str, str]) -> list[str]:
    """The last words of headers that are secrets, and cookies: `Bearer KEY` is no secret as a whole."""
    secret = {name: value for name, value in headers.items() if is_secret_name(name) or name.lower() == "cookie"}
    return [value.split()[-1] for value in secret.values() if value.strip()]


@asynccontextmanager
async def open_recorder(server: ServerToRecord, out: Path) -> AsyncGenerator[Recorder]:
    """Connect to a server, and begin its recording.

    Args:
        server: The server.
        out: The file of the recording, a new one.

    Raises:
        UsageError: no MCP server answers there.
        RecordError: the recording cannot be written.
    """
    async with (
        httpx2.AsyncClient(headers=dict(server.headers), timeout=CALL_SECONDS) as http,
        _connected(server, _client(server, http)) as client,
    ):
        with CaptureWriter(out, server.secrets) as capture:
            recorder = Recorder(client, capture)
            await recorder.introduce()
            yield recorder


@asynccontextmanager
async def _connected(server: ServerToRecord, client: Client) -> AsyncGenerator[Client]:
    """Connect to a server in time.

    Raises:
        UsageError: no MCP server answers there.
    """
    # One scope around all of it, whose deadline is taken away: what the client starts must end inside the scope.
    with anyio.CancelScope(deadline=anyio.current_time() + START_SECONDS) as scope:
        try:
            await client.__aenter__()
        except Exception as problem:  # noqa: BLE001 - whatever a stranger's server does is no fault of ours
            raise UsageError(f"{server.name}: no MCP server answers there: {reason_of(problem)}") from None
        scope.deadline = math.inf
        try:
            yield client
        finally:
            scope.deadline = anyio.current_time() + STOP_SECONDS
            await client.__aexit__(None, None, None)
    if scope.cancelled_caught and scope.deadline < math.inf:
        raise UsageError(f"{server.name}: no MCP server answered there in {START_SECONDS} s")


def _client(server: ServerToRecord, http: httpx2.AsyncClient) -> Client:
    if isinstance(server.place, str):
        return Client(streamable_http_client(server.place, http_client=http))
    command, *arguments = server.place
    return Client(StdioServerParameters(command=command, args=arguments, env=dict(server.variables), cwd=Path.cwd()))


async def record_stdio(recorder: Recorder) -> None:
    """Serve one client on this process's stdin and stdout until it closes them."""
    server = recorder.server()
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


class _Endpoint:
    """The transport as an application of its own, which is not given a request but what it is made of."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._manager.handle_request(scope, receive, send)


def recording_app(recorder: Recorder) -> Starlette:
    """The recorder as an application that answers at `/mcp`; all its clients share one connection to the server."""
    manager = StreamableHTTPSessionManager(
        recorder.server(),
        json_response=True,
        stateless=True,
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # that is `KnownHosts`
        max_request_body_size=MAX_REQUEST_BYTES,
    )

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncGenerator[None]:
        async with manager.run():
            yield

    return Starlette(
        routes=[Route("/mcp", endpoint=_Endpoint(manager)), Route("/mcp/", endpoint=_Endpoint(manager))],
        middleware=[Middleware(KnownHosts, (), False)],
        lifespan=running,
    )
