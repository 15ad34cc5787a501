"""The tools of an episode, as an agent's harness uses them over MCP."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mcp import Client
from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult, TextContent, Tool


async def list_tools(client: Client) -> Sequence[Tool]:
    """List all tools, page by page."""
    tools: list[Tool] = []
    cursor: str | None = None
    while True:
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            return tools


class ToolLists:
    """The tools of environments by their version, each listed once: a version's tools never change."""

    def __init__(self) -> None:
        self._known: dict[str, Sequence[Tool]] = {}

    async def of(self, version: str, client: Client) -> Sequence[Tool]:
        """Give the tools of an environment, asking the client the first time."""
        if version not in self._known:
            self._known[version] = await list_tools(client)
        return self._known[version]


class Answer(NamedTuple):
    """What came of a call."""

    text: str
    """What a model reads of it."""
    is_void: bool
    """Whether nobody could simulate it, so that the run is void."""


async def call_tool(client: Client, name: str, arguments: dict[str, Any]) -> Answer:
    """Call a tool.

    The request is sent through the session: `Client.call_tool` would compile every output schema
    anew in each episode (2 ms a tool) to check what the server has checked already.

    Raises:
        MCPError: there is no such tool, or the host failed.
    """
    request = CallToolRequest(params=CallToolRequestParams(name=name, arguments=arguments))
    result = await client.session.send_request(request, CallToolResult)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    is_void = result.is_error is True and bool((result.meta or {}).get("toolworld/void"))
    return Answer(f"Error: {text}" if result.is_error else text, is_void)
