"""SynthTools `task_content.jsonl`: rows become environments with a task, and tasks become rows.

A row has `id, field, summary, tools, gt_tool_calls, initial_state, final_state`. Its ground-truth calls
are strings of Python call syntax. Rows with the same id may occur; the last one counts.
"""

from pathlib import Path

from pydantic import ValidationError

from toolworld.datasets.task import GroundTruth, ReferenceCall, Scenario, Task
from toolworld.environments import (
    SYNTHTOOLS_UNNAMED_ERROR,
    Environment,
    Runtime,
    State,
    SynthToolsParameter,
    SynthToolsRow,
    SynthToolsTool,
    ToolSpec,
    applied,
    import_synthtools,
    read_synthtools,
    save_folder,
    synthtools_call,
    synthtools_call_text,
    synthtools_final_state,
    synthtools_ops,
)
from toolworld.ground import JsonValue, RecordError, describe_error, write_lines


def from_synthtools(row: SynthToolsRow) -> tuple[Environment, Task]:
    """Make an environment and a task of a row.

    Raises:
        RecordError: a ground-truth call is not of the form `Tool_Name(key=value, ...)`, or a name in the row
            cannot be made into one that MCP allows.
    """
    environment = import_synthtools(row)
    start = Runtime(environment).start.state
    final = applied(start, synthtools_ops(start, environment.state_schema, synthtools_final_state(row)))
    try:
        return environment, Task(
            id=row.id,
            environment=environment.id,
            environment_version=environment.version,
            request=row.summary,
            scenario=Scenario(goal=row.summary),
            calls=tuple(ReferenceCall(call=synthtools_call(text, f"row {row.id}")) for text in row.gt_tool_calls),
            truth=GroundTruth(changes=final.diff(start), digest=final.digest),
        )
    except ValidationError as problem:
        raise RecordError(f"row {row.id}: {describe_error(problem)}") from None


def to_synthtools(task: Task, runtime: Runtime) -> SynthToolsRow:
    """Make a row of a task; the final state is the initial one with the expected changes."""
    environment = runtime.environment
    final = runtime.checker.apply(runtime.start.state, task.truth.changes)
    # Without another look at every value of two states, which were checked as they came to be.
    return SynthToolsRow.model_construct(
        id=task.id,
        field=environment.domain,
        summary=task.request,
        tools=tuple(_row_tool(tool) for tool in environment.tools),
        gt_tool_calls=tuple(synthtools_call_text(reference.call) for reference in task.calls),
        initial_state=_free_form(runtime.start.state),
        final_state=_free_form(final),
    )


def import_synthtools_file(path: Path, out: Path) -> int:
    """Write an environment folder with one task for every row of a file.

    Returns:
        The number of environments.

    Raises:
        RecordError: the file has no rows, a row is malformed, or two rows would become the same environment.
    """
    rows = read_synthtools(path)
    if not rows:
        raise RecordError(f"{path} holds no rows")
    made = [from_synthtools(row) for row in rows.values()]
    seen: set[str] = set()
    for environment, _ in made:
        if environment.id in seen:
            raise RecordError(f"{path}: two rows would both become the environment {environment.id}")
        seen.add(environment.id)
    for environment, task in made:
        save_folder(environment, out / environment.id)
        write_lines(out / environment.id / "tasks.jsonl", [task])
    return len(made)


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
            error.when if error.code.startswith(SYNTHTOOLS_UNNAMED_ERROR) else f"{error.code}: {error.when}"
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


def _free_form(state: State) -> dict[str, JsonValue]:
    collections: dict[str, JsonValue] = {name: dict(state.rows(name)) for name in state.baseline.collections}
    return {**collections, **{name: state.value(name) for name in state.baseline.singletons}}
