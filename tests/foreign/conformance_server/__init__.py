"""An MCP server with every feature of the protocol, for the official conformance suite.

It is no environment to act in: it has no state and no episodes. Mounted into toolworld's application it
shows that what stands around it (origin guard, limits, transports) lets all of the protocol through.
"""

from importlib.metadata import version

from starlette.routing import Route
from tests.foreign.conformance_server.endpoint import ConformanceEndpoint

from toolworld.server import ResponseMode
from toolworld.server.mcp.http import MAX_REQUEST_BYTES

PATH = "/environments/conformance/mcp"


def conformance_route(mode: ResponseMode = "auto") -> tuple[Route, ConformanceEndpoint]:
    """The route of the server, and its endpoint, which has to `run` while requests are answered."""
    endpoint = ConformanceEndpoint(version("toolworld"), mode == "json", MAX_REQUEST_BYTES)
    return Route(PATH, endpoint), endpoint


__all__ = ["PATH", "ConformanceEndpoint", "conformance_route"]
