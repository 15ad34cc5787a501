"""The tools of an episode over MCP, for tests that hold other ways to call them against the protocol."""

from collections.abc import Sequence
from typing import Any

from mcp import Client
from mcp_types import TextContent, Tool

from toolworld.rollout import ToolResult
from toolworld.server.mcp.wire import VOID_KEY


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


async def call_tool(client: Client, name: str, arguments: dict[str, Any]) -> ToolResult:
    """Call a tool, and read its result as a model reads it."""
    result = await client.call_tool(name, arguments)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    is_void = result.is_error is True and bool((result.meta or {}).get(VOID_KEY))
    return ToolResult(f"Error: {text}" if result.is_error else text, is_void)
