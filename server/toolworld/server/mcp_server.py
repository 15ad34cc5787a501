"""MCP for all environments with one low-level `Server`: what it shows depends on the door a client came in by.

The transport (HTTP endpoint, stdio, in memory) resolves the episode and enters its `Door` before
the SDK is called; the handlers find it in a context variable, which every task of the request
inherits. Protocol, sessions and wire formats are the SDK's.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import anyio
import mcp_types as types
from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.lowlevel import Server

from toolworld.environments import Call, Environment, Event, Party, ToolSpec
from toolworld.ground import (
    EncodingError,
    JsonValue,
    NotFoundError,
    StoreError,
    ToolworldError,
    encode,
    humanize,
    task_group,
)
from toolworld.server.episode import Episode

PAGE = 200
"""Tools on a page of `tools/list`."""
LISTS = 512
"""Pages that are kept built."""
PROGRESS_SECONDS = 1.0
"""How often a client that asked for progress hears that its call is being worked on."""

VOID = {"toolworld/void": True}
"""On the answer of a call that nobody could simulate: the run says nothing about the agent any more."""

Context = ServerRequestContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Door:
    """Where a client has come in: an environment, the episode its calls go to, and a word about it."""

    environment: Environment
    episode: Callable[[], Awaitable[Episode]]
    note: str = ""
    """Added to the instructions: what a client must know about this door."""
    may_ask_model: bool = False
    """Whether a model may be asked to answer a call."""
    party: Party = "agent"
    """Whose tools it shows."""

    def tool(self, name: str) -> ToolSpec | None:
        """The tool of that name, if the party has it."""
        tool = self.environment.tool(name)
        return tool if tool is not None and tool.party == self.party else None

    @property
    def slow(self) -> bool:
        """Whether calls may take seconds: then answers come as a stream, with progress and keep-alive."""
        faults = self.environment.faults
        return self.may_ask_model or (faults is not None and faults.latency > 0)

    @property
    def instructions(self) -> str:
        """The policy, and the note."""
        return f"{self.environment.policy}\n\n{self.note}".strip()


_door: ContextVar[Door] = ContextVar("door")


@contextmanager
def entered(door: Door) -> Generator[None]:
    """Put everything that starts inside at this door."""
    token = _door.set(door)
    try:
        yield
    finally:
        _door.reset(token)


def door_to(episode: Episode, note: str = "", party: Party = "agent") -> Door:
    """Give a party's door to an episode that is at hand."""

    async def at_hand() -> Episode:
        return episode

    return Door(episode.runtime.environment, at_hand, note, episode.runtime.may_ask_model, party)


def build_mcp_server(version: str, door: Door | None = None) -> Server[Any]:
    """Build the server. It has no state of its own.

    Args:
        door: Where all its clients come in; by default each request is at the door that it was `entered` by.
    """
    tools = ToolLists()

    async def list_tools(_: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return tools.page(_door.get(), params.cursor if params else None)

    server: Server[Any] = Server(
        "toolworld",
        version=version,
        on_list_tools=list_tools,
        on_call_tool=_call_tool,
        get_tool_input_schema=_input_schema,
    )
    if door is not None:
        server.middleware.append(_always_at(door))
    server.middleware.append(_introduce)
    return server


def _always_at(door: Door) -> ServerMiddleware[Any]:
    async def enter(ctx: Context, call_next: CallNext) -> HandlerResult:
        with entered(door):
            return await call_next(ctx)

    return enter


class ToolLists:
    """The `tools/list` answers, page by page; those of the environments used last are kept."""

    def __init__(self) -> None:
        self._built: OrderedDict[tuple[str, str, int], types.ListToolsResult] = OrderedDict()

    def page(self, door: Door, cursor: str | None) -> types.ListToolsResult:
        """Give a page of the list of an environment's tools; the cursor is where it begins.

        Raises:
            MCPError: the cursor is none that an earlier page gave.
        """
        environment, shown = door.environment, door.environment.tools_of(door.party)
        start = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() and len(cursor) < 9 else 0
        if cursor is not None and (start % PAGE or not 0 < start < len(shown) or str(start) != cursor):
            raise MCPError(types.INVALID_PARAMS, f"{cursor[:80]!r} is no cursor of this list")
        place = (environment.version, door.party, start)
        if place in self._built:
            self._built.move_to_end(place)
            return self._built[place]
        end = start + PAGE
        built = self._built[place] = types.ListToolsResult(
            tools=[_listed(tool) for tool in shown[start:end]],
            next_cursor=str(end) if end < len(shown) else None,
            ttl_ms=0,
            cache_scope="private",
        )
        if len(self._built) > LISTS:
            self._built.popitem(last=False)
        return built


def wire_schema(tool: ToolSpec) -> dict[str, Any] | None:
    """Give the output schema as MCP wants it: of an object, so that any other value stands under `result`."""
    schema = tool.output_schema
    if schema is None or schema.get("type") == "object":
        return schema
    inner = {name: part for name, part in schema.items() if name != "$defs"}
    wrapper: dict[str, Any] = {"type": "object", "properties": {"result": inner}, "required": ["result"]}
    return {**wrapper, "$defs": schema["$defs"]} if "$defs" in schema else wrapper  # where `#/$defs/...` finds them


def answer(tool: ToolSpec, event: Event) -> types.CallToolResult:
    """Put an event on the wire: text for models, structured content for programs."""
    if event.failure is not None:
        failed = _error(event.failure.message)
        return failed.model_copy(update={"meta": VOID}) if event.failure.kind == "simulator" else failed
    text = event.result if isinstance(event.result, str) else encode(event.result).decode()
    structured = event.result if _is_object(tool, event.result) else {"result": event.result}
    return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=structured)


