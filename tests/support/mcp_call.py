"""A call over MCP with nothing but an HTTP client."""

from typing import Any

import httpx


async def mcp_call(http: httpx.AsyncClient, url: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool, and return the result of the protocol."""
    return (await mcp_answer(http, url, tool, **arguments))["result"]


async def mcp_answer(http: httpx.AsyncClient, url: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool, and return the whole answer of the protocol, which may be an error."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    response = await http.post(url, json=body, headers={"accept": "application/json, text/event-stream"})
    return response.json()
