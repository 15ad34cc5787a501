"""A tool as agents and users see it: over MCP, in plain calls, and in process."""

from mcp_types import Tool

from toolworld.environments import ToolSpec
from toolworld.ground import JsonObject, Record
from toolworld.rollout import player_tool


def shown_tool(tool: ToolSpec) -> Tool:
    """A tool as `tools/list` shows it; that of a recorded server as the server listed it."""
    if tool.listing is not None:
        return Tool.model_validate(tool.listing)
    return player_tool(
        name=tool.name,
        description=tool.shown_description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        effect=tool.effect,
    )


class ShownFunction(Record):
    """A tool as a function with JSON Schemas, for clients without MCP."""

    name: str
    description: str
    """What it does, and its documented errors."""
    input_schema: JsonObject
    output_schema: JsonObject | None
    effect: str
    """Whether it reads or writes."""


def shown_function(tool: ToolSpec) -> ShownFunction:
    """A tool as plain calls list it."""
    return ShownFunction(
        name=tool.name,
        description=tool.shown_description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        effect=tool.effect,
    )
