"""JSON Schema 2020-12: schemas are validated and compiled once; a fault in a value is described in a sentence.

Schemas come from strangers, so they stand alone (a reference to another document is an error), and the
checks that they can ask for are bounded.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import jsonschema_rs

from toolworld.ground.errors import SpecError
from toolworld.ground.json import JsonObject, JsonValue
from toolworld.ground.schema_bounds import DIALECT, has_more_values, schema_bounds, within_bounds
from toolworld.ground.text import shortened, shortened_inside

JsonSchema = JsonObject


MAX_DESCRIBED = 5_000
"""How many values a value may have so that its fault is looked for and described."""
MAX_MESSAGE, MAX_PLACE = 600, 200
"""Characters of what is said of a fault, and of where it is."""
MAX_PATTERN_BYTES = 1 << 16
"""How large a compiled pattern may be."""
MAX_BACKTRACKS = 1_000
"""How often matching a pattern that looks around may go back; one that would more often does not match."""


def _refuse_uri(uri: str) -> NoReturn:
    raise ValueError(f"a schema must stand alone, and this one refers to {uri}")


class Schema:
    """A compiled JSON Schema.

    Args:
        source: The schema.
        where: The subject of error messages, such as the tool whose schema this is.

    Raises:
        SpecError: it is not a valid schema of draft 2020-12, or refers to another document.
    """

    def __init__(self, source: JsonSchema, where: str) -> None:
        try:
            self._bounds = schema_bounds(source)
            jsonschema_rs.meta.validate({**source, "$schema": DIALECT})
            self._validator = _compile(source)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as problem:
            raise SpecError(f"{where} is not a JSON Schema of draft 2020-12: {_first_line(problem)}") from None
        self._source = source

    def error_in(self, value: object) -> str | None:
        """What is wrong with a value and what is allowed, in one sentence; None if it is valid."""
        bounds = self._bounds
        too_much = (
            within_bounds(value, bounds) if bounds.max_values is not None or bounds.max_text is not None else None
        )
        if too_much is not None or self._validator.is_valid(value):
            return too_much
        if has_more_values(value, MAX_DESCRIBED):  # every branch of a choice would list its faults in each of them
            return f"it does not match, and has more than {MAX_DESCRIBED:,} values in it, too many to say where"
        problem = _nearest(next(iter(self._validator.iter_errors(value))))
        place = shortened(_place(problem.instance_path), MAX_PLACE)
        message = shortened_inside(problem.message, MAX_MESSAGE)  # it repeats the value, and ends in what is allowed
        return f"{f'`{place}`: ' if place else ''}{message}{self._allowed(problem)}"

    def _allowed(self, problem: jsonschema_rs.ValidationError) -> str:
        """The list of allowed properties, as the end of a message about a property that does not exist; else empty."""
        properties = self._source.get("properties")
        if list(problem.schema_path) != ["additionalProperties"] or not isinstance(properties, dict):
            return ""
        return shortened(f"; allowed: {', '.join(properties) or 'none'}", 4 * MAX_MESSAGE)


def _compile(source: JsonSchema) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema: patterns are matched in linear time, or where they look around, with a bound on the tries."""
    for patterns in (
        jsonschema_rs.RegexOptions(size_limit=MAX_PATTERN_BYTES),
        jsonschema_rs.FancyRegexOptions(backtrack_limit=MAX_BACKTRACKS, size_limit=MAX_PATTERN_BYTES),
    ):
        try:
            return jsonschema_rs.Draft202012Validator(
                source, retriever=_refuse_uri, validate_formats=True, pattern_options=patterns
            )
        except jsonschema_rs.ValidationError as problem:
            failure = problem
    raise failure


def closed_object(properties: Mapping[str, JsonValue]) -> JsonSchema:
    """The schema of an object that has all of these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


_SCHEMAS_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTS_OF_SCHEMAS = frozenset({"anyOf", "allOf", "oneOf", "prefixItems"})
_SCHEMAS = frozenset({"items", "contains", "propertyNames", "not", "if", "then", "else"})


def with_object_schemas(schema: JsonSchema) -> JsonSchema:
    """The same schema with `{}` for `true` and `{"not": {}}` for `false`, where many clients know only objects.

    `additionalProperties` and its kin may be either for all of them, and stay.

    Raises:
        ValueError: it is nested too deeply.
    """
    try:
        return {keyword: _with_objects(keyword, value) for keyword, value in schema.items()}
    except RecursionError:
        raise ValueError("a schema is nested too deeply") from None


def _with_objects(keyword: str, value: JsonValue) -> JsonValue:
    if isinstance(value, dict) and keyword in _SCHEMAS_BY_NAME:
        return {name: _object_schema(inner) for name, inner in value.items()}
    if isinstance(value, list) and keyword in _LISTS_OF_SCHEMAS:
        return [_object_schema(inner) for inner in value]
    return _object_schema(value) if keyword in _SCHEMAS else value


def _object_schema(schema: JsonValue) -> JsonValue:
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    return with_object_schemas(schema) if isinstance(schema, dict) else schema


def referred(root: JsonSchema, reference: str) -> JsonValue:
    """Resolve a reference within a schema, such as `#/$defs/node`; None if it points to nothing."""
    place: JsonValue = root
    for part in reference.removeprefix("#").split("/")[1:]:
        # The escapes of JSON Pointer (RFC 6901).
        name = part.replace("~1", "/").replace("~0", "~")
        place = place.get(name) if isinstance(place, dict) else None
    return place


def _nearest(problem: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """The fault to report: of an `anyOf` or `oneOf`, the first fault of the branch that was most likely meant."""
    kind: Any = problem.kind
    branches: list[list[jsonschema_rs.ValidationError]] = [branch for branch in getattr(kind, "context", ()) if branch]
    if not branches:
        return problem
    # A branch with another type or constant is hardly the one that was meant; among the rest, fewer faults are nearer.
    meant = min(branches, key=lambda branch: (sum(_rules_out(fault, problem) for fault in branch), len(branch)))
    return _nearest(meant[0])


def _rules_out(fault: jsonschema_rs.ValidationError, problem: jsonschema_rs.ValidationError) -> bool:
    """Whether a fault suggests that this branch was not meant: the value has another constant or another type."""
    is_type = isinstance(fault.kind, jsonschema_rs.ValidationErrorKind.Type)
    other_type = is_type and list(fault.instance_path) == list(problem.instance_path)
    return other_type or isinstance(fault.kind, jsonschema_rs.ValidationErrorKind.Constant)


def _place(path: list[str | int]) -> str:
    return ".".join(str(part) for part in path)


def _first_line(problem: Exception) -> str:
    return str(problem).split("\n", 1)[0]
