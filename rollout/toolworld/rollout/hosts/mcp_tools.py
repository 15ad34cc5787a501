"""The tools of an episode over MCP."""

from collections.abc import Sequence
from typing import Any

from mcp import Client
from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult, TextContent, Tool

from toolworld.rollout.hosts.host import ToolResult

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


class McpTools:
    """The tools at the other end of an MCP client.

    Args:
        client: The connected client.
        known: Tools that were listed before, by what identifies them: those of a version never change.
        version: What identifies these.
    """

    def __init__(self, client: Client, known: dict[str, Sequence[Tool]], version: str) -> None:
        self._client = client
        self._known = known
        self._version = version

    async def listed(self) -> Sequence[Tool]:
        """The tools; the server is asked the first time."""
        if self._version not in self._known:
            self._known[self._version] = await list_tools(self._client)
        return self._known[self._version]

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Call a tool.

        The request is sent through the session: `Client.call_tool` would compile every output schema
        anew in each episode (2 ms a tool) to check what the server has checked already.
        """
        request = CallToolRequest(params=CallToolRequestParams(name=name, arguments=arguments))
        result = await self._client.session.send_request(request, CallToolResult)
        return read_result(result)


def read_result(result: CallToolResult) -> ToolResult:
    """The result of a call as a model reads it."""
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    is_void = result.is_error is True and bool((result.meta or {}).get(VOID_KEY))
    return ToolResult(f"Error: {text}" if result.is_error else text, is_void)
