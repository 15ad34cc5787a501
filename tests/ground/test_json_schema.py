import pytest

from toolworld.ground import JsonSchema, Schema, SpecError


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
