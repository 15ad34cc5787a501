"""Tools and results as MCP has them."""

from collections import OrderedDict

import mcp_types as types
from mcp import MCPError

from toolworld.environments import Event, ResultForm, ToolSpec
from toolworld.ground import JsonObject, JsonValue
from toolworld.server.episodes.call_result import CallResult
from toolworld.server.episodes.shown_tool import shown_tool
from toolworld.server.mcp.connection import Connection

VOID_KEY = "toolworld/void"
"""Set in the `_meta` of a result whose call broke its simulator: the run says nothing about the agent any more."""

PAGE_TOOLS = 200
"""Tools on a page of `tools/list`."""
MAX_PAGES = 512
"""Pages that are kept built."""


class ToolPages:
    """The `tools/list` results, page by page; those of the environments used most recently are kept."""

    def __init__(self) -> None:
        self._built: OrderedDict[tuple[str, str, int], types.ListToolsResult] = OrderedDict()

    def page(self, connection: Connection, cursor: str | None) -> types.ListToolsResult:
        """A page of the tools of a connection; the cursor is the position where it begins.

        Raises:
            MCPError: the cursor is not one that an earlier page gave.
        """
        tools = connection.tools
        start = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() and len(cursor) < 9 else 0
        if cursor is not None and (start % PAGE_TOOLS or not 0 < start < len(tools) or str(start) != cursor):
            raise MCPError(types.INVALID_PARAMS, f"{cursor[:80]!r} is no cursor of this list")
        key = (connection.environment.version, connection.party, start)
        if key in self._built:
            self._built.move_to_end(key)
            return self._built[key]
        end = start + PAGE_TOOLS
        built = self._built[key] = types.ListToolsResult(
            tools=[shown_tool(tool) for tool in tools[start:end]],
            next_cursor=str(end) if end < len(tools) else None,
            ttl_ms=0,
            cache_scope="private",
        )
        if len(self._built) > MAX_PAGES:
            self._built.popitem(last=False)
        return built


def wire_result(tool: ToolSpec, event: Event) -> types.CallToolResult:
    """An event as the result of `tools/call`: text for models, structured content for programs.

    Raises:
        MCPError: a recorded server answered with an error of the protocol.
    """
    if event.answer is not None:
        return _recorded(event.answer)
    if event.failure is not None:
        failed = wire_error(event.failure.message)
        return failed.model_copy(update={"meta": {VOID_KEY: True}}) if event.failure.kind == "simulator" else failed
    form = tool.result_form or ResultForm()
    text = (form.text(event.result) if tool.result_form else None) or CallResult.of(event).text
    content: list[types.ContentBlock] = [types.TextContent(text=text)]
    if not form.structured:
        return types.CallToolResult(content=content)
    structured = event.result if _is_object(tool, event.result) else {"result": event.result}
    return types.CallToolResult(content=content, structured_content=structured)


def _recorded(answer: JsonObject) -> types.CallToolResult:
    """The answer of a recorded server, as it gave it."""
    error = answer.get("error")
    if isinstance(error, dict) and "content" not in answer:
        raised = types.ErrorData.model_validate(error)
        raise MCPError(raised.code, raised.message, raised.data)
    return types.CallToolResult.model_validate(answer)


def wire_error(message: str) -> types.CallToolResult:
    """An error as text only: clients hold structured content against the output schema, errors included."""
    return types.CallToolResult(content=[types.TextContent(text=message)], is_error=True)


def _is_object(tool: ToolSpec, value: JsonValue) -> bool:
    declared = tool.output_schema is None or tool.output_schema.get("type") == "object"
    return declared and isinstance(value, dict)
