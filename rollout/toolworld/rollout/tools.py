"""The tools of an episode, as an agent's harness uses them over MCP."""

from collections.abc import Sequence
from typing import Any

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


async def call_tool(client: Client, name: str, arguments: dict[str, Any]) -> str:
    """Call a tool and give what a model reads of the answer.

    The request is sent through the session: `Client.call_tool` would compile every output schema
    anew in each episode (2 ms a tool) to check what the server has checked already.

    Raises:
        MCPError: there is no such tool, or the host failed.
    """
    request = CallToolRequest(params=CallToolRequestParams(name=name, arguments=arguments))
    result = await client.session.send_request(request, CallToolResult)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    return f"Error: {text}" if result.is_error else text
