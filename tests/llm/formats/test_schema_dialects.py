"""Schemas for decoders: what they are told, and the way back."""

import pytest

from toolworld.ground import JsonSchema, JsonValue, Schema
from toolworld.llm import ResponseFormat
from toolworld.llm.formats.schema_dialects import Dialect, to_dialect

TEXT: JsonSchema = {"type": "string"}


def closed(**properties: JsonValue) -> JsonSchema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def tight_and_back(schema: JsonSchema, dialect: Dialect, tight_value: JsonValue) -> JsonValue:
    tight = to_dialect(schema, dialect)
    assert Schema(tight.schema, "tight").error_in(tight_value) is None
    restored = tight.restore(tight_value)
    assert Schema(schema, "original").error_in(restored) is None
    return restored


def test_strict_requires_everything_and_null_stands_for_what_is_left_out() -> None:
    schema: JsonSchema = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a"]}
    assert to_dialect(schema, "strict").schema["required"] == ["a", "b"]
    assert tight_and_back(schema, "strict", {"a": "x", "b": None}) == {"a": "x"}


def test_strict_gives_a_map_as_pairs() -> None:
    schema = closed(stock={"type": "object", "additionalProperties": {"type": "integer"}})
    pairs: JsonValue = {"stock": [{"key": "s", "value": 1}, {"key": "m", "value": 2}]}
    assert tight_and_back(schema, "strict", pairs) == {"stock": {"s": 1, "m": 2}}


def test_strict_gives_an_object_with_nothing_required_as_the_properties_that_are_there() -> None:
    schema: JsonSchema = {"type": "object", "properties": {"a": TEXT, "b": {"type": "integer"}, "c": TEXT}}
    assert tight_and_back(schema, "strict", [{"name": "b", "value": 3}]) == {"b": 3}


@pytest.mark.parametrize("dialect", ["strict", "schema", "small"])
def test_references_are_put_in_place_and_recursion_ends(dialect: Dialect) -> None:
    schema: JsonSchema = {
        "$ref": "#/$defs/node",
        "$defs": {"node": closed(name=TEXT, children={"type": "array", "items": {"$ref": "#/$defs/node"}})},
    }
    tight = to_dialect(schema, dialect).schema
    assert "$ref" not in str(tight)
    leaf: JsonValue = {"name": "leaf", "children": []}
    assert tight_and_back(schema, dialect, {"name": "root", "children": [leaf]}) == {"name": "root", "children": [leaf]}
    too_deep: JsonValue = {"name": "root", "children": [{"name": "x", "children": [leaf]}]}
    assert Schema(tight, "tight").error_in(too_deep) is not None


def test_the_right_branch_is_restored() -> None:
    stock: JsonSchema = {"type": "object", "additionalProperties": {"type": "integer"}}
    schema: JsonSchema = closed(it={"oneOf": [closed(ok=stock), {"type": "null"}]})
    value: JsonValue = {"it": {"ok": [{"key": "a", "value": 1}]}}
    assert tight_and_back(schema, "strict", value) == {"it": {"ok": {"a": 1}}}
    assert tight_and_back(schema, "strict", {"it": None}) == {"it": None}


def test_small_models_get_bounds() -> None:
    tight = to_dialect(closed(words=TEXT, many={"type": "array", "items": TEXT, "uniqueItems": True}), "small").schema
    assert "maxLength" in str(tight) and "maxItems" in str(tight) and "uniqueItems" not in str(tight)


def test_what_must_be_unique_is_made_so() -> None:
    schema = closed(many={"type": "array", "items": TEXT, "uniqueItems": True})
    assert tight_and_back(schema, "small", {"many": ["a", "b", "a"]}) == {"many": ["a", "b"]}


def test_what_the_decoder_was_not_told_is_checked_after() -> None:
    form = ResponseFormat(closed(code={"type": "string", "pattern": "^(?=A)A[0-9]$"}))
    assert "pattern" not in str(form.in_dialect("schema").schema)
    assert form.read('{"code": "A1"}', "schema") == ({"code": "A1"}, None)
    value, fault = form.read('{"code": "B1"}', "schema")
    assert value is None and fault is not None


def test_an_engine_that_ignores_the_pairs_and_answers_naturally_is_understood() -> None:
    form = ResponseFormat(closed(stock={"type": "object", "additionalProperties": {"type": "integer"}}))
    assert form.read('{"stock": {"s": 1}}', "strict") == ({"stock": {"s": 1}}, None)
