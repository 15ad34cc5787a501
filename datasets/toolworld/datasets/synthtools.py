"""SynthTools `task_content.jsonl`: rows become environments with a task, and tasks become rows.

A row has `id, field, summary, tools, gt_tool_calls, initial_state, final_state`. Its tools describe
parameters in a dialect of their own, its ground-truth calls are strings of Python call syntax, and
its states are free-form JSON. Rows with the same id may occur; the last one counts.
"""

import re
from pathlib import Path

from pydantic import ValidationError

from toolworld.datasets.synthtools_row import (
    SynthToolsParameter,
    SynthToolsRow,
    SynthToolsTool,
    format_call,
    parse_call,
)
from toolworld.datasets.task import Expectation, ReferenceCall, Scenario, Task
from toolworld.environments import (
    Clock,
    CollectionSchema,
    Delete,
    DocumentedError,
    Environment,
    Insert,
    Op,
    Runtime,
    SetValue,
    State,
    StateDocument,
    StateSchema,
    ToolSpec,
)
from toolworld.ground import JsonValue, RecordError, describe_error, read_lines, same

_TYPES = {name: name for name in ("string", "number", "integer", "boolean", "array", "object")} | {
    "float": "number",
    "int": "integer",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}
_UNNAMED_ERROR = "error_"
_SOMETIME = "2025-01-01T09:00:00Z"
"""Rows tell no time; their environments' clocks start here."""


def read_synthtools(path: Path) -> dict[str, SynthToolsRow]:
    """Read a file of rows by id; of rows with the same id the last one counts."""
    return {row.id: row for row in read_lines(path, SynthToolsRow).records}


def from_synthtools(row: SynthToolsRow) -> tuple[Environment, Task]:
    """Make an environment and a task of a row.

    A part of the state that is an object of objects which hold their own key becomes a collection;
    any other part becomes a singleton, so nothing is lost. There is no behaviour program: a model,
    or one inferred from the schemas, has to simulate the tools.

    Raises:
        RecordError: a ground-truth call is not of the form `Tool_Name(key=value, ...)`, or a name in the row
            cannot be made into one that MCP allows.
    """
    try:
        return _made(row)
    except ValidationError as problem:
        raise RecordError(f"row {row.id}: {describe_error(problem)}") from None


def _made(row: SynthToolsRow) -> tuple[Environment, Task]:
    before, after = row.initial_state or {}, row.final_state if row.final_state is not None else row.initial_state or {}
    schema = _state_schema(before, after)
    environment = Environment(
        id=re.sub(r"[^a-z0-9_-]+", "_", row.id.lower()).strip("_-")[:100],
        domain=row.field,
        title=row.id,
        description=f"Imported from a SynthTools task of the field {row.field}.",
        policy="",
        tools=tuple(_tool(tool) for tool in row.tools),
        state_schema=schema,
        initial_state=_document(schema, before),
        clock=Clock.model_validate({"start": _SOMETIME}),
    )
    runtime = Runtime(environment)
    final = _as_state(runtime, schema, after)
    task = Task(
        id=row.id,
        environment=environment.id,
        environment_version=environment.version,
        request=row.summary,
        scenario=Scenario(goal=row.summary),
        calls=tuple(ReferenceCall(call=parse_call(text, f"row {row.id}")) for text in row.gt_tool_calls),
        expected=Expectation(changes=final.diff(runtime.start.state), digest=final.digest),
    )
    return environment, task


def to_synthtools(task: Task, environment: Environment) -> SynthToolsRow:
    """Make a row of a task; the final state is the initial one with the expected changes."""
    runtime = Runtime(environment)
    final = runtime.checker.apply(runtime.start.state, task.expected.changes)
    return SynthToolsRow(
        id=task.id,
        field=environment.domain,
        summary=task.request,
        tools=tuple(_row_tool(tool) for tool in environment.tools),
        gt_tool_calls=tuple(format_call(reference.call) for reference in task.calls),
        initial_state=_free_form(runtime.start.state),
        final_state=_free_form(final),
    )


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
            DocumentedError(code=f"{_UNNAMED_ERROR}{number}", when=message)
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


def _row_tool(tool: ToolSpec) -> SynthToolsTool:
    output = (tool.output_schema or {}).get("properties")
    return SynthToolsTool(
        tool_name=tool.name,
        tool_description=tool.description,
        parameters={
            name: SynthToolsParameter(
                type=str(schema.get("type", "string")),
                description=str(schema.get("description", "")),
                required=name in tool.required,
                default=schema.get("default"),
            )
            for name, schema in tool.parameters.items()
        },
        error_messages=tuple(
            error.when if error.code.startswith(_UNNAMED_ERROR) else f"{error.code}: {error.when}"
            for error in tool.errors
        ),
        output_details={
            name: SynthToolsParameter(
                type=str(schema.get("type", "object")), description=str(schema.get("description", ""))
            )
            for name, schema in (output.items() if isinstance(output, dict) else ())
            if isinstance(schema, dict)
        },
    )


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


def _as_state(runtime: Runtime, schema: StateSchema, part: dict[str, JsonValue]) -> State:
    """Give the final state as a change of the initial one."""
    start, ops = runtime.start.state, list[Op]()
    for name, records in _document(schema, part).collections.items():
        wanted = {str(record[schema.collections[name].key]): record for record in records}
        for key, record in start.rows(name):
            if key not in wanted or not same(record, wanted[key]):
                ops.append(Delete(collection=name, key=key))
            else:
                del wanted[key]
        ops += [Insert(collection=name, key=key, record=record) for key, record in wanted.items()]
    ops += [SetValue(name=name, value=part.get(name)) for name in schema.singletons]
    return start.apply(ops)


def _free_form(state: State) -> dict[str, JsonValue]:
    collections: dict[str, JsonValue] = {name: dict(state.rows(name)) for name in state.baseline.collections}
    return {**collections, **{name: state.value(name) for name in state.baseline.singletons}}
