"""JSON Schema in words, for people who read what a tool takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from toolworld.ground import JsonSchema, JsonValue

_NAMES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "array": "list",
    "object": "object",
    "null": "nothing",
}
_MAX_DEPTH, _MAX_CHOICES, _MAX_NAMES = 4, 12, 8


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a tool, or a field of its result."""

    name: str
    kind: str
    """What values it takes, in words."""
    description: str
    is_required: bool
    default: JsonValue
    has_default: bool


def parameters_in(schema: JsonSchema | None) -> list[Parameter]:
    """The properties of an object's schema."""
    properties = (schema or {}).get("properties")
    if not isinstance(properties, Mapping):
        return []
    required = (schema or {}).get("required")
    names = required if isinstance(required, list) else []
    found = cast(Mapping[str, Any], properties)
    return [_parameter(name, _schema(shape), name in names) for name, shape in found.items()]


def _schema(shape: Any) -> dict[str, Any]:
    return cast(dict[str, Any], shape) if isinstance(shape, dict) else {}


def _parameter(name: str, shape: dict[str, Any], is_required: bool) -> Parameter:
    return Parameter(
        name=name,
        kind=kind_of(shape),
        description=str(shape.get("description", "")),
        is_required=is_required,
        default=shape.get("default"),
        has_default="default" in shape,
    )


def kind_of(schema: object, depth: int = 0) -> str:
    """What values a schema allows, in words: `text (date)`, `whole number from 1 to 10`, `list of text`."""
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        return "anything"
    shape = cast(Mapping[str, Any], schema)
    if "const" in shape:
        return f"always {shape['const']}"
    if isinstance(choices := shape.get("enum"), list):
        return _one_of([str(choice) for choice in cast(list[Any], choices)])
    for name in ("anyOf", "oneOf"):
        if isinstance(parts := shape.get(name), list):
            kinds = [kind_of(part, depth + 1) for part in cast(list[Any], parts)]
            return " or ".join(dict.fromkeys(kinds))
    declared = shape.get("type")
    names = cast(list[Any], declared) if isinstance(declared, list) else [declared]
    return " or ".join(dict.fromkeys(_of_type(str(name), shape, depth) for name in names if name)) or "anything"


def _of_type(name: str, shape: Mapping[str, Any], depth: int) -> str:
    word = _NAMES.get(name, name)
    if name == "array":
        return f"list of {kind_of(shape.get('items'), depth + 1)}" if "items" in shape else word
    if name == "object" and isinstance(shape.get("properties"), Mapping):
        fields = [*cast(Mapping[str, Any], shape["properties"])]
        more = ", ..." if len(fields) > _MAX_NAMES else ""
        return f"object with {', '.join(fields[:_MAX_NAMES])}{more}" if fields else word
    form = f" ({shape['format']})" if name == "string" and shape.get("format") else ""
    return f"{word}{form}{_bounds(shape)}"


def _bounds(shape: Mapping[str, Any]) -> str:
    low, high = shape.get("minimum"), shape.get("maximum")
    return f"{'' if low is None else f' from {low}'}{'' if high is None else f' to {high}'}"


def _one_of(choices: list[str]) -> str:
    shown = choices[:_MAX_CHOICES]
    more = f" or {len(choices) - _MAX_CHOICES} others" if len(choices) > _MAX_CHOICES else ""
    return f"{' or '.join(shown)}{more}"
