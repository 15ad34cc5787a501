"""The `conformance` environment: every feature of MCP in one server, for the official conformance suite.

It is no world to act in: it has no state and no episodes. It shows that what stands around it
(endpoints, origin guard, limits, transports) lets all of the protocol through, and it gives an MCP
client something to test itself on.
"""

from toolworld.server.conformance.endpoint import ConformanceEndpoint

__all__ = ["ConformanceEndpoint"]
