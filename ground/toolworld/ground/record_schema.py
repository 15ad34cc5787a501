"""The JSON Schema of a record, with what the source says of each field, for editors and for documentation."""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from textwrap import dedent
from typing import Any, cast, get_args

from toolworld.ground.json import JsonObject
from toolworld.ground.record import Record


def described_schema(model: type[Record]) -> JsonObject:
    """The JSON Schema of a record's file format; each field has the text that stands under it in the source."""
    schema: dict[str, Any] = model.model_json_schema()
    records = {record.__name__: record for record in _records_in(model)}
    for name, part in [(model.__name__, schema), *schema.get("$defs", {}).items()]:
        described = _field_texts(records[name]) if name in records else {}
        for field, shape in part.get("properties", {}).items():
            shape.pop("title", None)
            if field in described:
                shape["description"] = described[field]
    return cast(JsonObject, schema)


def _records_in(model: type[Record]) -> Iterator[type[Record]]:
    """The record and every record that its fields hold."""
    pending, seen = [model], set[type[Record]]()
    while pending:
        record = pending.pop()
        if record not in seen:
            seen.add(record)
            yield record
            for field in record.model_fields.values():
                pending += _records_of(field.annotation)


def _records_of(annotation: object) -> Iterator[type[Record]]:
    if isinstance(annotation, type) and issubclass(annotation, Record):
        yield annotation
    for argument in get_args(annotation):
        yield from _records_of(argument)


def _field_texts(record: type[Record]) -> dict[str, str]:
    """The text under each field in the source of a record."""
    [definition] = ast.parse(dedent(inspect.getsource(record))).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    texts: dict[str, str] = {}
    for statement, after in pairwise(body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
            if isinstance(text, str):
                texts[statement.target.id] = " ".join(text.split())
    return texts
