"""JSON Schemas as decoders take them: fewer keywords, bounded sizes, and a way back to the original shape.

Each rule gives the tight schema together with the function that restores a value, so the two cannot
come apart. What a tight schema does not say any more is checked after, against the original.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

from toolworld.ground import JsonObject, JsonSchema, JsonValue, Schema, canonical, closed_object, referred

Dialect = Literal["strict", "schema", "small"]
"""`strict`: every property required, no maps, as OpenAI's strict mode has it. `schema`: as the
grammars of vLLM, llama.cpp and Ollama take it. `small`: that, and bounded, for models that do not
know when to end."""

DEEPEST = 2
"""How often a schema may refer to itself before the recursion is ended."""
LONGEST_TEXT, MOST_ITEMS = 200, 4
"""What a small model may write, where the schema sets no bound."""
SPARSE = 3
"""Objects with so many properties and none required are given as a list of the properties that are there."""

_KNOWN_FORMATS = frozenset({"date", "date-time", "time", "uuid", "email", "ipv4", "ipv6", "hostname", "duration"})
_DAY = r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_PATTERNS = {
    "date": f"^{_DAY}$",
    "date-time": f"^{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$",
    "email": r"^[a-z0-9._-]{1,24}@[a-z0-9-]{1,20}\.[a-z]{2,3}$",
}
_SCALARS: JsonSchema = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]}
_COMMON = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems")

Restore = Callable[[JsonValue], JsonValue]


class DialectSchema(NamedTuple):
    """A schema for a decoder, and the way back."""

    schema: JsonSchema
    restore: Restore


def to_dialect(schema: JsonSchema, dialect: Dialect) -> DialectSchema:
    """Give a schema in a dialect of decoders."""
    return _Converter(schema, dialect).of(schema, ())


def _as_it_is(value: JsonValue) -> JsonValue:
    return value


@dataclass(frozen=True, slots=True)
class _Converter:
    root: JsonSchema
    dialect: Dialect

    def of(self, schema: JsonValue, path: tuple[str, ...]) -> DialectSchema:
        """Tighten a schema that was reached through the references of the path."""
        if not isinstance(schema, dict) or not schema:
            return DialectSchema({} if self.dialect == "schema" else _SCALARS, _as_it_is)
        if "$ref" in schema:
            return self._referred(str(schema["$ref"]), path)
        if "const" in schema:
            return DialectSchema(_one_of_these([schema["const"]]), _as_it_is)
        choices = schema.get("enum")
        if isinstance(choices, list):
            return DialectSchema(_one_of_these(choices), _as_it_is)
        for word in ("anyOf", "oneOf"):
            branches = schema.get(word)
            if isinstance(branches, list):
                return self._one_of([self.of(branch, path) for branch in branches])
        whole = _merged(schema)
        kind = whole.get("type", "object" if "properties" in whole else None)
        if isinstance(kind, list):
            return self._one_of([self.of({**whole, "type": one}, path) for one in kind])
        if kind == "object":
            return self._object(whole, path)
        if kind == "array":
            return self._array(whole, path)
        if kind == "string":
            return DialectSchema(self._text(whole), _as_it_is)
        if isinstance(kind, str):
            kept = {word: whole[word] for word in _COMMON if word in whole}
            return DialectSchema({"type": kind, **kept}, _as_it_is)
        return DialectSchema({} if self.dialect == "schema" else _SCALARS, _as_it_is)

    def _referred(self, reference: str, path: tuple[str, ...]) -> DialectSchema:
        if path.count(reference) >= DEEPEST:
            return DialectSchema({"type": "null"}, _as_it_is)
        return self.of(referred(self.root, reference), (*path, reference))

    def _one_of(self, branches: list[DialectSchema]) -> DialectSchema:
        schemas: list[JsonValue] = [branch.schema for branch in branches]
        checks = [Schema(branch.schema, "a branch of a form") for branch in branches]

        def restore(value: JsonValue) -> JsonValue:
            for branch, check in zip(branches, checks, strict=True):
                if check.error_in(value) is None:
                    return branch.restore(value)
            return value

        return DialectSchema({"anyOf": schemas}, restore)

    def _text(self, schema: JsonSchema) -> JsonSchema:
        kept: JsonSchema = {"type": "string"}
        pattern, form = schema.get("pattern"), schema.get("format")
        if isinstance(pattern, str) and pattern.startswith("^") and pattern.endswith("$") and "(?" not in pattern:
            kept["pattern"] = pattern
        elif isinstance(form, str) and self.dialect == "small" and form in _PATTERNS:
            kept["pattern"] = _PATTERNS[form]
        elif isinstance(form, str) and form in _KNOWN_FORMATS:
            kept["format"] = form
        elif self.dialect != "strict":
            kept |= {word: schema[word] for word in ("minLength", "maxLength") if word in schema}
            if self.dialect == "small":
                kept.setdefault("maxLength", LONGEST_TEXT)
        return kept

    def _array(self, schema: JsonSchema, path: tuple[str, ...]) -> DialectSchema:
        items = self.of(schema.get("items", {}), path)
        tight: JsonSchema = {"type": "array", "items": items.schema}
        tight |= {word: schema[word] for word in ("minItems", "maxItems") if word in schema}
        if items.schema == {"type": "null"} and schema.get("items") != {"type": "null"}:
            tight["maxItems"] = 0  # the end of a recursion
        elif self.dialect == "small":
            tight.setdefault("maxItems", MOST_ITEMS)
        unique = schema.get("uniqueItems") is True

        def restore(value: JsonValue) -> JsonValue:
            if not isinstance(value, list):
                return value
            restored = [items.restore(item) for item in value]
            return list({canonical(item): item for item in restored}.values()) if unique else restored

        return DialectSchema(tight, restore)

    def _object(self, schema: JsonSchema, path: tuple[str, ...]) -> DialectSchema:
        properties = cast(dict[str, JsonSchema], schema.get("properties") or {})
        required = [name for name in cast(list[str], schema.get("required") or []) if name in properties]
        inner = {name: self.of(shape, path) for name, shape in properties.items()}
        if not properties:
            return self._map(self.of(schema.get("additionalProperties"), path), schema)
        nullable = any("null" in str(shape.get("type", "")) for shape in properties.values())
        if self.dialect == "strict" and not required and (nullable or len(properties) >= SPARSE):
            return _pairs(inner)
        if self.dialect == "strict":
            return _all_required(inner, required)

        def restore(value: JsonValue) -> JsonValue:
            if not isinstance(value, dict):
                return value
            return {name: inner[name].restore(one) if name in inner else one for name, one in value.items()}

        tight: JsonSchema = {
            "type": "object",
            "properties": {name: one.schema for name, one in inner.items()},
            "required": list[JsonValue](required),
            "additionalProperties": False,
        }
        return DialectSchema(tight, restore)

    def _map(self, values: DialectSchema, schema: JsonSchema) -> DialectSchema:
        if schema.get("additionalProperties") is False:
            return DialectSchema(
                {"type": "object", "properties": {}, "required": [], "additionalProperties": False}, _as_it_is
            )
        if self.dialect == "schema":

            def restore_map(value: JsonValue) -> JsonValue:
                return {key: values.restore(one) for key, one in value.items()} if isinstance(value, dict) else value

            return DialectSchema({"type": "object", "additionalProperties": values.schema or True}, restore_map)
        pair = closed_object({"key": {"type": "string"}, "value": values.schema})
        bound: JsonObject = {"maxItems": MOST_ITEMS} if self.dialect == "small" else {}

        def restore(value: JsonValue) -> JsonValue:
            given = _named(value, "key")
            return value if given is None else {key: values.restore(one) for key, one in given.items()}

        return DialectSchema({"type": "array", "items": pair, **bound}, restore)


def _pairs(inner: dict[str, DialectSchema]) -> DialectSchema:
    """Give an object with nothing required as a list of names and values."""
    branches: list[JsonValue] = [
        closed_object({"name": {"const": name}, "value": one.schema}) for name, one in inner.items()
    ]

    def restore(value: JsonValue) -> JsonValue:
        given = _named(value, "name")
        if given is None:
            return value
        return {name: inner[name].restore(one) if name in inner else one for name, one in given.items()}

    return DialectSchema({"type": "array", "items": {"anyOf": branches}}, restore)


def _all_required(inner: dict[str, DialectSchema], required: list[str]) -> DialectSchema:
    """Require every property, and let null stand for one that is left out."""
    shown: dict[str, JsonSchema] = {
        name: one.schema if name in required else {"anyOf": [one.schema, {"type": "null"}]}
        for name, one in inner.items()
    }

    def restore(value: JsonValue) -> JsonValue:
        if not isinstance(value, dict):
            return value
        return {
            name: inner[name].restore(one) if name in inner else one
            for name, one in value.items()
            if one is not None or name in required
        }

    return DialectSchema(closed_object(shown), restore)


def _one_of_these(values: list[JsonValue]) -> JsonSchema:
    """Give an enumeration with its types, without which strict decoders refuse it."""
    kinds = list(dict.fromkeys(_kind(value) for value in values))
    return {"type": kinds[0] if len(kinds) == 1 else list[JsonValue](kinds), "enum": values}


def _kind(value: JsonValue) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _named(value: JsonValue, word: str) -> JsonObject | None:
    """Read a list of `{key, value}` as an object; None where it is none."""
    if not isinstance(value, list):
        return None
    pairs: JsonObject = {}
    for pair in value:
        if not isinstance(pair, dict) or not isinstance(pair.get(word), str):
            return None
        pairs[str(pair[word])] = pair.get("value")
    return pairs


def _merged(schema: JsonSchema) -> JsonSchema:
    """Put the parts of an `allOf` together."""
    parts = schema.get("allOf")
    if not isinstance(parts, list):
        return schema
    whole: JsonSchema = {word: value for word, value in schema.items() if word != "allOf"}
    for part in parts:
        if not isinstance(part, dict):
            continue
        for word, value in part.items():
            held = whole.get(word)
            if isinstance(held, dict) and isinstance(value, dict):
                whole[word] = {**held, **value}
            elif isinstance(held, list) and isinstance(value, list):
                whole[word] = [*held, *value]
            else:
                whole[word] = value
    return whole
