"""Bounds of JSON Schemas: what a schema may refer to, and how many checks it can ask for.

A schema of a few lines can ask for more checks than there is time: each of 35 definitions that are all of the next
one twice. So the checks that a schema makes at one place of a value are counted before it is used, with every
reference followed, as a function of how deep the value is.
"""

from collections.abc import Iterator
from typing import NamedTuple, cast
from urllib.parse import unquote

from toolworld.ground.json import JsonObject, JsonValue

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_NODES = 20_000
"""How many objects and lists a schema may have."""
MAX_SCHEMA_DEPTH = 100
"""How deep a schema may be nested."""
MAX_CHECKS = 5_000
"""How many checks a schema may make at one place of a value."""
MAX_ALL_CHECKS = 20_000_000
"""How many checks it may make of a whole value: some seconds."""
MAX_VALUE_DEPTH = 100
"""How deep a value can be; see `MAX_DEPTH` of JSON."""
LIGHT_CHECKS = 40
"""A schema with fewer checks at each place is never too much for a value that a message can hold."""
SCALARS_PER_CHECK = 4
"""How many values of an `enum` are compared in the time of a check."""
LOOKAROUND_CHECKS = 100
"""What a pattern counts that looks ahead or back, since it is matched by trying."""
MAX_MATCHED_CHARACTERS = 100_000
"""How long a text may be that stands where patterns are matched."""
MIN_DEPTH = 4
"""A schema that only values less deep than this could be held against is refused."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_SAME_PLACE = ("not", "if", "then", "else")
_SAME_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
_EACH_INNER = (
    "additionalProperties", "items", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_DATA = frozenset({"const", "enum", "default", "examples"})
"""Keywords whose values are data, not schemas."""
_NAMES = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords whose values have names of the author's choice for keys."""


class SchemaBounds(NamedTuple):
    """What a value must keep so that a schema can be held against it."""

    max_text: int | None
    """How long a text in it may be; None where it does not matter."""

    max_depth: int
    max_values: int | None
    """How many values it may have in it; None where it does not matter."""


