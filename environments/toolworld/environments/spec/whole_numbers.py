"""Whole numbers: JSON Schema takes 5.0 for an integer, and a program is to see 5."""

from collections.abc import Iterator
from typing import cast

from toolworld.ground import JsonSchema, JsonValue, referred

_COMBINING = ("anyOf", "oneOf", "allOf")
MAX_REFERENCES = 50
"""How many references in a row are followed."""


def asks_for_integers(schema: JsonValue) -> bool:
    """Whether a schema has an integer anywhere."""
    if isinstance(schema, dict):
        kind = schema.get("type")
        return (
            kind == "integer"
            or (isinstance(kind, list) and "integer" in kind)
            or any(map(asks_for_integers, schema.values()))
        )
    return isinstance(schema, list) and any(map(asks_for_integers, schema))


def with_whole_numbers(value: JsonValue, schema: JsonSchema, root: JsonSchema) -> JsonValue:
    """The value with floats such as 5.0 as integers, wherever the schema asks for an integer and not for a number.

    Args:
        value: A value that matches the schema.
        schema: Its schema.
        root: The document that references in the schema are resolved in.
    """
    if isinstance(value, float):
        kinds = [kind for part in _parts(schema, root) for kind in _kinds(part)]
        return int(value) if value.is_integer() and "integer" in kinds and "number" not in kinds else value
    if isinstance(value, dict):
        return {name: _inner(inner, list(_of_property(name, schema, root)), root) for name, inner in value.items()}
    if isinstance(value, list):
        elements = [items for part in _parts(schema, root) if isinstance(items := part.get("items"), dict)]
        return [_inner(inner, elements, root) for inner in value]
    return value


def _inner(value: JsonValue, schemas: list[JsonSchema], root: JsonSchema) -> JsonValue:
    return with_whole_numbers(value, {"anyOf": cast("list[JsonValue]", schemas)}, root) if schemas else value


def _of_property(name: str, schema: JsonSchema, root: JsonSchema) -> Iterator[JsonSchema]:
    for part in _parts(schema, root):
        properties = part.get("properties")
        found = properties.get(name) if isinstance(properties, dict) else None
        found = part.get("additionalProperties") if found is None else found
        if isinstance(found, dict):
            yield found


def _kinds(schema: JsonSchema) -> list[JsonValue]:
    kind = schema.get("type")
    return kind if isinstance(kind, list) else [kind]


def _parts(schema: JsonSchema, root: JsonSchema, followed: int = 0) -> Iterator[JsonSchema]:
    """A schema, and those that it refers to or combines."""
    yield schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and followed < MAX_REFERENCES:
        target = referred(root, reference)
        if isinstance(target, dict):
            yield from _parts(target, root, followed + 1)
    for keyword in _COMBINING:
        branches = schema.get(keyword)
        for branch in branches if isinstance(branches, list) else ():
            if isinstance(branch, dict) and followed < MAX_REFERENCES:
                yield from _parts(branch, root, followed + 1)
