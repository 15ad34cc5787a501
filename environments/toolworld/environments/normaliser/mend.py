"""Mending schemas that others wrote: types in other spellings, defaults of the wrong type, keywords that mean nothing.

What comes out is a JSON Schema of draft 2020-12 that stands alone, bounded in depth and size. Each mend is counted by
its kind, so that a report can say what was changed.
"""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import cast

from toolworld.environments.normaliser.words import word_set
from toolworld.ground import JsonSchema, JsonValue

MAX_DEPTH = 6
"""How deep a schema is kept; deeper than that anything is allowed."""
MAX_SCHEMAS = 2_000
"""How many schemas one schema keeps inside."""
MAX_PROPERTIES = 120
"""How many properties an object keeps."""
_TYPES: dict[str, str | None] = {
    "any": None,
    "array": "array",
    "bool": "boolean",
    "boolean": "boolean",
    "date": "string",
    "date (yyyy-mm-dd)": "string",
    "datetime": "string",
    "dict": "object",
    "double": "number",
    "enum": "string",
    "file": "string",
    "float": "number",
    "hash": "object",
    "hashtable": "object",
    "int": "integer",
    "integer": "integer",
    "list": "array",
    "long": "integer",
    "map": "object",
    "number": "number",
    "object": "object",
    "str": "string",
    "string": "string",
    "text": "string",
    "time": "string",
    "tuple": "array",
    "uuid": "string",
}
"""Types by what documents call them; None where anything is allowed."""
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
_FORMATS = word_set("date date-time email uri uuid")
"""Formats that are kept; others say nothing to a check."""
_NONE_WORDS = frozenset({"none", "null", "undefined", ""})


def mended(schema: JsonValue, mends: Counter[str]) -> JsonSchema:
    """A schema that was written by others, as one of draft 2020-12.

    Args:
        schema: The schema, in whatever spelling.
        mends: Is counted up by the kinds of what was changed.
    """
    return _mended(schema, mends, 0, count(MAX_SCHEMAS, -1))


def _mended(schema: JsonValue, mends: Counter[str], depth: int, left: Iterator[int]) -> JsonSchema:
    if not isinstance(schema, dict):
        if schema not in (None, True):
            mends["a schema that is none was dropped"] += 1
        return {}
    if depth > MAX_DEPTH or next(left) <= 0:
        mends["deeper parts were dropped"] += 1
        return {}
    made: JsonSchema = {}
    if isinstance(schema.get("example"), dict | list) and not _has_parts(schema):
        mends["a schema was made of an example"] += 1
        schema = {**schema, **schema_of(schema["example"])}
    kind = _type_of(schema, mends)
    if kind is not None:
        made["type"] = [kind, "null"] if _is_nullable(schema) else kind
    if isinstance(schema.get("title"), str) and schema["title"]:
        made["title"] = str(schema["title"])[:100]
    if isinstance(schema.get("description"), str) and schema["description"]:
        made["description"] = cast(str, schema["description"])[:2000]
    _keep_limits(schema, kind, made, mends)
    _keep_inner(schema, kind, made, mends, depth=depth, left=left)
    _keep_values(schema, kind, made, mends)
    return made


def schema_of(example: JsonValue, depth: int = 0) -> JsonSchema:
    """The schema of values like an example; each leaf keeps what the example has as an example."""
    if depth > MAX_DEPTH:
        return {}
    match example:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            return {"type": "string", "example": example[:200]}
        case list():
            return {"type": "array", "items": schema_of(example[0], depth + 1) if example else {}}
        case dict():
            inner = list(example.items())[:MAX_PROPERTIES]
            return {"type": "object", "properties": {name: schema_of(one, depth + 1) for name, one in inner}}
        case _:
            return {}