def schema_bounds(schema: JsonObject) -> SchemaBounds:
    """Check that a schema keeps to itself and to what can be checked.

    Raises:
        ValueError: it is of another dialect, refers out of itself, or asks for too much; the message says where.
    """
    _require_own(schema)
    counter = _CheckCounter(schema)
    checks = counter.checks(schema, MAX_VALUE_DEPTH)
    max_text = MAX_MATCHED_CHARACTERS if counter.has_patterns else None
    if checks <= LIGHT_CHECKS:
        return SchemaBounds(max_text, MAX_VALUE_DEPTH, None)
    depth = MAX_VALUE_DEPTH
    while checks > MAX_CHECKS and depth >= MIN_DEPTH:
        depth -= max(1, depth // 4)
        checks = counter.checks(schema, depth)
    if checks > MAX_CHECKS:
        raise ValueError(f"it asks for more than {MAX_CHECKS:,} checks at one place: it combines its parts too often")
    return SchemaBounds(max_text, depth, MAX_ALL_CHECKS // checks)


def within_bounds(value: object, bounds: SchemaBounds) -> str | None:
    """Why a value is too much for a schema; None if it is not."""
    level, seen = [value], 0
    for _ in range(bounds.max_depth + 1):
        seen += len(level)
        if bounds.max_values is not None and seen > bounds.max_values:
            return f"it has more than {bounds.max_values:,} values in it, and cannot be checked"
        if bounds.max_text is not None:
            for text in level:
                if isinstance(text, str) and len(text) > bounds.max_text:
                    return f"it has a text of more than {bounds.max_text:,} characters, too long for a pattern"
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return None
    return f"it is nested more than {bounds.max_depth} levels deep, and cannot be checked"


def looks_around(pattern: str) -> bool:
    """Whether a regular expression looks ahead or back, or refers to a group."""
    return any(mark in pattern for mark in ("(?=", "(?!", "(?<=", "(?<!", "(?>", "(?(")) or any(
        f"\\{digit}" in pattern for digit in "123456789"
    )


def _children(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from cast("dict[str, object]", value).values()
    elif isinstance(value, list | tuple):
        yield from cast("list[object]", value)


def _require_own(schema: JsonObject) -> None:
    level: list[tuple[str, JsonValue, bool]] = [("", schema, False)]
    nodes = 0
    for _ in range(MAX_SCHEMA_DEPTH + 1):
        nodes += len(level)
        if nodes > MAX_SCHEMA_NODES:
            raise ValueError(f"it has more than {MAX_SCHEMA_NODES:,} parts")
        for place, node, in_names in level:
            if isinstance(node, dict) and not in_names:
                _require_own_node(place, node)
        level = [
            (f"{place}/{name}", inner, name in _NAMES and not in_names)
            for place, node, in_names in level
            for name, inner in _parts(node, in_names)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise ValueError(f"it is nested more than {MAX_SCHEMA_DEPTH} levels deep")


def _parts(node: JsonValue, in_names: bool) -> Iterator[tuple[str, JsonValue]]:
    """What stands in a node; `in_names` says that its keys are names that the author chose, and no keywords."""
    if isinstance(node, dict):
        yield from ((name, inner) for name, inner in node.items() if in_names or name not in _DATA)
    elif isinstance(node, list):
        yield from ((str(number), inner) for number, inner in enumerate(node))


def _require_own_node(place: str, node: JsonObject) -> None:
    dialect = node.get("$schema")
    if isinstance(dialect, str) and dialect.rstrip("#") != DIALECT:
        raise ValueError(f"`$schema`{_at(place)} is {dialect[:100]!r}; allowed: {DIALECT!r}, or none")
    if place and isinstance(node.get("$id"), str):
        raise ValueError(f"`$id`{_at(place)} names a part, to which references would be resolved otherwise")
    for keyword in _REFERENCES:
        target = node.get(keyword)
        if isinstance(target, str) and not target.startswith("#"):
            raise ValueError(f"`{keyword}`{_at(place)} refers to {target[:100]!r}, and a schema must stand alone")


def _at(place: str) -> str:
    return f" at {place}" if place else ""


class _CheckCounter:
    """Counts the checks that a schema can make at one place of a value."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._anchors = dict(_anchors(root))
        self._known: dict[tuple[int, int], int] = {}
        self._open: set[tuple[int, int]] = set()
        self.has_patterns = False
        """Whether a pattern was met."""

    def checks(self, schema: JsonValue, depth: int) -> int:
        """The checks at the heaviest path through a value of a depth; counting stops above `MAX_CHECKS`."""
        if not isinstance(schema, dict):
            return 1
        place = (id(schema), depth)
        if place in self._known:
            return self._known[place]
        if place in self._open:
            raise ValueError("it refers to itself without going deeper into the value")
        if len(self._known) > 10 * MAX_SCHEMA_NODES:
            raise ValueError("its parts refer to each other too often")
        self._open.add(place)
        total = 1 + self._own_checks(schema)
        for inner in self._same_place(schema):
            total += self.checks(inner, depth)
            if total > MAX_CHECKS:
                break
        if depth and total <= MAX_CHECKS:
            total += self._inner_checks(schema, depth - 1)
        self._open.discard(place)
        self._known[place] = total
        return total

    def _own_checks(self, schema: JsonObject) -> int:
        """What the schema itself counts: patterns that look around, and choices, each of which is compared."""
        choices: list[JsonValue] = [schema.get(keyword) for keyword in ("enum", "const", "dependentRequired")]
        return self._patterns(schema) + sum(map(_size, choices)) // SCALARS_PER_CHECK

    def _patterns(self, schema: JsonObject) -> int:
        patterns = [schema.get("pattern"), *_names(schema.get("patternProperties"))]
        self.has_patterns = self.has_patterns or any(isinstance(pattern, str) for pattern in patterns)
        return LOOKAROUND_CHECKS * sum(isinstance(pattern, str) and looks_around(pattern) for pattern in patterns)

    def _same_place(self, schema: JsonObject) -> Iterator[JsonValue]:
        for keyword in _REFERENCES:
            target = schema.get(keyword)
            if isinstance(target, str):
                yield self._target(target)
        for keyword in _SAME_PLACE:
            yield from (schema[keyword],) if keyword in schema else ()
        for keyword in _SAME_PLACE_LISTS:
            branches = schema.get(keyword)
            yield from branches if isinstance(branches, list) else ()
        dependent = schema.get("dependentSchemas")
        yield from dependent.values() if isinstance(dependent, dict) else ()

    def _inner_checks(self, schema: JsonObject, depth: int) -> int:
        properties, prefix = schema.get("properties"), schema.get("prefixItems")
        alternatives: list[JsonValue] = [*(properties.values() if isinstance(properties, dict) else ())]
        alternatives += prefix if isinstance(prefix, list) else []
        total = max((self.checks(inner, depth) for inner in alternatives), default=0)
        patterns = schema.get("patternProperties")
        every = [*(patterns.values() if isinstance(patterns, dict) else ())]
        every += [schema[keyword] for keyword in _EACH_INNER if keyword in schema]
        for inner in every:
            total += self.checks(inner, depth)
            if total > MAX_CHECKS:
                break
        return total

    def _target(self, reference: str) -> JsonValue:
        if reference == "#":
            return self._root
        if not reference.startswith("#/"):
            if reference[1:] not in self._anchors:
                raise ValueError(f"its reference {reference[:100]!r} points to nothing")
            return self._anchors[reference[1:]]
        place: JsonValue = self._root
        for part in unquote(reference[2:]).split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(place, dict) and name in place:
                place = place[name]
            elif isinstance(place, list) and name.isdecimal() and int(name) < len(place):
                place = place[int(name)]
            else:
                raise ValueError(f"its reference {reference[:100]!r} points to nothing")
        return place


def _names(patterns: JsonValue) -> Iterator[str]:
    yield from patterns if isinstance(patterns, dict) else ()


def _anchors(root: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    pending: list[tuple[JsonValue, bool]] = [(root, False)]
    while pending:
        node, in_names = pending.pop()
        for keyword in ("$anchor", "$dynamicAnchor") if isinstance(node, dict) and not in_names else ():
            name = cast(JsonObject, node).get(keyword)
            if isinstance(name, str):
                yield name, node
        pending += [
            (inner, name in _NAMES and not in_names)
            for name, inner in _parts(node, in_names)
            if isinstance(inner, dict | list)
        ]


def _size(value: JsonValue) -> int:
    """How many values stand in a value."""
    level, size = [value], 0
    while level and size <= SCALARS_PER_CHECK * MAX_CHECKS:
        size += len(level)
        level = cast("list[JsonValue]", [inner for outer in level for inner in _children(outer)])
    return size


def has_more_values(value: object, most: int) -> bool:
    """Whether a value has more than so many values in it."""
    level, seen = [value], 0
    while level:
        seen += len(level)
        if seen > most:
            return True
        level = [inner for outer in level for inner in _children(outer)]
    return False
