"""Methods of Python made of tools: for frameworks that read a tool's schema from a signature and a docstring."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable
from typing import Any, Literal, cast

from toolworld_client.errors import ToolworldError

PLAIN: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}
"""The types of JSON Schema in Python."""
LOST = ("format", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "default")
"""Words of a schema that no annotation holds; the description says them."""


def method_of(spec: dict[str, Any], made: Callable[[Any, str, dict[str, Any]], Any]) -> Callable[..., Any]:
    """A method that calls a tool, with a signature, annotations, and a docstring in Google's form.

    Args:
        spec: The tool: `name`, `description` and `input_schema`.
        made: Makes the call: takes the object, the tool's name and the arguments.

    Raises:
        ToolworldError: the tool or an argument has a name that Python does not take.
    """
    name, schema = spec["name"], spec["input_schema"]
    required = frozenset(schema.get("required", ()))
    properties = dict(sorted(schema.get("properties", {}).items(), key=lambda item: item[0] not in required))
    _require_names(name, properties)
    nullable = {key for key, part in properties.items() if _may_be_null(part)}

    def call(self: Any, **arguments: Any) -> Any:
        given = {key: value for key, value in arguments.items() if value is not None or key in nullable}
        return made(self, name, given)

    hints = {key: _hint(part) if key in required else _hint(part) | None for key, part in properties.items()}
    call.__name__ = call.__qualname__ = name
    call.__signature__ = _signature(hints, required)  # type: ignore[attr-defined]
    call.__annotations__ = {**hints, "return": str}
    told = "".join(f"\n    {key}: {_told(key, part)}" for key, part in properties.items())
    call.__doc__ = spec["description"].replace("Errors:", "Known errors:") + (f"\n\nArgs:{told}" if told else "")
    return call


def _require_names(name: str, arguments: dict[str, Any]) -> None:
    for word in (name, *arguments):
        if not word.isidentifier() or keyword.iskeyword(word) or word.startswith("_") or word == "self":
            raise ToolworldError(f"tool {name} cannot be a method of Python: {word!r} is no name there")


def _signature(hints: dict[str, Any], required: frozenset[str]) -> inspect.Signature:
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = [
        inspect.Parameter(
            key,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hint,
            default=inspect.Parameter.empty if key in required else None,
        )
        for key, hint in hints.items()
    ]
    return inspect.Signature([itself, *given])


def _may_be_null(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    return "null" in (kind if isinstance(kind, list) else [kind]) or None in schema.get("enum", ())


def _hint(schema: dict[str, Any]) -> Any:
    """The type of an argument, as far as Python's types can say it."""
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return _any_of([_hint(part) for part in schema[word]])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _any_of([PLAIN[one] for one in cast("list[str]", kind)])
    return list[_hint(schema["items"])] if kind == "array" and "items" in schema else PLAIN.get(str(kind), str)


def _any_of(hints: list[Any]) -> Any:
    """The union of some types."""
    either = hints[0]
    for hint in hints[1:]:
        either = either | hint
    return either


def _told(name: str, schema: dict[str, Any]) -> str:
    lost = "; ".join(f"{word} {schema[word]}" for word in LOST if word in schema)
    words = " ".join(schema.get("description", name.replace("_", " ")).split())
    return f"{words} ({lost})" if lost else words
