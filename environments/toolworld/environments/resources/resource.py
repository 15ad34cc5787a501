"""The interface of a resource, and how its tools are declared."""

from collections.abc import Sequence
from typing import Protocol

from toolworld.environments.spec.tool import DocumentedError, ToolSpec
from toolworld.ground import JsonObject, JsonSchema, JsonValue, closed_object


class RefusedCallError(Exception):
    """A call that a resource refuses: its code, and what the agent reads."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Resource(Protocol):
    """What answers the tools of one type. It is opened once and answers many calls at once."""

    async def answer(self, tool: str, arguments: JsonObject) -> JsonValue:
        """The result of a call whose arguments match the tool's input schema.

        Raises:
            RefusedCallError: there is nothing to answer with, and the agent is told why.
            SimulationError: the resource broke or is away.
        """
        ...


TEXT: JsonSchema = {"type": "string"}
WHOLE_NUMBER: JsonSchema = {"type": "integer"}


def text(description: str, **more: JsonValue) -> JsonSchema:
    """The schema of a text."""
    return {"type": "string", "minLength": 1, "description": description, **more}


def texts(description: str) -> JsonSchema:
    """The schema of a list of texts."""
    return {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 20, "description": description}


def number(description: str, most: int) -> JsonSchema:
    """The schema of a count, from 1."""
    return {"type": "integer", "minimum": 1, "maximum": most, "description": description}


def rows_of(**fields: JsonSchema) -> JsonSchema:
    """The schema of a list of objects."""
    return {"type": "array", "items": closed_object(dict(fields))}


def read_tool(
    name: str,
    description: str,
    parameters: dict[str, JsonSchema],
    *,
    required: Sequence[str],
    result: dict[str, JsonSchema],
    errors: dict[str, str],
) -> ToolSpec:
    """A tool of a resource, which only reads.

    Args:
        name: Its name.
        description: For whoever calls it.
        parameters: Each with its schema.
        required: The parameters that a call must give.
        result: The fields of its result, each with its schema.
        errors: The codes of its errors, each with when it comes.
    """
    return ToolSpec(
        name=name,
        description=description,
        input_schema={**closed_object(dict(parameters)), "required": list(required)},
        output_schema=closed_object(dict(result)),
        effect="read",
        errors=tuple(DocumentedError(code=code, when=when) for code, when in errors.items()),
    )