def plain_type(schema: JsonSchema) -> str | None:
    """The type of a schema that `mended` made, null left aside."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), None)
    return kind if isinstance(kind, str) else None


def _has_parts(schema: JsonSchema) -> bool:
    """Whether a schema says what is in an object or a list."""
    items = schema.get("items")
    return bool(schema.get("properties")) or (isinstance(items, dict) and bool(items))


def _is_nullable(schema: JsonSchema) -> bool:
    kind = schema.get("type")
    return schema.get("nullable") is True or (isinstance(kind, list) and "null" in kind)


def _type_of(schema: JsonSchema, mends: Counter[str]) -> str | None:
    kind = schema.get("type")
    if isinstance(kind, list):
        named = [one for one in kind if one != "null"]
        kind = named[0] if len(named) == 1 else None
    if kind is None:
        return "object" if isinstance(schema.get("properties"), dict) else None
    known = _TYPES.get(str(kind).lower().strip(), "")
    if known == "":
        mends["a type that nobody knows was dropped"] += 1
        return None
    if known != kind:
        mends["a type was spelt otherwise"] += 1
    return known


def _keep_limits(schema: JsonSchema, kind: str | None, made: JsonSchema, mends: Counter[str]) -> None:
    """Keep limits of numbers and lengths that are what they should be, and fit together."""
    for name in _NUMBERS if kind in ("number", "integer") else ():
        value = schema.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            if (name != "multipleOf" or value > 0) and abs(value) < 2**53:
                made[name] = value
        elif value is not None:
            mends["a limit that is no number was dropped"] += 1
    for name in _COUNTS if kind in ("string", "array") else ():
        value = schema.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
            made[name] = value
    for least, most in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
        if least in made and most in made and float(str(made[least])) > float(str(made[most])):
            mends["limits that exclude each other were dropped"] += 1
            del made[least], made[most]
    if "pattern" in schema:
        mends["a pattern was left out"] += 1
    if kind == "string" and isinstance(schema.get("format"), str) and schema["format"] in _FORMATS:
        made["format"] = schema["format"]


def _keep_inner(
    schema: JsonSchema, kind: str | None, made: JsonSchema, mends: Counter[str], *, depth: int, left: Iterator[int]
) -> None:
    inner = schema.get("properties")
    if isinstance(inner, dict) and kind == "object":
        if len(inner) > MAX_PROPERTIES:
            mends["properties past the first 120 were dropped"] += 1
        kept = list(inner.items())[:MAX_PROPERTIES]
        made["properties"] = {name: _mended(shape, mends, depth + 1, left) for name, shape in kept}
        required = schema.get("required")
        if isinstance(required, list):
            names = dict(kept)
            made["required"] = list(dict.fromkeys(one for one in required if isinstance(one, str) and one in names))
    if kind == "array":
        made["items"] = _mended(schema.get("items"), mends, depth + 1, left)


def _keep_values(schema: JsonSchema, kind: str | None, made: JsonSchema, mends: Counter[str]) -> None:
    """Keep the closed list, the example and the default, where they fit the type."""
    values = schema.get("enum")
    if isinstance(values, list):
        fitting: list[JsonValue] = list(
            {str(one): one for one in values if one is not None and fits(one, kind)}.values()
        )
        if fitting and len(fitting) <= 200:
            made["enum"] = [*fitting, None] if _is_nullable(schema) else fitting
        if len(fitting) < len(values) - values.count(None):
            mends["values of a closed list that are of another type, or twice there, were dropped"] += 1
    example = schema.get("example", _first(schema.get("examples")))
    if example is not None and fits(example, kind):
        made["examples"] = [example]
    if "default" in schema:
        default = _default(schema["default"], kind)
        if default is None or (
            isinstance(made.get("enum"), list) and default not in cast("list[JsonValue]", made["enum"])
        ):
            mends["a default of the wrong type was dropped"] += 1
        else:
            if default is not schema["default"]:
                mends["a default was written as another type"] += 1
            made["default"] = default


def _first(values: JsonValue) -> JsonValue:
    return values[0] if isinstance(values, list) and values else None


def fits(value: JsonValue, kind: str | None) -> bool:
    """Whether a value is of a type."""
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return True


def _default(value: JsonValue, kind: str | None) -> JsonValue:
    """A default as its type has it: `"5"` for an integer is 5. None where it cannot be that."""
    if fits(value, kind):
        return None if isinstance(value, str) and value.lower() in _NONE_WORDS else value
    if isinstance(value, str):
        try:
            if kind == "integer":
                return int(value)
            if kind == "number":
                return float(value) if math.isfinite(float(value)) else None
        except ValueError:
            return None
        if kind == "boolean" and value.lower() in ("true", "false"):
            return value.lower() == "true"
    return str(value) if kind == "string" and isinstance(value, int | float) else None