def _is_object(tool: ToolSpec, value: JsonValue) -> bool:
    declared = tool.output_schema is None or tool.output_schema.get("type") == "object"
    return declared and isinstance(value, dict)


def _error(message: str) -> types.CallToolResult:
    """Give an error as text only: clients hold structured content against the output schema, errors included."""
    return types.CallToolResult(content=[types.TextContent(text=message)], is_error=True)


def _listed(tool: ToolSpec) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=humanize(tool.name).capitalize(),
        description=_described(tool),
        input_schema=tool.input_schema,
        output_schema=wire_schema(tool),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.effect == "read",
            destructive_hint=tool.effect == "write",
            open_world_hint=False,
        ),
    )


def _described(tool: ToolSpec) -> str:
    errors = "".join(f"\n- {error.code}: {error.when}" for error in tool.errors)
    return f"{tool.description}\n\nErrors:{errors}" if errors else tool.description


async def _call_tool(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    door = _door.get()
    tool = door.tool(params.name)
    if tool is None:
        names = ", ".join(tool.name for tool in door.environment.tools_of(door.party)[:PAGE])
        message = f"environment {door.environment.id} has no tool {params.name[:80]!r}; its tools: {names}"
        raise MCPError(types.INVALID_PARAMS, message)
    try:
        episode = await door.episode()
        call = Call(name=params.name, arguments=params.arguments or {})
        if door.slow:
            async with _reporting(ctx):
                return answer(tool, await episode.call(call))
        return answer(tool, await episode.call(call))
    except StoreError as problem:
        raise MCPError(types.INTERNAL_ERROR, f"the call was not made: {problem}") from problem
    except NotFoundError as problem:
        return _error(str(problem))
    except EncodingError as problem:
        return _error(f"invalid arguments for {params.name}: {problem}")
    except ToolworldError as problem:
        raise MCPError(types.INTERNAL_ERROR, str(problem)) from problem


@asynccontextmanager
async def _reporting(ctx: Context) -> AsyncGenerator[None]:
    """Tell the client every second that its call is being worked on."""

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
    tool = _door.get().tool(name)
    return tool.input_schema if tool else None


async def _introduce(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Let each environment present itself: its name, version and policy, in both protocol eras."""
    result = await call_next(ctx)
    if not isinstance(result, dict):
        return result
    door = _door.get()
    identity = {"name": door.environment.id, "title": door.environment.title, "version": door.environment.version}
    shown: dict[str, Any] = dict(result)
    if ctx.method == "initialize":
        shown["serverInfo"] = identity
    if ctx.method in ("initialize", "server/discover"):
        shown["instructions"] = door.instructions
    meta = shown.get("_meta")
    if isinstance(meta, dict) and types.SERVER_INFO_META_KEY in meta:
        shown["_meta"] = {**meta, types.SERVER_INFO_META_KEY: identity}
    return shown
