import pytest

from toolworld.ground import JsonSchema, Schema, SpecError, with_object_schemas


@pytest.mark.parametrize("source", [{"type": "strng"}, {"properties": 5}, {"minimum": "x"}])
def test_what_is_no_schema_is_refused(source: JsonSchema) -> None:
    with pytest.raises(SpecError, match="the thing is not a JSON Schema"):
        Schema(source, "the thing")


def test_a_schema_never_reaches_the_network() -> None:
    with pytest.raises(SpecError, match="must stand alone"):
        Schema({"$ref": "http://127.0.0.1:9/schema.json"}, "the thing")


def test_a_fault_says_what_is_allowed() -> None:
    schema = Schema({"type": "object", "properties": {"size": {"enum": ["s", "m"]}}}, "x")
    assert schema.error_in({"size": "m"}) is None
    assert schema.error_in({"size": "xl"}) == '`size`: "xl" is not one of "s" or "m"'


def test_formats_are_checked() -> None:
    schema = Schema({"type": "object", "properties": {"day": {"type": "string", "format": "date"}}}, "x")
    assert schema.error_in({"day": "2026-02-28"}) is None
    assert schema.error_in({"day": "2026-02-30"}) is not None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"day": {"type": "integer"}}}, {"day": "x" * 900_000}),
        ({"additionalProperties": False, "properties": {"a": {}}}, {"y" * 900_000: 1}),
        ({"additionalProperties": {"type": "integer"}}, {"z" * 900_000: "no"}),
        ({"properties": {"day": {"enum": ["a" * 50_000, "b"]}}}, {"day": 1}),
    ],
)
def test_a_message_does_not_repeat_a_large_value(schema: JsonSchema, value: object) -> None:
    said = Schema(schema, "x").error_in(value)
    assert said is not None and len(said) < 1_500


@pytest.mark.parametrize(
    ("schema", "same"),
    [
        ({"properties": {"a": True, "b": False}}, {"properties": {"a": {}, "b": {"not": {}}}}),
        (
            {"items": True, "anyOf": [True, {"$ref": "#/$defs/x"}], "$defs": {"x": True}},
            {"items": {}, "anyOf": [{}, {"$ref": "#/$defs/x"}], "$defs": {"x": {}}},
        ),
        ({"additionalProperties": True, "default": True, "enum": [True], "const": {"items": True}}, None),
        (
            {"properties": {"properties": {"items": True}, "default": True}},
            {"properties": {"properties": {"items": {}}, "default": {}}},
        ),
    ],
)
def test_true_is_written_as_an_object_where_it_is_a_schema(schema: JsonSchema, same: JsonSchema | None) -> None:
    assert with_object_schemas(schema) == (schema if same is None else same)
