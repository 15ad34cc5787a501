"""SynthTools rows (`task_content.jsonl`): tools and states become an environment.

A row describes its tools' parameters in a dialect of its own, and its states are free-form JSON. A part
of the state that is an object of objects which repeat their own key becomes a collection; any other
part becomes a singleton, so nothing is lost. There is no program: a model has to simulate the tools.
"""

import re
from pathlib import Path

from pydantic import ValidationError

from toolworld.environments.importers.synthtools_row import SynthToolsParameter, SynthToolsRow, SynthToolsTool
from toolworld.environments.spec.clock import Clock
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import DocumentedError, ToolSpec
from toolworld.environments.state.ops import Delete, Insert, Op, SetValue
from toolworld.environments.state.schema import CollectionSchema, StateDocument, StateSchema
from toolworld.environments.state.state import State
from toolworld.ground import JsonObject, JsonValue, RecordError, describe_error, read_lines, same

_TYPES = {name: name for name in ("string", "number", "integer", "boolean", "array", "object")} | {
    "float": "number",
    "int": "integer",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}
UNNAMED_ERROR = "error_"
"""The beginning of the codes that stand for errors of which a row has the message only."""
_START = "2025-01-01T09:00:00Z"
"""Where the clocks start: rows have no time."""


def read_synthtools(path: Path) -> dict[str, SynthToolsRow]:
    """Read a file of rows by id; of rows with the same id the last one counts."""
    return {row.id: row for row in read_lines(path, SynthToolsRow).records}


def import_synthtools(row: SynthToolsRow) -> Environment:
    """Make an environment of a row.

    Raises:
        RecordError: a name in the row cannot be made into one that MCP allows.
    """
    before, after = row.initial_state or {}, final_state(row)
    schema = _state_schema(before, after)
    try:
        return Environment(
            id=re.sub(r"[^a-z0-9_-]+", "_", row.id.lower()).strip("_-")[:100],
            domain=row.field,
            title=row.id,
            description=f"Imported from a SynthTools task of the field {row.field}.",
            policy="",
            tools=tuple(_tool(tool) for tool in row.tools),
            state_schema=schema,
            initial_state=_document(schema, before),
            clock=Clock.model_validate({"start": _START}),
        )
    except ValidationError as problem:
        raise RecordError(f"row {row.id}: {describe_error(problem)}") from None


def final_state(row: SynthToolsRow) -> JsonObject:
    """The row's final state; the initial one where it has none."""
    return row.final_state if row.final_state is not None else row.initial_state or {}


def ops_to_state(start: State, schema: StateSchema, part: JsonObject) -> list[Op]:
    """The ops that lead from a state to a free-form one."""
    ops: list[Op] = []
    for name, records in _document(schema, part).collections.items():
        wanted = {str(record[schema.collections[name].key]): record for record in records}
        for key, record in start.rows(name):
            if key not in wanted or not same(record, wanted[key]):
                ops.append(Delete(collection=name, key=key))
            else:
                del wanted[key]
        ops += [Insert(collection=name, key=key, record=record) for key, record in wanted.items()]
    ops += [SetValue(name=name, value=part.get(name)) for name in schema.singletons]
    return ops


def _tool(tool: SynthToolsTool) -> ToolSpec:
    return ToolSpec(
        name=re.sub(r"[^A-Za-z0-9_-]+", "_", tool.tool_name).strip("_")[:64],
        description=" ".join(part for part in (tool.tool_description, tool.usage) if part),
        input_schema={
            "type": "object",
            "properties": {name: _schema(parameter) for name, parameter in tool.parameters.items()},
            "required": [name for name, parameter in tool.parameters.items() if parameter.required],
            "additionalProperties": False,
        },
        output_schema={
            "type": "object",
            "properties": {name: _schema(detail) for name, detail in tool.output_details.items()},
        }
        if tool.output_details
        else None,
        effect="write",
        errors=tuple(
            DocumentedError(code=f"{UNNAMED_ERROR}{number}", when=message)
            for number, message in enumerate(tool.error_messages, start=1)
        ),
    )


def _schema(parameter: SynthToolsParameter) -> dict[str, JsonValue]:
    schema: dict[str, JsonValue] = {"type": _TYPES.get(parameter.type.lower(), "string")}
    if parameter.description:
        schema["description"] = parameter.description
    if parameter.default is not None:
        schema["default"] = parameter.default
    return schema


def _state_schema(before: dict[str, JsonValue], after: dict[str, JsonValue]) -> StateSchema:
    keys = {name: _key_field(before.get(name), after.get(name)) for name in {**before, **after}}
    return StateSchema(
        collections={
            name: CollectionSchema(key=key, record={"type": "object", "required": [key]})
            for name, key in keys.items()
            if key is not None
        },
        singletons={name: {} for name, key in keys.items() if key is None},
    )


def _key_field(*parts: JsonValue) -> str | None:
    """Find the field in which every record of an object of objects repeats its key, in every version of it."""
    rows: list[tuple[str, dict[str, JsonValue]]] = []
    for part in parts:
        if not isinstance(part, dict):
            return None
        for key, record in part.items():
            if not isinstance(record, dict):
                return None
            rows.append((key, record))
    fields = [{field for field, value in record.items() if value == key} for key, record in rows]
    shared = set[str].intersection(*fields) if fields else set[str]()
    return min(shared, default=None)


def _document(schema: StateSchema, part: dict[str, JsonValue]) -> StateDocument:
    collections: dict[str, tuple[dict[str, JsonValue], ...]] = {}
    for name in schema.collections:
        rows = part.get(name)
        records = rows.values() if isinstance(rows, dict) else ()
        collections[name] = tuple(record for record in records if isinstance(record, dict))
    return StateDocument(collections=collections, singletons={name: part.get(name) for name in schema.singletons})
