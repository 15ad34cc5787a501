"""Near duplicates, against every pair compared; and what differs between two environments."""

import random

import pytest

from toolworld.environments import (
    builtin_folders,
    clusters,
    differences,
    load_folder,
    near_duplicates,
    text_of_environment,
    text_of_tool,
)


def all_pairs(texts: list[str], threshold: float) -> set[tuple[int, int]]:
    spoken = [set(one.split()) for one in texts]
    return {
        (first, second)
        for second in range(len(texts))
        for first in range(second)
        if spoken[first] and len(spoken[first] & spoken[second]) / len(spoken[first] | spoken[second]) >= threshold
    }


@pytest.mark.parametrize("threshold", [1.0, 0.92, 0.75, 0.4])
@pytest.mark.parametrize("seed", range(4))
def test_the_pairs_are_those_that_comparing_all_finds(seed: int, threshold: float) -> None:
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(["a", "b", "c", "d", "e", "f", "g", "h"], k=draw.randint(0, 7))) for _ in range(80)]
    found = near_duplicates(texts, threshold)
    assert {(one.first, one.second) for one in found} == all_pairs(texts, threshold)
    assert all(threshold <= one.similarity <= 1 for one in found)


def test_pairs_that_share_a_text_are_one_group() -> None:
    texts = ["a b c d", "a b c d", "x", "a b c d e", "y z", "y z"]
    assert clusters(near_duplicates(texts, 0.75)) == [[0, 1, 3], [4, 5]]
    assert clusters([]) == []


def test_the_built_in_environments_repeat_no_tool() -> None:
    environments = [load_folder(one) for one in builtin_folders().values()]
    tools = [text_of_tool(tool) for one in environments for tool in one.tools]
    assert near_duplicates(tools, 0.75) == []
    assert near_duplicates([text_of_environment(one) for one in environments], 0.75) == []
    assert len(near_duplicates([*tools, *tools], 0.92)) == len(tools)


def test_an_environment_differs_from_itself_in_nothing() -> None:
    library = load_folder(builtin_folders()["library"])
    assert differences(library, library) == []


def test_each_change_is_named() -> None:
    library = load_folder(builtin_folders()["library"])
    first, second, *rest = library.tools
    schema = {**second.input_schema, "required": []}
    changed = second.model_copy(update={"input_schema": schema, "description": "Otherwise."})
    collections = dict(library.initial_state.collections)
    name, rows = next(iter(collections.items()))
    state = library.initial_state.model_copy(update={"collections": {**collections, name: rows[1:]}})
    other = library.replaced(
        tools=(changed, *rest), initial_state=state, policy=f"{library.policy}\n\nOne more.", behaviour=None
    )
    found = {(one.what, one.name): one for one in differences(library, other)}
    assert found["tool", first.name].change == "removed"
    assert found["tool", second.name].details[0] == "description"
    assert any("is optional now" in one for one in found["tool", second.name].details)
    assert found["collection", name].details == (f"{len(rows)} records before, {len(rows) - 1} now",)
    assert found["policy", "policy"].details == ("3 lines added, 0 removed",)
    assert found["program", "program"].change == "changed"
    assert {one.change for one in differences(library, library.replaced(tools=library.tools[1:]))} == {"removed"}
    assert [one.change for one in differences(library.replaced(tools=library.tools[1:]), library)] == ["added"]


@pytest.mark.parametrize("part", ["title", "description", "domain"])
def test_no_part_is_left_out_of_what_differs(part: str) -> None:
    library = load_folder(builtin_folders()["library"])
    assert [one.name for one in differences(library, library.replaced(**{part: "Another"}))] == [part]
    schema = {**library.tools[0].input_schema, "additionalProperties": True}
    first = library.tools[0].model_copy(update={"input_schema": schema})
    found = differences(library, library.replaced(tools=(first, *library.tools[1:])))
    assert [one.details for one in found] == [("something else",)]
