"""Values that a schema allows, and values that it forbids."""

import random
import re
from collections.abc import Iterator

from toolworld.ground import JsonObject, JsonSchema, JsonValue, Schema, SpecError

_MOST = 50
"""How many elements a list gets at most."""
_MOST_LETTERS = 2_000
_WORDS = ("amber", "birch", "copper", "delta", "ember", "fern", "grove", "harbour")


def value_of(schema: JsonValue, draw: random.Random, today: str) -> JsonValue:
    """A value that a schema allows, as far as its keywords are known.

    Args:
        schema: The schema.
        draw: The generator.
        today: The day that days are near to.
    """
    if not isinstance(schema, dict):
        return None
    for keyword in ("enum", "examples"):
        listed = schema.get(keyword)
        if isinstance(listed, list) and listed:
            return draw.choice(listed)
    if "const" in schema:
        return schema["const"]
    for keyword in ("anyOf", "oneOf"):
        options = schema.get(keyword)
        if isinstance(options, list) and options:
            return value_of(options[0], draw, today)
    return _typed(schema, draw, today)


def _typed(schema: JsonSchema, draw: random.Random, today: str) -> JsonValue:
    match type_of(schema):
        case "integer" | "number":
            return _number(schema, draw)
        case "boolean":
            return draw.random() < 0.5
        case "array":
            least = schema.get("minItems")
            count = min(max(1, least if isinstance(least, int) else 1), _MOST)
            return [value_of(schema.get("items"), draw, today) for _ in range(count)]
        case "object":
            return object_of(schema, draw, today)
        case "null":
            return None
        case _:
            return _text(schema, draw, today)


def object_of(schema: JsonSchema, draw: random.Random, today: str) -> JsonObject:
    """An object with what is required."""
    properties = schema.get("properties")
    required = schema.get("required")
    names = [str(one) for one in required] if isinstance(required, list) else []
    known = properties if isinstance(properties, dict) else {}
    return {name: value_of(known.get(name), draw, today) for name in names}


def type_of(schema: JsonSchema) -> str:
    """The JSON type of a schema, null left aside; a text where it has none."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "string")
    return str(kind) if kind else "object" if "properties" in schema else "string"


def _number(schema: JsonSchema, draw: random.Random) -> int | float:
    least, most = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    low = _bounded(least) if isinstance(least, int | float) else 1
    high = _bounded(most) if isinstance(most, int | float) else max(low, 1) + 4
    start = int(low) + (1 if "exclusiveMinimum" in schema else 0)
    drawn = draw.randint(start, max(start, int(high)))
    step = schema.get("multipleOf")
    return -(-drawn // step) * step if isinstance(step, int | float) and 0 < step <= _GREATEST else drawn


def _bounded(number: float) -> float:
    """A bound, or the greatest number that JSON has everywhere."""
    return max(-_GREATEST, min(number, _GREATEST))


_GREATEST = 2**53


def _text(schema: JsonSchema, draw: random.Random, today: str) -> str:
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and (made := _of_pattern(pattern)) and allows(schema, made):
        return made
    said = f"{schema.get('format', '')} {schema.get('pattern', '')} {schema.get('description', '')}"
    if schema.get("format") == "date-time":
        return f"{today}T10:00:00Z"
    if schema.get("format") == "date" or _DAY.search(said):
        return today
    if schema.get("format") == "email" or "email" in said.lower():
        return f"{draw.choice(_WORDS)}@example.com"
    if re.search(r"\\d\{2\}:\\d\{2\}|HH:MM", said):
        return "10:30"
    least = schema.get("minLength")
    text = f"{draw.choice(_WORDS)} {draw.choice(_WORDS)}"
    most = schema.get("maxLength")
    text = text.ljust(min(least, _MOST_LETTERS) if isinstance(least, int) else 0, "x")
    return text[:most] if isinstance(most, int) else text


def extremes_of(schema: JsonSchema) -> list[JsonValue]:
    """The greatest and the least figure that a schema has, or a day long gone and one far ahead."""
    if "enum" in schema:
        return []
    if type_of(schema) in ("integer", "number"):
        ends = (schema.get("maximum", _GREAT), schema.get("minimum", -_GREAT))
        return [_bounded(one) for one in ends if isinstance(one, int | float)]
    if schema.get("format") == "date-time":
        return [f"{_LONG_GONE}T10:00:00Z", f"{_FAR_AHEAD}T10:00:00Z"]
    said = f"{schema.get('pattern', '')} {schema.get('description', '')}"
    return [_LONG_GONE, _FAR_AHEAD] if schema.get("format") == "date" or _DAY.search(said) else []


_GREAT = 1_000_000
_LONG_GONE, _FAR_AHEAD = "2001-01-01", "2099-12-31"
_DAY = re.compile(r"\\d\{4\}-|YYYY-MM-DD|\d{4}-\d\d-\d\d")
"""What a pattern or a description of a day has in it."""


def allows(schema: JsonSchema, value: JsonValue) -> bool:
    """Whether a schema allows a value, by the checker of arguments, which no pattern of a stranger holds up."""
    try:
        return Schema(schema, "a parameter").error_in(value) is None
    except SpecError:
        return False


def _of_pattern(pattern: str) -> str:
    """A text that a plain pattern allows: literal marks, and classes of letters or digits, so many times."""

    def filled(match: re.Match[str]) -> str:
        count = int(match[2] or (1 if match[3] is None else 2))
        letters = {"\\d": "4817", "[0-9]": "4817", "[A-Z]": "KTRM", "[a-z]": "trkm", "\\w": "trkm"}[match[1]]
        return "".join(letters[place % len(letters)] for place in range(min(count, 64)))

    plain = re.sub(r"(\\d|\\w|\[0-9\]|\[A-Z\]|\[a-z\])(?:\{(\d+)(?:,\d*)?\}|([+*]))?", filled, pattern.strip("^$"))
    return re.sub(r"\\(.)", r"\1", plain)


def forbidden(schema: JsonSchema, given: JsonObject) -> Iterator[JsonObject]:
    """Arguments that the schema of a tool forbids, made of allowed ones: each in one way."""
    check = Schema(schema, "a tool")
    yield from (one for one in _spoilt(schema, given) if check.error_in(one) is not None)


def _spoilt(schema: JsonSchema, given: JsonObject) -> Iterator[JsonObject]:
    required = schema.get("required")
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    for name in required if isinstance(required, list) else ():
        yield {one: value for one, value in given.items() if one != name}
    for name, shape in known.items():
        kind = type_of(shape) if isinstance(shape, dict) and shape.get("type") else None
        if kind is not None and kind != "null":
            yield {**given, name: ["not", "this"] if kind != "array" else 17.5}
        if isinstance(shape, dict) and isinstance(shape.get("enum"), list) and kind == "string":
            yield {**given, name: "none of the listed values"}
    if schema.get("additionalProperties") is False:
        yield {**given, "no_such_parameter": 1}
