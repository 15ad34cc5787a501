"""What players see of tools, and of the results of their calls, wherever the episode lives."""

from typing import Any

from mcp_types import Tool, ToolAnnotations

from toolworld.ground import humanize
from toolworld.rollout.hosts.host import ToolResult


def player_tool(
    *,
    name: str,
    description: str,
    input_schema: dict[str, Any],
    output_schema: dict[str, Any] | None,
    effect: str,
) -> Tool:
    """A tool as players and MCP clients see it.

    Args:
        name: The tool's name.
        description: With its documented errors.
        input_schema: Of its arguments.
        output_schema: Of its result; None if anything may come back.
        effect: `read` or `write`.
    """
    return Tool(
        name=name,
        title=humanize(name).capitalize(),
        description=description,
        input_schema=input_schema,
        output_schema=_object_schema(output_schema),
        annotations=ToolAnnotations(
            read_only_hint=effect == "read", destructive_hint=effect == "write", open_world_hint=False
        ),
    )


def _object_schema(schema: dict[str, Any] | None) -> dict[str, Any] | None:
    """The schema as MCP wants it: of an object, so that any other value stands under `result`."""
    if schema is None or schema.get("type") == "object":
        return schema
    inner = {name: part for name, part in schema.items() if name != "$defs"}
    wrapper: dict[str, Any] = {"type": "object", "properties": {"result": inner}, "required": ["result"]}
    return {**wrapper, "$defs": schema["$defs"]} if "$defs" in schema else wrapper  # where `#/$defs/...` finds them


def tool_result(text: str, failure: str | None, step: int | None = None) -> ToolResult:
    """The result of a call as a model reads it.

    Args:
        text: The result, or why the call failed.
        failure: The kind of failure; None for a call that succeeded.
        step: The step of the log that it is; None for a call that never reached the log.
    """
    return ToolResult(text if failure is None else f"Error: {text}", failure == "simulator", step)
