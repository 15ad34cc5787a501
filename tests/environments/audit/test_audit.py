"""`env check` finds each kind of fault, and nothing in a sound environment."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from toolworld.environments import Environment, Finding, audit, load_environments

Make = Callable[..., Environment]


def errors(findings: list[Finding]) -> list[str]:
    return [f"{found.where} {found.tool or ''} {found.message}" for found in findings if found.severity == "error"]


def test_the_built_in_environments_are_clean() -> None:
    assert [audit(environment) for environment in load_environments(["library"])] == [[]]


def test_a_sound_environment_has_no_errors(make_counters: Make) -> None:
    assert errors(audit(make_counters())) == []


def test_a_field_that_is_not_declared_is_an_error_in_closed_records_and_else_a_warning(make_counters: Make) -> None:
    program = make_counters().behaviour
    assert program is not None
    misspelt = program.replace('{"count": counter["count"] + amount}', '{"cuont": 1}')
    [warning] = [found for found in audit(make_counters(misspelt)) if "cuont" in found.message]
    assert (warning.severity, warning.where[:15]) == ("warning", "behaviour.py:10")
    assert "declares no field `cuont`; did you mean `count`?" in warning.message
    schema = make_counters().state_schema.model_dump()
    schema["collections"]["counters"]["record"]["additionalProperties"] = False
    [error] = [found for found in audit(make_counters(misspelt, state_schema=schema)) if "cuont" in found.message]
    assert error.severity == "error" and "has no field `cuont`; did you mean `count`?" in error.message


@pytest.mark.parametrize(
    ("old", "new", "truth"),
    [
        ("def add(name, amount = 1):", "def add(name):", "does not take the parameter `amount`"),
        ("def create(label):", "def create(label, size):", "takes `size`, which is not in the input schema"),
        ('return insert("counters"', 'return insrt("counters"', "no `insrt` in the language; did you mean `insert`?"),
        ('get("counters", name)', 'get("counters", 5)', "`get` takes a text as `key`, not 5"),
        ('get("counters", name)', 'get("counters", name, 1)', "`get` takes 2 arguments in order (name, key), not 3"),
        ('get("counters", name)', "get()", "`get` is called without `name`"),
        (
            'update("counters", name, {',
            'update("counters", name, field={',
            "no parameter `field`; did you mean `fields`?",
        ),
        ("counter = show_count(name)", "counter = show_count(name, name=name)", "`show_count` gets `name` twice"),
        ('get("counters", name)', 'get("conters", name)', "no collection `conters`; did you mean `counters`?"),
        (
            "return counter\n",
            'counter["count"] = 1\n    return counter\n',
            "is a record of the state and cannot be changed in place",
        ),
        ("return counter\n", 'return rows("counters", {"name": name})\n', "rows: the fields are a list of paths"),
        ("return counter\n", "return [set([name])]\n", "there are no sets"),
        ('get("shop")', 'get("shpo")', "no singleton `shpo`; did you mean `shop`?"),
        ('"count": 0, "made"', '"count": "none", "made"', "`count` of `counters`"),
        ('"label": label, "count": 0, ', '"label": label, ', "a record of `counters` needs `count`"),
        ("    return counter\n", '    update("counters", name, {})\n    return counter\n', "it can reach `update`"),
        (
            "    return counter\n",
            "    return tidy(counter)\ndef tidy(counter):\n    w = set\n    return w\n",
            "`set` is a function",
        ),
        ("def remove(name):\n", "def remove(name):\nreturn 5\n", "behaviour.py"),
        (
            "def remove(name):",
            "def round(x):\n    return x\n\ndef remove(name):",
            "`round` is a function of the language",
        ),
    ],
)
def test_a_fault_in_the_program_is_found(make_counters: Make, old: str, new: str, truth: str) -> None:
    source = make_counters().behaviour
    assert source is not None and old in source
    found = errors(audit(make_counters(source.replace(old, new))))
    assert any(truth in message for message in found), found


def test_an_optional_parameter_needs_a_default_somewhere(make_counters: Make) -> None:
    tools: list[dict[str, Any]] = [tool.model_dump() for tool in make_counters().tools]
    tools[1]["input_schema"]["properties"]["amount"] = {"type": "integer"}
    source = str(make_counters().behaviour).replace("amount = 1", "amount")
    assert any("gives it no default" in message for message in errors(audit(make_counters(source, tools=tools))))


def test_names_with_hyphens_have_functions_with_underscores(make_counters: Make) -> None:
    tools: list[dict[str, Any]] = [tool.model_dump() for tool in make_counters().tools]
    tools[4]["name"] = "rename-shop"
    assert errors(audit(make_counters(tools=tools))) == []
    twice = [*tools, {**tools[4], "name": "rename_shop"}]
    assert any("share the function `rename_shop`" in message for message in errors(audit(make_counters(tools=twice))))


@pytest.mark.parametrize("schema", ["input_schema", "output_schema"])
def test_an_invalid_schema_is_found(make_counters: Make, schema: str) -> None:
    tools: list[dict[str, Any]] = [tool.model_dump() for tool in make_counters().tools]
    tools[0][schema] = {"type": "object", "properties": {"x": {"type": "strng"}}}
    assert any("not a JSON Schema" in message for message in errors(audit(make_counters(tools=tools))))


def test_a_rule_about_a_tool_that_is_not_there_is_found(make_counters: Make) -> None:
    rules = [{"kind": "never", "tool": "fly", "why": "no wings"}]
    assert any("there is no tool fly" in message for message in errors(audit(make_counters(rules=rules))))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"references": {"next": "hats"}}, "refers to the collection `hats`; declared: counters"),
        ({"references": {"prev": "counters"}}, "`prev` of `counters` is not a property of its records"),
        ({"volatile": ["zz"]}, "`zz` of `counters` is not a property of its records"),
    ],
)
def test_a_state_schema_that_speaks_of_what_is_not_there_is_refused(
    make_counters: Make, change: dict[str, Any], reason: str
) -> None:
    schema: dict[str, Any] = make_counters().state_schema.model_dump()
    schema["collections"]["counters"].update(change)
    with pytest.raises(ValueError, match=re.escape(reason)):
        make_counters(state_schema=schema)


def test_an_error_that_is_not_documented_is_warned_of(make_counters: Make) -> None:
    tools: list[dict[str, Any]] = [{**tool.model_dump(), "errors": []} for tool in make_counters().tools]
    found = [finding for finding in audit(make_counters(tools=tools)) if "do not document" in finding.message]
    assert [(finding.tool, "`not_found`" in finding.message) for finding in found] == [("show_count", True)]


def test_a_schema_that_lets_misspelt_arguments_through_is_warned_of(make_counters: Make) -> None:
    tools: list[dict[str, Any]] = [tool.model_dump() for tool in make_counters().tools]
    del tools[0]["input_schema"]["additionalProperties"]
    found = [finding.tool for finding in audit(make_counters(tools=tools)) if "additionalProperties" in finding.message]
    assert found == ["show_count"]


def test_a_schema_that_is_true_is_served_as_an_object_and_warned_of(make_counters: Make) -> None:
    start = make_counters()
    shape = {"type": "object", "properties": {"name": True}, "required": ["name"], "additionalProperties": False}
    tools = [
        {**tool.model_dump(), "input_schema": shape, "output_schema": {"type": "object", "properties": {"x": True}}}
        if tool.name == "show_count"
        else tool.model_dump()
        for tool in start.tools
    ]
    environment = make_counters(tools=tools)
    tool = environment.tool("show_count")
    assert tool is not None and tool.parameters == {"name": {}}
    assert tool.output_schema == {"type": "object", "properties": {"x": {}}}
    found = [one.message for one in audit(environment) if one.tool == "show_count"]
    assert "the schema of `name` is empty (`{}` or `true`), so that it may be anything; give it a type" in found
