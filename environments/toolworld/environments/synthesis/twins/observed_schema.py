"""What a recording shows of tools that their server does not describe: fields of results, and what is refused."""

import re
from collections.abc import Sequence
from dataclasses import replace

from toolworld.environments.normaliser.operation import Operation, Toolset
from toolworld.environments.spec.tool import DocumentedError
from toolworld.environments.synthesis.twins.answers import read_answer
from toolworld.environments.twin.capture import CapturedCall
from toolworld.ground import JsonObject, JsonSchema, JsonValue

MAX_PROPERTIES = 60
"""An object with more names than these is a table by key and no record."""


MAX_ERRORS = 12
"""How many kinds of refusals of a tool are taken up."""


def with_observations(toolset: Toolset, calls: Sequence[CapturedCall]) -> Toolset:
    """The toolset with the fields that recorded results have besides those that are described, and with its refusals
    as documented errors."""
    results: dict[str, list[JsonValue]] = {}
    refusals: dict[str, dict[str, DocumentedError]] = {}
    for call in calls:
        result, refusal = read_answer(call.answer or {})
        if call.answer is None:
            continue
        if refusal is None:
            results.setdefault(call.tool, []).append(result)
        else:
            error = _error(refusal, call.arguments)
            refusals.setdefault(call.tool, {}).setdefault(error.code, error)
    operations = tuple(
        _observed(one, results.get(one.name, []), [*refusals.get(one.name, {}).values()]) for one in toolset.operations
    )
    return replace(toolset, operations=operations)


def _observed(operation: Operation, results: Sequence[JsonValue], errors: Sequence[DocumentedError]) -> Operation:
    known = {one.code for one in operation.errors}
    more = [one for one in errors if one.code not in known][:MAX_ERRORS]
    response = merged(operation.response, schema_of(results)) if results else operation.response
    return replace(operation, response=response, errors=(*operation.errors, *more))


def _error(message: str, arguments: JsonObject) -> DocumentedError:
    """A refusal as a documented error: its sentence without the values of the call."""
    said = " ".join(message.split())[:300]
    for value in sorted(map(str, arguments.values()), key=len, reverse=True):
        if len(value) > 1 or value.isdigit():
            said = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "", said)
    said = " ".join(said.split())
    code = re.sub(r"[^a-z0-9]+", "_", said.lower()).strip("_")[:48].strip("_")
    return DocumentedError(code=code if code[:1].isalpha() else f"refused_{code}".strip("_"), when=said or "Refused.")


def schema_of(values: Sequence[JsonValue]) -> JsonSchema:
    """A schema that describes values: the types and properties that they have in common; empty where they differ."""
    kinds = {_kind(value) for value in values if value is not None}
    if kinds == {"object"}:
        objects = [value for value in values if isinstance(value, dict)]
        names = list(dict.fromkeys(name for one in objects for name in one))[:MAX_PROPERTIES]
        properties: JsonObject = {name: schema_of([one[name] for one in objects if name in one]) for name in names}
        return {"type": "object", "properties": properties}
    if kinds == {"array"}:
        return {
            "type": "array",
            "items": schema_of([one for value in values if isinstance(value, list) for one in value]),
        }
    if kinds <= {"integer", "number"} and kinds:
        return {"type": "number" if "number" in kinds else "integer"}
    return {"type": kinds.pop()} if len(kinds) == 1 else {}


def merged(described: JsonSchema, observed: JsonSchema) -> JsonSchema:
    """A described schema with what was observed besides; what is described stays as it is."""
    if not described:
        return observed
    if described.get("type") != observed.get("type"):
        return described
    made: JsonSchema = dict(described)
    known, seen = described.get("properties"), observed.get("properties")
    if isinstance(seen, dict):
        own = known if isinstance(known, dict) else {}
        shared = {name: _merged_part(own[name], seen.get(name)) for name in own}
        made["properties"] = {**shared, **{name: one for name, one in seen.items() if name not in own}}
    if "items" in observed:
        made["items"] = _merged_part(described.get("items"), observed["items"])
    return made


def _merged_part(described: JsonValue, observed: JsonValue) -> JsonValue:
    if not isinstance(described, dict):
        return observed
    return merged(described, observed) if isinstance(observed, dict) else described


def _kind(value: JsonValue) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
