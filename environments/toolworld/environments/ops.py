"""The four things a call can do to state. A call never rewrites state: it yields ops."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from toolworld.ground import JsonValue, Record

Fields = dict[str, JsonValue]
"""A record of a collection, or some of its fields."""


class Insert(Record):
    """Put a new record into a collection."""

    op: Literal["insert"] = "insert"
    collection: str
    key: str
    record: Fields


class Update(Record):
    """Give some fields of a record new values; the others stay."""

    op: Literal["update"] = "update"
    collection: str
    key: str
    fields: Fields


class Delete(Record):
    """Take a record out of its collection."""

    op: Literal["delete"] = "delete"
    collection: str
    key: str


class Set(Record):
    """Give a singleton a new value."""

    op: Literal["set"] = "set"
    name: str
    value: JsonValue


Op = Annotated[Insert | Update | Delete | Set, Field(discriminator="op")]
"""One change of state."""

OPS: TypeAdapter[tuple[Op, ...]] = TypeAdapter(tuple[Op, ...])
"""Reads and writes a list of ops as JSON."""


def json_patch(ops: tuple[Op, ...]) -> list[dict[str, JsonValue]]:
    """Write ops as a JSON Patch (RFC 6902) against `State.document`."""
    return [step for op in ops for step in _steps(op)]


def _steps(op: Op) -> list[dict[str, JsonValue]]:
    match op:
        case Insert():
            return [{"op": "add", "path": _pointer("collections", op.collection, op.key), "value": op.record}]
        case Update():
            return [
                {"op": "add", "path": _pointer("collections", op.collection, op.key, field), "value": value}
                for field, value in op.fields.items()
            ]
        case Delete():
            return [{"op": "remove", "path": _pointer("collections", op.collection, op.key)}]
        case Set():
            return [{"op": "add", "path": _pointer("singletons", op.name), "value": op.value}]


def _pointer(*parts: str) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
