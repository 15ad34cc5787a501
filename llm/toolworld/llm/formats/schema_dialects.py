"""JSON Schemas for decoders: fewer keywords, bounded sizes, and a function that restores the original shape.

Each rule returns the tightened schema together with the function that restores a value, so that the
two always match. Constraints that the tightened schema lacks are validated afterwards, against the
original schema.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

from toolworld.ground import JsonObject, JsonSchema, JsonValue, Schema, canonical, closed_object, referred

Dialect = Literal["strict", "schema", "small"]
"""`strict`: every property required and no maps, for OpenAI's strict mode. `schema`: for the grammars of
vLLM, llama.cpp and Ollama. `small`: as `schema`, but with bounded sizes and no maps, for small models
that may never end a text or list by themselves."""

MAX_RECURSION = 2
"""How often a reference is expanded within itself before the recursion is cut off."""
MAX_TEXT_CHARACTERS, MAX_ITEMS = 200, 4
"""Bounds on the strings and lists of a small model, where the schema sets none."""
MIN_SPARSE_PROPERTIES = 3
"""From this number of properties, an object without required ones becomes a list of the properties it has."""

_KNOWN_FORMATS = frozenset({"date", "date-time", "time", "uuid", "email", "ipv4", "ipv6", "hostname", "duration"})
# Patterns in place of formats: they also keep a small model to plausible years and to short addresses.
_DATE = r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_PATTERNS = {
    "date": f"^{_DATE}$",
    "date-time": f"^{_DATE}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$",
    "email": r"^[a-z0-9._-]{1,24}@[a-z0-9-]{1,20}\.[a-z]{2,3}$",
}
_SCALARS: JsonSchema = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems")

Restore = Callable[[JsonValue], JsonValue]
"""A function from a value in a dialect to the value in the original shape. Other values are returned unchanged."""


class DialectSchema(NamedTuple):
    """A schema for a decoder, and the function that restores its values to the original shape."""

    schema: JsonSchema
    restore: Restore


def to_dialect(schema: JsonSchema, dialect: Dialect) -> DialectSchema:
    """Translate a schema into a dialect."""
    return _Converter(schema, dialect).convert(schema, ())


def _unchanged(value: JsonValue) -> JsonValue:
    return value


@dataclass(frozen=True, slots=True)
class _Converter:
    """The translation of one schema; references are resolved within `root`."""

    root: JsonSchema
    dialect: Dialect

    def convert(self, schema: JsonValue, path: tuple[str, ...]) -> DialectSchema:
        """Tighten a schema; `path` holds the references that led to it, for the limit on recursion."""
        # A schema that allows anything: strict decoders want types, and a small model might never end.
        if not isinstance(schema, dict) or not schema:
            return DialectSchema({} if self.dialect == "schema" else _SCALARS, _unchanged)
        if "$ref" in schema:
            return self._reference(str(schema["$ref"]), path)
        if "const" in schema:
            return DialectSchema(_enumeration([schema["const"]]), _unchanged)
        choices = schema.get("enum")
        if isinstance(choices, list):
            return DialectSchema(_enumeration(choices), _unchanged)
        # `oneOf` becomes `anyOf`, which decoders know; keywords beside it are left to the final validation.
        for keyword in ("anyOf", "oneOf"):
            branches = schema.get(keyword)
            if isinstance(branches, list):
                return self._any_of([self.convert(branch, path) for branch in branches])
        whole = _merged(schema)
        type_ = whole.get("type", "object" if "properties" in whole else None)
        if isinstance(type_, list):
            return self._any_of([self.convert({**whole, "type": name}, path) for name in type_])
        if type_ == "object":
            return self._object(whole, path)
        if type_ == "array":
            return self._array(whole, path)
        if type_ == "string":
            return DialectSchema(self._string(whole), _unchanged)
        if isinstance(type_, str):
            bounds = {keyword: whole[keyword] for keyword in _BOUNDS if keyword in whole}
            return DialectSchema({"type": type_, **bounds}, _unchanged)
        return DialectSchema({} if self.dialect == "schema" else _SCALARS, _unchanged)

    def _reference(self, reference: str, path: tuple[str, ...]) -> DialectSchema:
        # References are expanded in place, as not all decoders resolve them; a recursive one would expand for ever.
        if path.count(reference) >= MAX_RECURSION:
            return DialectSchema({"type": "null"}, _unchanged)
        return self.convert(referred(self.root, reference), (*path, reference))

    def _any_of(self, branches: list[DialectSchema]) -> DialectSchema:
        schemas: list[JsonValue] = [branch.schema for branch in branches]
        checks = [Schema(branch.schema, "a branch of a form") for branch in branches]

        def restore(value: JsonValue) -> JsonValue:
            # A value does not name its branch: the first branch whose tightened schema it matches restores it.
            for branch, check in zip(branches, checks, strict=True):
                if check.error_in(value) is None:
                    return branch.restore(value)
            return value

        return DialectSchema({"anyOf": schemas}, restore)

    def _string(self, schema: JsonSchema) -> JsonSchema:
        string: JsonSchema = {"type": "string"}
        pattern, form = schema.get("pattern"), schema.get("format")
        # One kind of constraint at most, since decoders do not combine them. Many also take every pattern as anchored,
        # and reject lookaround and other groups that begin with `(?`.
        if isinstance(pattern, str) and pattern.startswith("^") and pattern.endswith("$") and "(?" not in pattern:
            string["pattern"] = pattern
        elif isinstance(form, str) and self.dialect == "small" and form in _PATTERNS:
            string["pattern"] = _PATTERNS[form]
        elif isinstance(form, str) and form in _KNOWN_FORMATS:
            string["format"] = form
        elif self.dialect != "strict":
            string |= {keyword: schema[keyword] for keyword in ("minLength", "maxLength") if keyword in schema}
            if self.dialect == "small":
                string.setdefault("maxLength", MAX_TEXT_CHARACTERS)
        return string

    def _array(self, schema: JsonSchema, path: tuple[str, ...]) -> DialectSchema:
        items = self.convert(schema.get("items", {}), path)
        tight: JsonSchema = {"type": "array", "items": items.schema}
        tight |= {keyword: schema[keyword] for keyword in ("minItems", "maxItems") if keyword in schema}
        if items.schema == {"type": "null"} and schema.get("items") != {"type": "null"}:
            tight["maxItems"] = 0  # the recursion was cut off at the items, so the list must be empty
        elif self.dialect == "small":
            tight.setdefault("maxItems", MAX_ITEMS)
        unique = schema.get("uniqueItems") is True

        def restore(value: JsonValue) -> JsonValue:
            if not isinstance(value, list):
                return value
            # Decoders cannot enforce `uniqueItems`, so duplicates are dropped here.
            restored = [items.restore(item) for item in value]
            return list({canonical(item): item for item in restored}.values()) if unique else restored

        return DialectSchema(tight, restore)

    def _object(self, schema: JsonSchema, path: tuple[str, ...]) -> DialectSchema:
        properties = cast(dict[str, JsonSchema], schema.get("properties") or {})
        required = [name for name in cast(list[str], schema.get("required") or []) if name in properties]
        inner = {name: self.convert(shape, path) for name, shape in properties.items()}
        if not properties:
            return self._map(self.convert(schema.get("additionalProperties"), path), schema)
        # Strict mode requires every property, and null then means that one is left out. With nothing required, an
        # object becomes a list instead: where null is a value itself, or where most properties would be null.
        nullable = any("null" in str(shape.get("type", "")) for shape in properties.values())
        if self.dialect == "strict" and not required and (nullable or len(properties) >= MIN_SPARSE_PROPERTIES):
            return _as_pairs(inner)
        if self.dialect == "strict":
            return _all_required(inner, required)

        def restore(value: JsonValue) -> JsonValue:
            if not isinstance(value, dict):
                return value
            return {name: inner[name].restore(item) if name in inner else item for name, item in value.items()}

        tight: JsonSchema = {
            "type": "object",
            "properties": {name: shape.schema for name, shape in inner.items()},
            "required": list[JsonValue](required),
            "additionalProperties": False,
        }
        return DialectSchema(tight, restore)

    def _map(self, values: DialectSchema, schema: JsonSchema) -> DialectSchema:
        """An object with arbitrary keys: a map in the dialect `schema`, a list of `{key, value}` in the others."""
        if schema.get("additionalProperties") is False:
            return DialectSchema(
                {"type": "object", "properties": {}, "required": [], "additionalProperties": False}, _unchanged
            )
        if self.dialect == "schema":

            def restore_map(value: JsonValue) -> JsonValue:
                return {key: values.restore(item) for key, item in value.items()} if isinstance(value, dict) else value

            return DialectSchema({"type": "object", "additionalProperties": values.schema or True}, restore_map)
        pair = closed_object({"key": {"type": "string"}, "value": values.schema})
        bound: JsonObject = {"maxItems": MAX_ITEMS} if self.dialect == "small" else {}

        def restore(value: JsonValue) -> JsonValue:
            fields = _pairs_to_object(value, "key")
            return value if fields is None else {key: values.restore(item) for key, item in fields.items()}

        return DialectSchema({"type": "array", "items": pair, **bound}, restore)


def _as_pairs(inner: dict[str, DialectSchema]) -> DialectSchema:
    """An object with nothing required, as a list of `{name, value}` for the properties that it has."""
    branches: list[JsonValue] = [
        closed_object({"name": {"const": name}, "value": shape.schema}) for name, shape in inner.items()
    ]

    def restore(value: JsonValue) -> JsonValue:
        fields = _pairs_to_object(value, "name")
        if fields is None:
            return value
        return {name: inner[name].restore(item) if name in inner else item for name, item in fields.items()}

    return DialectSchema({"type": "array", "items": {"anyOf": branches}}, restore)


def _all_required(inner: dict[str, DialectSchema], required: list[str]) -> DialectSchema:
    """An object with every property required, in which null stands for an optional property that is left out."""
    properties: dict[str, JsonSchema] = {
        name: shape.schema if name in required else {"anyOf": [shape.schema, {"type": "null"}]}
        for name, shape in inner.items()
    }

    def restore(value: JsonValue) -> JsonValue:
        if not isinstance(value, dict):
            return value
        return {
            name: inner[name].restore(item) if name in inner else item
            for name, item in value.items()
            if item is not None or name in required
        }

    return DialectSchema(closed_object(properties), restore)


def _enumeration(values: list[JsonValue]) -> JsonSchema:
    """An `enum` with the types of its values, without which strict decoders reject it."""
    types = list(dict.fromkeys(_type_name(value) for value in values))
    return {"type": types[0] if len(types) == 1 else list[JsonValue](types), "enum": values}


def _type_name(value: JsonValue) -> str:
    """The JSON Schema type of a value."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _pairs_to_object(value: JsonValue, key_field: str) -> JsonObject | None:
    """Convert a list of `{key_field: ..., "value": ...}` to an object; None if the value is not such a list."""
    if not isinstance(value, list):
        return None
    fields: JsonObject = {}
    for pair in value:
        if not isinstance(pair, dict) or not isinstance(pair.get(key_field), str):
            return None
        fields[str(pair[key_field])] = pair.get("value")
    return fields


def _merged(schema: JsonSchema) -> JsonSchema:
    """Merge the parts of an `allOf`: objects and lists (`properties`, `required`) are joined, other values replaced."""
    parts = schema.get("allOf")
    if not isinstance(parts, list):
        return schema
    whole: JsonSchema = {keyword: value for keyword, value in schema.items() if keyword != "allOf"}
    for part in parts:
        if not isinstance(part, dict):
            continue
        for keyword, value in part.items():
            existing = whole.get(keyword)
            if isinstance(existing, dict) and isinstance(value, dict):
                whole[keyword] = {**existing, **value}
            elif isinstance(existing, list) and isinstance(value, list):
                whole[keyword] = [*existing, *value]
            else:
                whole[keyword] = value
    return whole
