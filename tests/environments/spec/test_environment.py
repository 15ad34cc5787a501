"""The specification of an environment: its version is its content."""

import pytest
from tests.support.counters import counter_environment

from toolworld.environments import Environment
from toolworld.ground import encode, parse_record


def test_the_version_follows_from_the_content_alone() -> None:
    one = counter_environment()
    again = parse_record(Environment, one.json_bytes(), "a copy")
    assert again.version == one.version
    assert parse_record(Environment, encode({**one.model_dump(mode="json"), "rules": []}), "x").version == one.version


@pytest.mark.parametrize("way", ["replaced", "model_copy"])
def test_a_changed_copy_has_a_version_of_its_own_and_its_own_tools(way: str) -> None:
    one = counter_environment()
    assert one.version and one.tool("add") is not None  # both are cached
    fewer = {"tools": one.tools[:1], "policy": "Other."}
    changed = one.replaced(**fewer) if way == "replaced" else one.model_copy(update=fewer)
    assert changed.version != one.version
    assert changed.tool("add") is None and one.tool("add") is not None
    assert changed.replaced(tools=one.tools, policy=one.policy).version == one.version


def test_a_changed_copy_is_validated() -> None:
    with pytest.raises(ValueError, match="tools"):
        counter_environment().model_copy(update={"tools": "none"})
