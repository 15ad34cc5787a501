"""The four kinds of state change. A call never writes to a state; it yields ops."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from toolworld.ground import JsonValue, Record

Fields = dict[str, JsonValue]
"""A record of a collection, or some of its fields."""


class Insert(Record):
    """Insert a new record into a collection."""

    op: Literal["insert"] = "insert"
    collection: str
    key: str
    record: Fields


class Update(Record):
    """Set some fields of a record; the others stay."""

    op: Literal["update"] = "update"
    collection: str
    key: str
    fields: Fields


class Delete(Record):
    """Delete a record from its collection."""

    op: Literal["delete"] = "delete"
    collection: str
    key: str


class SetValue(Record):
    """Set the value of a singleton."""

    op: Literal["set"] = "set"
    name: str
    value: JsonValue


Op = Annotated[Insert | Update | Delete | SetValue, Field(discriminator="op")]
"""One change of state."""

MAX_OPS = 2_000
"""Changes that one call makes at most: all are checked and applied at once, and other calls wait meanwhile."""
OPS: TypeAdapter[tuple[Op, ...]] = TypeAdapter(tuple[Op, ...])
"""Reads and writes a list of ops as JSON."""
