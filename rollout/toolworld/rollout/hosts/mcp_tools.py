"""Listing and calling the tools of an episode over MCP."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mcp import Client
from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult, TextContent, Tool

VOID_KEY = "toolworld/void"
"""Set in the `_meta` of a result whose call broke its simulator: the run says nothing about the agent any more."""


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


class ListedTools:
    """The tools of environments by their version, each listed once: the tools of a version never change."""

    def __init__(self) -> None:
        self._known: dict[str, Sequence[Tool]] = {}

    async def get(self, version: str, client: Client) -> Sequence[Tool]:
        """The tools of an environment; the client is asked the first time."""
        if version not in self._known:
            self._known[version] = await list_tools(client)
        return self._known[version]


class ToolResult(NamedTuple):
    """The result of a call."""

    text: str
    """What a model reads of it."""
    is_void: bool
    """Whether the call broke its simulator, so that the run is void."""


async def call_tool(client: Client, name: str, arguments: dict[str, Any]) -> ToolResult:
    """Call a tool.

    The request is sent through the session: `Client.call_tool` would compile every output schema
    anew in each episode (2 ms a tool) to check what the server has checked already.

    Raises:
        MCPError: there is no such tool, or the host failed.
    """
    request = CallToolRequest(params=CallToolRequestParams(name=name, arguments=arguments))
    result = await client.session.send_request(request, CallToolResult)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    is_void = result.is_error is True and bool((result.meta or {}).get(VOID_KEY))
    return ToolResult(f"Error: {text}" if result.is_error else text, is_void)
