"""The form of a tool: fields from its schema, and arguments from what was filled in."""

import pytest

from toolworld.environments import ToolSpec
from toolworld.ground import JsonValue, UsageError
from toolworld.server.viewer.pages.schema_words import kind_of
from toolworld.server.viewer.pages.trial_form import arguments_of, form_fields

SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "count": {"type": "integer", "minimum": 1},
        "price": {"type": ["number", "null"]},
        "kind": {"enum": ["small", "large", 3]},
        "urgent": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "note": {"type": "string", "format": "free-text"},
    },
}
TOOL = ToolSpec(name="order", description="d", input_schema=SCHEMA, effect="write")


def test_each_parameter_has_a_field_of_its_kind() -> None:
    kinds = {field.parameter.name: field.kind for field in form_fields(TOOL)}
    assert kinds == {
        "name": "text",
        "count": "number",
        "price": "number",
        "kind": "choice",
        "urgent": "choice",
        "tags": "json",
        "either": "json",
        "note": "long_text",
    }
    assert form_fields(TOOL)[3].choices == ("small", "large", "3")
    assert [field.parameter.is_required for field in form_fields(TOOL)][:2] == [True, False]


def test_what_is_filled_in_becomes_arguments_of_the_right_types_and_what_is_empty_is_left_out() -> None:
    filled = {"a.name": "x", "a.count": "3", "a.price": "2.50", "a.kind": "3", "a.urgent": "false", "a.tags": '["b"]'}
    assert arguments_of(TOOL, {**filled, "a.either": "7", "a.note": "", "other": "1"}) == {
        "name": "x",
        "count": 3,
        "price": 2.5,
        "kind": 3,
        "urgent": False,
        "tags": ["b"],
        "either": 7,
    }


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [("count", "three", "a number"), ("tags", "b", "JSON"), ("kind", "huge", "one of small, large, 3")],
)
def test_what_is_no_such_value_is_told_with_the_parameter_and_what_is_allowed(name: str, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=f"{name} takes .*{told}"):
        arguments_of(TOOL, {f"a.{name}": text})


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "format": "date"}, "text (date)"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "whole number from 1 to 9"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "list of a or b"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or nothing"),
        ({"type": "object", "properties": {"a": {}, "b": {}}}, "object with a, b"),
        ({}, "anything"),
        (True, "anything"),
        ({"type": ["boolean", "null"]}, "yes or no or nothing"),
    ],
)
def test_a_schema_is_told_in_words(schema: JsonValue, words: str) -> None:
    assert kind_of(schema) == words
