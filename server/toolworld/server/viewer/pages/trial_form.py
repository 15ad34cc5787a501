"""A form for a tool's arguments, made from its schema, and what a person filled in as arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson

from toolworld.environments import ToolSpec
from toolworld.ground import JsonObject, JsonSchema, JsonValue, UsageError
from toolworld.server.viewer.pages.schema_words import Parameter, parameters_in

FieldKind = Literal["text", "long_text", "number", "choice", "json"]
MAX_CHOICES = 200
_PREFIX = "a."
"""Before the names of parameters, so that they are no other fields of the form."""


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of the form."""

    name: str
    """In the form."""
    parameter: Parameter
    kind: FieldKind
    choices: tuple[str, ...]
    value: str
    """What it is filled with, as text."""


def form_fields(tool: ToolSpec, filled: Mapping[str, str] | None = None) -> list[FormField]:
    """The fields for the arguments of a tool, filled with what a person wrote before."""
    given = filled or {}
    return [
        FormField(
            name=f"{_PREFIX}{one.name}",
            parameter=one,
            kind=(kind := _kind(tool.parameters[one.name])),
            choices=_choices(tool.parameters[one.name]) if kind == "choice" else (),
            value=given.get(f"{_PREFIX}{one.name}", ""),
        )
        for one in parameters_in(tool.input_schema)
    ]


def _types(schema: JsonSchema) -> set[str]:
    declared = schema.get("type")
    names = (
        {str(name) for name in declared} if isinstance(declared, list) else {str(declared)} if declared else set[str]()
    )
    return names - {"null"}


def _kind(schema: JsonSchema) -> FieldKind:
    if isinstance(schema.get("enum"), list) or _types(schema) == {"boolean"}:
        return "choice"
    if _types(schema) == {"string"}:
        return "long_text" if schema.get("format") == "free-text" else "text"
    return "number" if _types(schema) and _types(schema) <= {"integer", "number"} else "json"


def _choices(schema: JsonSchema) -> tuple[str, ...]:
    choices = schema.get("enum")
    return tuple(_texts(choices if isinstance(choices, list) else [True, False])[:MAX_CHOICES])


def _texts(values: Sequence[JsonValue]) -> list[str]:
    """Values as people choose them: texts as they are, unless another value would look the same."""
    plain = [value if isinstance(value, str) else orjson.dumps(value).decode() for value in values]
    return plain if len({*plain}) == len(plain) else [orjson.dumps(value).decode() for value in values]


def arguments_of(tool: ToolSpec, filled: Mapping[str, str]) -> JsonObject:
    """The arguments that a person filled in; what was left empty is left out.

    Raises:
        UsageError: a number is no number, or a list or object is no JSON.
    """
    found: JsonObject = {}
    for field in form_fields(tool, filled):
        if field.value != "":
            found[field.parameter.name] = _value(field, tool.parameters[field.parameter.name])
    return found


def _value(field: FormField, schema: JsonSchema) -> JsonValue:
    if field.kind in ("text", "long_text"):
        return field.value.replace("\r\n", "\n")
    if field.kind == "choice":
        return _chosen(field, schema)
    try:
        return orjson.loads(field.value)
    except orjson.JSONDecodeError:
        if _may_be_text(schema):
            return field.value
        wanted = "a number" if field.kind == "number" else 'JSON, such as ["a", "b"] or {"name": "a"}'
        raise UsageError(f"{field.parameter.name} takes {wanted}, and {field.value[:80]!r} is none") from None


def _may_be_text(schema: JsonSchema) -> bool:
    """Whether one of several forms of a value is text."""
    parts = [part for name in ("anyOf", "oneOf") if isinstance(found := schema.get(name), list) for part in found]
    return "string" in _types(schema) or any(isinstance(part, dict) and "string" in _types(part) for part in parts)


def _chosen(field: FormField, schema: JsonSchema) -> JsonValue:
    choices = schema.get("enum")
    values = choices if isinstance(choices, list) else [True, False]
    for value, text in zip(values, _texts(values), strict=True):
        if text == field.value:
            return value
    raise UsageError(f"{field.parameter.name} takes one of {', '.join(_texts(values)[:MAX_CHOICES])}")
