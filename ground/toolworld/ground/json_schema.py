"""JSON Schema 2020-12: checked when an environment is loaded, compiled once, and explained in words.

Schemas never reach the network: a reference to another document is refused.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import jsonschema_rs

from toolworld.ground.errors import SpecError
from toolworld.ground.json import JsonObject, JsonValue

JsonSchema = JsonObject


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"a schema must stand alone, and this one refers to {uri}")


class Schema:
    """A compiled JSON Schema.

    Raises:
        SpecError: it is not a valid schema of draft 2020-12, or refers to another document.
    """

    def __init__(self, source: JsonSchema, where: str) -> None:
        try:
            jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **source})
            self._validator = jsonschema_rs.Draft202012Validator(source, retriever=_refuse, validate_formats=True)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as problem:
            raise SpecError(f"{where} is not a JSON Schema of draft 2020-12: {_first_line(problem)}") from None
        self._source = source

    def error_in(self, value: object) -> str | None:
        """Say what is wrong with a value and what is allowed, or give None when it is valid."""
        if self._validator.is_valid(value):
            return None
        problem = _nearest(next(iter(self._validator.iter_errors(value))))
        place = _place(problem.instance_path)
        return f"{f'`{place}`: ' if place else ''}{problem.message}{self._allowed(problem)}"

    def _allowed(self, problem: jsonschema_rs.ValidationError) -> str:
        """Name the properties that exist, where one too many was given."""
        properties = self._source.get("properties")
        if list(problem.schema_path) != ["additionalProperties"] or not isinstance(properties, dict):
            return ""
        return f"; allowed: {', '.join(properties) or 'none'}"


def closed_object(properties: Mapping[str, JsonValue]) -> JsonSchema:
    """Give the schema of an object that has these properties, all of them, and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def referred(root: JsonSchema, reference: str) -> JsonValue:
    """Follow a reference within a schema, such as `#/$defs/node`; None where it leads nowhere."""
    place: JsonValue = root
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        place = place.get(name) if isinstance(place, dict) else None
    return place


def _nearest(problem: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """Where one of several schemas had to fit, take the fault of the one that was most likely meant."""
    kind: Any = problem.kind
    branches: list[list[jsonschema_rs.ValidationError]] = [branch for branch in getattr(kind, "context", ()) if branch]
    if not branches:
        return problem
    meant = min(branches, key=lambda branch: (sum(_tells_apart(fault, problem) for fault in branch), len(branch)))
    return _nearest(meant[0])


def _tells_apart(fault: jsonschema_rs.ValidationError, problem: jsonschema_rs.ValidationError) -> bool:
    """Tell whether a fault says that quite another kind of value was meant: another constant, or another type."""
    is_type = isinstance(fault.kind, jsonschema_rs.ValidationErrorKind.Type)
    other_type = is_type and list(fault.instance_path) == list(problem.instance_path)
    return other_type or isinstance(fault.kind, jsonschema_rs.ValidationErrorKind.Constant)


def _place(path: list[str | int]) -> str:
    return ".".join(str(part) for part in path)


def _first_line(problem: Exception) -> str:
    return str(problem).split("\n", 1)[0]
