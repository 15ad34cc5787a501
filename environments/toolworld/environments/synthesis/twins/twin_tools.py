"""The tools of a twin: listed as the server listed them, and refusing what nobody can answer."""

from collections.abc import Sequence

from toolworld.environments.spec.recorded_answer import RecordedAnswer
from toolworld.environments.spec.result_form import ResultForm
from toolworld.environments.spec.tool import DocumentedError, ToolSpec
from toolworld.environments.synthesis.twins.answers import form_of
from toolworld.environments.twin.capture import CapturedCall
from toolworld.environments.twin.simulator import NOT_RECORDED
from toolworld.ground import (
    JsonObject,
    JsonSchema,
    Schema,
    SpecError,
)

_NOTHING_ELSE = DocumentedError(
    code=NOT_RECORDED, when="The server was not asked this when it was recorded, and no program knows the answer."
)


def listed_name(tool: ToolSpec) -> str:
    """The name that its server gave a tool."""
    return tool.name if tool.original_name is None else tool.original_name


def tool_form(tool: str, calls: Sequence[CapturedCall]) -> ResultForm | None:
    return form_of([one.answer for one in calls if one.tool == tool and one.answer is not None])


def twin_tool(
    tool: ToolSpec, listing: JsonObject, form: ResultForm | None, answers: Sequence[RecordedAnswer]
) -> ToolSpec:
    """A tool as the twin has it: listed as the server listed it, and refusing what nobody can answer."""
    return tool.model_copy(
        update={
            "listing": listing,
            "result_form": form,
            "errors": (*tool.errors, _NOTHING_ELSE),
            "effect": "write" if any(one.moves for one in answers) else tool.effect,
            "input_schema": _input_schema(tool, listing),
            "output_schema": _output_schema(listing, answers),
        }
    )


def _input_schema(tool: ToolSpec, listing: JsonObject) -> JsonSchema:
    """The schema of a tool's arguments as its server has it, without what was read from prose, if it can be used."""
    listed = listing.get("inputSchema")
    if not isinstance(listed, dict) or listed.get("type") != "object":
        return tool.input_schema
    properties = listed.get("properties")
    if not isinstance(properties, dict) or properties.keys() != tool.parameters.keys():
        return tool.input_schema
    closed: JsonSchema = {**listed, "additionalProperties": False}
    try:
        Schema(closed, f"the input schema of {tool.name}")
    except SpecError:
        return tool.input_schema
    return closed


def _output_schema(listing: JsonObject, answers: Sequence[RecordedAnswer]) -> JsonSchema | None:
    """The schema of a tool's results, if all that were recorded match it."""
    output = listing.get("outputSchema")
    if not isinstance(output, dict):
        return None
    try:
        schema = Schema(output, f"the output schema of {listing.get('name')}")
    except SpecError:
        return None
    results = (one.result for one in answers if one.refusal is None)
    return None if any(schema.error_in(result) is not None for result in results) else output
