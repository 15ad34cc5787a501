"""MCP for all environments with one low-level `Server`: what it shows depends on the door a client came in by.

The transport (HTTP endpoint, stdio, in memory) resolves the episode and enters its `Door` before
the SDK is called; the handlers find it in a context variable, which every task of the request
inherits. Protocol, sessions and wire formats are the SDK's.
"""

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from pydantic import JsonValue

from toolworld.environments import Call, Environment, Event, ToolSpec, words
from toolworld.ground import AccessError, EncodingError, StoreError, ToolworldError, encode
from toolworld.server.episode import Episode

Context = ServerRequestContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Door:
    """Where a client has come in: an environment, the episode its calls go to, and a word about it."""

    environment: Environment
    episode: Callable[[], Awaitable[Episode]]
    note: str = ""
    """Added to the instructions: what a client must know about this door."""

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


def door_to(episode: Episode, note: str = "") -> Door:
    """Give the door to an episode that is at hand."""

    async def at_hand() -> Episode:
        return episode

    return Door(episode.runtime.environment, at_hand, note)


def build_mcp_server(version: str) -> Server[Any]:
    """Build the server. It has no state of its own."""
    tools = ToolLists()

    async def list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return tools.of(_door.get().environment)

    server: Server[Any] = Server(
        "toolworld",
        version=version,
        on_list_tools=list_tools,
        on_call_tool=_call_tool,
        get_tool_input_schema=_input_schema,
    )
    server.middleware.append(_introduce)
    return server


class ToolLists:
    """The `tools/list` answers, built once for each environment."""

    def __init__(self) -> None:
        self._built: dict[tuple[str, str], types.ListToolsResult] = {}

    def of(self, environment: Environment) -> types.ListToolsResult:
        """Give the list of an environment's tools."""
        place = (environment.id, environment.version)
        if place not in self._built:
            listed = [_listed(tool) for tool in environment.tools]
            self._built[place] = types.ListToolsResult(tools=listed, ttl_ms=0, cache_scope="private")
        return self._built[place]


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
        return _error(event.failure.message)
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
        title=words(tool.name).capitalize(),
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


async def _call_tool(_: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    door = _door.get()
    tool = door.environment.tool(params.name)
    if tool is None:
        names = ", ".join(tool.name for tool in door.environment.tools)
        message = f"environment {door.environment.id} has no tool {params.name!r}; its tools: {names}"
        raise MCPError(types.INVALID_PARAMS, message)
    try:
        episode = await door.episode()
        return answer(tool, await episode.call(Call(name=params.name, arguments=params.arguments or {})))
    except StoreError as problem:
        raise MCPError(types.INTERNAL_ERROR, f"the call was not made: {problem}") from problem
    except AccessError as problem:
        return _error(str(problem))
    except EncodingError as problem:
        return _error(f"invalid arguments for {params.name}: {problem}")
    except ToolworldError as problem:
        raise MCPError(types.INTERNAL_ERROR, str(problem)) from problem


def _input_schema(name: str) -> Mapping[str, Any] | None:
    tool = _door.get().environment.tool(name)
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
