"""Schemas of strangers: nothing is fetched, and nothing takes longer than it may."""

import http.server
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from toolworld.ground import Schema, SpecError
from toolworld.ground.schema_bounds import MAX_CHECKS, schema_bounds

Tree = dict[str, Any]
RECURSIVE: Tree = {
    "$defs": {"tree": {"properties": {"left": {"$ref": "#/$defs/tree"}, "right": {"$ref": "#/$defs/tree"}}}}
}


def chain(length: int, combine: Callable[[Tree], Tree], last: Any = True) -> Tree:
    """Definitions that each combine the next one."""
    defs = {f"d{number}": combine({"$ref": f"#/$defs/d{number + 1}"}) for number in range(length)}
    return {"type": "object", "$defs": {**defs, f"d{length}": last}, "$ref": "#/$defs/d0"}


BOMBS: dict[str, Tree] = {
    "all of twice": chain(35, lambda next_: {"allOf": [next_, next_]}),
    "any of twice": chain(35, lambda next_: {"anyOf": [next_, next_]}, {"type": "null"}),
    "if, then, else": chain(40, lambda next_: {"if": next_, "then": next_, "else": next_}),
    "not": chain(40, lambda next_: {"allOf": [{"not": next_}, {"not": {"not": next_}}]}),
    "dependent schemas": chain(40, lambda next_: {"dependentSchemas": {"a": next_, "b": next_}}),
    "itself": {"$ref": "#"},
    "itself among others": {"$defs": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
    "a round": {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
    "by anchors": {"$defs": {"a": {"$anchor": "x", "allOf": [{"$ref": "#x"}]}}, "$ref": "#x"},
    "percent-encoded references": {
        "$ref": "#/%24defs/d0",
        "$defs": {
            **{
                f"d{n}": {"allOf": [{"$ref": f"#/%24defs/d{n + 1}"}, {"$ref": f"#/%24defs/d{n + 1}"}]}
                for n in range(30)
            },
            "d30": True,
        },
    },
    "an anchor in a definition named as a keyword": {
        "$ref": "#b",
        "$defs": {
            **chain(30, lambda next_: {"allOf": [next_, next_]})["$defs"],
            "default": {"$anchor": "b", "$ref": "#/$defs/d0"},
        },
    },
    "a reference to nothing": {"$ref": "#/$defs/a"},
    "an enum of thousands of objects": {"items": {"enum": [{"a": number} for number in range(20_000)]}},
    "thousands of dependent names": {"dependentRequired": {f"a{number}": ["b"] for number in range(20_000)}},
    "thousands of parts": {"anyOf": [{"type": "string"}] * 30_000},
    "too many branches": {"anyOf": [{"type": "string"}] * (MAX_CHECKS + 1)},
    "many patterns that look ahead": {"allOf": [{"pattern": f"(?=a{n})b"} for n in range(100)]},
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_schema_that_asks_for_too_much_is_refused_at_once(name: str) -> None:
    began = time.process_time()
    with pytest.raises(SpecError, match=r"the schema is not a JSON Schema of draft 2020-12: its? "):
        Schema(BOMBS[name], "the schema")
    assert time.process_time() - began < 5


def by_patterns(inner: Tree) -> Tree:
    return {"patternProperties": {"a": inner, "^a": inner}, "additionalProperties": inner}


GROWING: dict[str, tuple[Tree, Callable[[Any], Any]]] = {
    "one of in a property": (
        chain(35, lambda inner: {"properties": {"a": {"oneOf": [inner, inner]}}}),
        lambda value: {"a": value},
    ),
    "items and contains": (chain(40, lambda inner: {"items": inner, "contains": inner}), lambda value: [value]),
    "patterns and others": (chain(40, by_patterns), lambda value: {"a": value}),
}


@pytest.mark.parametrize("name", GROWING)
def test_checks_that_grow_with_the_depth_of_a_value_bound_its_depth(name: str) -> None:
    schema, deeper = GROWING[name]
    value: Any = 1
    for _ in range(34):
        value = deeper(value)
    began = time.process_time()
    assert "levels deep, and cannot be checked" in (Schema(schema, "x").error_in(value) or "")
    assert time.process_time() - began < 5


def test_a_deep_one_is_refused_without_going_down_into_it() -> None:
    deep: Tree = {}
    for _ in range(5_000):
        deep = {"not": deep}
    with pytest.raises(SpecError, match="nested more than 100 levels deep"):
        Schema(deep, "x")


OUTSIDE: list[Tree] = [
    {"$schema": "http://127.0.0.1:{port}/x"},
    {"$schema": "file:///etc/hostname"},
    {"properties": {"const": {"$schema": "http://127.0.0.1:{port}/x"}}},
    {"$defs": {"n": {"$id": "urn:x", "type": "string"}}, "$ref": "#/$defs/n"},
    {"properties": {"a": {"$schema": "http://127.0.0.1:{port}/x"}}},
    {"$defs": {"a": {"$schema": "http://json-schema.org/draft-07/schema#"}}},
    {"$ref": "http://127.0.0.1:{port}/x"},
    {"$ref": "other.json"},
    {"$id": "http://127.0.0.1:{port}/x", "properties": {"a": {"$ref": "y#/z"}}},
    {"items": {"$dynamicRef": "http://127.0.0.1:{port}/x"}},
    {"allOf": [{"$ref": "file:///etc/hostname"}]},
]


@pytest.mark.parametrize("schema", OUTSIDE, ids=str)
def test_nothing_outside_of_a_schema_is_read(schema: Tree) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        text = str(schema).replace("{port}", str(server.server_port))
        with pytest.raises(SpecError, match="is not a JSON Schema of draft 2020-12") as refused:
            Schema(eval(text), "the schema")
        server.shutdown()
    assert asked == [] and len(str(refused.value)) < 400


def test_the_dialect_may_be_named_and_data_may_look_like_a_reference() -> None:
    for dialect in ("https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2020-12/schema#"):
        assert Schema({"$schema": dialect, "type": "integer"}, "x").error_in(5) is None
    data: Any = {"$ref": "elsewhere.json", "$schema": "http://127.0.0.1/x"}
    assert Schema({"enum": [data], "default": data}, "x").error_in(data) is None
    named = Schema({"properties": {"$schema": {"type": "string"}, "$ref": {"type": "string"}}}, "x")
    assert named.error_in({"$schema": "http://127.0.0.1/x"}) is None


def test_recursion_that_goes_deeper_is_fine_and_bounded_by_the_depth_of_values() -> None:
    tree = Schema({**RECURSIVE, "$ref": "#/$defs/tree"}, "x")
    deep: Tree = {}
    for _ in range(90):
        deep = {"left": deep}
    assert tree.error_in(deep) is None
    expression: Tree = {
        "$defs": {
            "e": {
                "anyOf": [
                    {"type": "number"},
                    *(
                        {"properties": {"op": {"const": op}, "a": {"$ref": "#/$defs/e"}}, "required": ["op"]}
                        for op in "+-*/"
                    ),
                ]
            }
        },
        "$ref": "#/$defs/e",
    }
    assert schema_bounds(expression).max_depth < 20
    nested: Tree = {"op": "+", "a": 1}
    assert Schema(expression, "x").error_in(nested) is None
    for _ in range(60):
        nested = {"op": "/", "a": nested}
    began = time.process_time()
    assert "levels deep, and cannot be checked" in (Schema(expression, "x").error_in(nested) or "")
    assert time.process_time() - began < 1


def test_patterns_cannot_go_back_without_end() -> None:
    began = time.process_time()
    keys = {"a" * 40 + f"!{number}": 1 for number in range(5_000)}
    assert Schema({"patternProperties": {"^(a+)+$": {"type": "string"}}}, "x").error_in(keys) is None
    assert "does not match" in (Schema({"pattern": "^(a|a)*$"}, "x").error_in("a" * 5_000 + "b") or "")
    assert Schema({"pattern": "^(?=(a+)+$)a"}, "x").error_in("a" * 60 + "b") is not None
    assert time.process_time() - began < 3
    assert Schema({"pattern": "^(?=.*[0-9])(?=.*[a-z]).{6,}$"}, "x").error_in("abc123") is None
    for bomb in ("(a{1000}){1000}", "[ab]*a[ab]{5000}[^ab]", "(?:[ab]?){3000}[^ab]{2}"):
        with pytest.raises(SpecError):
            Schema({"pattern": bomb}, "x")
    long = Schema({"properties": {"a": {"pattern": "^(?=(.*x))(a|b)*c$"}}}, "x").error_in({"a": "a" * 990_000})
    assert "too long for a pattern" in (long or "")


def test_a_value_with_too_many_parts_for_a_heavy_schema_is_refused() -> None:
    heavy = Schema({"items": {"anyOf": [{"const": number} for number in range(2_000)]}}, "x")
    assert heavy.error_in([1_999] * 100) is None
    assert "values in it, and cannot be checked" in (heavy.error_in([1_999] * 20_000) or "")
    light = Schema({"items": {"type": "integer"}}, "x")
    assert light.error_in([1] * 200_000) is None


def test_a_fault_in_a_large_value_is_told_without_looking_for_its_place() -> None:
    choice = Schema({"anyOf": [{"items": {"type": "string"}}, {"items": {"type": "boolean"}}]}, "x")
    began = time.process_time()
    assert "too many to say where" in (choice.error_in([1] * 300_000) or "")
    assert time.process_time() - began < 2
    assert "1 is not of type" in (choice.error_in([1]) or "")


def test_a_long_enum_is_fine() -> None:
    words = Schema({"enum": [f"word {number}" for number in range(4_000)]}, "x")
    assert words.error_in("word 3999") is None and words.error_in("word 4000") is not None
