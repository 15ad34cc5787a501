"""The server that the official conformance suite is run on, met by a client of the SDK."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from mcp import Client
from tests.foreign.conformance_server import PATH, conformance_route
from tests.support.mcp_tools import list_tools

from toolworld.server import open_episodes

Serving = Callable[..., AbstractAsyncContextManager[str]]


async def test_the_conformance_server_speaks_to_a_client_of_the_sdk(serving: Serving) -> None:
    route, suite = conformance_route()
    async with (
        open_episodes([]) as episodes,
        suite.run(),
        serving(episodes, extra_routes=[route]) as base,
        Client(f"{base}{PATH}") as client,
    ):
        assert len(await list_tools(client)) > 25
        assert len((await client.list_prompts()).prompts) == 5
        assert (await client.call_tool("test_error_handling", {})).is_error
