"""The tools of a recording: as a toolset, and its calls under their names."""

from dataclasses import replace

from toolworld.environments.normaliser.operation import Toolset
from toolworld.environments.twin.capture import Capture, CapturedCall
from toolworld.ground import (
    RecordError,
)


def toolset_of(capture: Capture, name: str) -> Toolset:
    """The tools of a recorded server, as the toolset of an environment of that name.

    Raises:
        RecordError: the server listed no tool.
    """
    from toolworld.environments.importers.mcp_server import toolset_of_listing  # takes time to load

    server = capture.server
    found = toolset_of_listing(server.name, [*capture.tools.values()]).toolset
    if found is None or not found.operations:
        raise RecordError(f"the recording of {server.name} lists no tool")
    said = f"The twin of the MCP server {server.name} {server.version}".strip()
    described = f"{said}: it answers as the server did when it was recorded."
    title = server.title or server.name
    return replace(found, id=name, title=title, description=described, policy=server.instructions)


def calls_of(capture: Capture, toolset: Toolset) -> list[CapturedCall]:
    """The recorded calls of the tools of a toolset, each under the name that its tool has there."""
    names = {one.original: one.name for one in toolset.operations}
    return [
        one.model_copy(update={"tool": names[one.tool]}) if names[one.tool] != one.tool else one
        for one in capture.calls
        if one.tool in names
    ]
