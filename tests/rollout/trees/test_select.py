"""Selection: scores by parts, similarity, and which paths are taken."""

from typing import Any

import pytest
from tests.support.small_trees import config, node

from toolworld.rollout import Node, Tree
from toolworld.rollout.trees.scores import path_scores
from toolworld.rollout.trees.select import select_paths
from toolworld.rollout.trees.similarity import jaccard, parts_of_path
from toolworld.rollout.trees.weights import PRESETS, ScoreWeights


def _path(length: int, mean: int, tools: int) -> list[Node]:
    return [
        node(f"s1/{'.'.join('0' * (place + 1))}", f"tool{place % tools}", observation="x" * mean)
        for place in range(length)
    ]


def test_the_originals_weights_give_the_originals_scores_and_never_more_than_100() -> None:
    paths = [_path(5, 1000, 2), _path(3, 200, 3), _path(5, 600, 1)]
    found = path_scores(paths, PRESETS["agentflow"], max_depth=5, usable_tools=4)
    assert [one.total for one in found] == pytest.approx([85.0, 46.5, 62.5])
    most = path_scores([_path(4, 900, 4), _path(4, 100, 1)], PRESETS["agentflow"], max_depth=5, usable_tools=0)
    assert most[0].total <= 100


def test_each_part_of_a_score_moves_by_what_it_is_about_and_by_nothing_else() -> None:
    weights = ScoreWeights(depth=1, new_facts=1, tools=1, state_changes=1, errors=-1)

    def parts(path: list[Node]) -> dict[str, float]:
        [found] = path_scores([path], weights, max_depth=4, usable_tools=2)
        return found.model_dump()

    plain = [
        node("s1/0", "look", {"name": "Ann", "port": "North"}),
        node("s1/0.0", "look", {"name": "Ann", "port": "North"}),
    ]
    base = parts(plain)
    new = parts([plain[0], node("s1/0.0", "look", {"name": "Bea", "port": "South"})])
    assert base["new_facts"] == 0.5 and new["new_facts"] == 1.0
    other = parts([plain[0], plain[1].model_copy(update={"action": node("x", "find").action})])
    assert base["tools"] == 0.5 and other["tools"] == 1.0
    failed = parts([plain[0], plain[1].model_copy(update={"failure": "tool"})])
    assert failed["errors"] == 0.5 and failed["total"] == pytest.approx(base["total"] - 0.5)
    changed = parts([plain[0], plain[1].model_copy(update={"changes": 2})])
    assert changed["state_changes"] == 0.5 and changed["total"] == pytest.approx(base["total"] + 0.5)
    for made, name in ((new, "new_facts"), (other, "tools"), (failed, "errors"), (changed, "state_changes")):
        assert {key for key in base if made[key] != base[key]} == {name, "total"}


@pytest.mark.parametrize(("depth", "shared", "similarity", "kept"), [(5, 2, 0.25, True), (7, 6, 0.75, False)])
def test_two_full_paths_are_as_similar_as_the_nodes_they_share(
    depth: int, shared: int, similarity: float, kept: bool
) -> None:
    first = [node("s1/" + ".".join("0" * count), parameters={"n": count}) for count in range(1, depth + 1)]
    branch = ["0"] * shared + ["1"] + ["0"] * (depth - shared - 1)
    second = [*first[:shared], *(node("s1/" + ".".join(branch[:count])) for count in range(shared + 1, depth + 1))]
    assert jaccard(parts_of_path(first, "nodes"), parts_of_path(second, "nodes")) == similarity
    tree = _tree([*first, *second[shared:]])
    fields = {"max_depth": depth, "similarity": "nodes", "selection": "score", "path_similarity_threshold": 0.7}
    assert len(select_paths(tree, config(**fields), usable_tools=1)) == (2 if kept else 1)


def _tree(nodes: list[Node]) -> Tree:
    return Tree(seed=1, seed_digest="x", content="c", nodes=tuple({one.id: one for one in nodes}.values()))


def _forked(*branches: list[tuple[str, Any]]) -> Tree:
    """A tree of branches that share nothing but their root."""
    nodes: list[Node] = []
    for number, steps in enumerate(branches):
        for count, (tool, result) in enumerate(steps, start=1):
            place = ".".join([str(number), *"0" * (count - 1)])
            nodes.append(node(f"s1/{place}", tool, result))
    return _tree(nodes)


def test_branches_with_the_same_calls_and_results_are_copies_though_their_nodes_are_not() -> None:
    tree = _forked([("a", 1), ("b", 2)], [("a", 1), ("b", 2)], [("c", 3), ("d", 4)])
    by_calls = select_paths(tree, config(similarity="calls"), usable_tools=4)
    assert [one.leaf for one in by_calls] == ["s1/0.0", "s1/2.0"]
    by_nodes = select_paths(tree, config(similarity="nodes", selection="score"), usable_tools=4)
    assert len(by_nodes) == 3
    steps = select_paths(tree, config(similarity="steps"), usable_tools=4)
    assert len(steps) == 2


def test_the_farthest_is_taken_before_the_better_one_that_is_alike() -> None:
    good = {"name": "Ann", "port": "North"}
    tree = _forked([("a", good), ("b", 2), ("c", 3)], [("a", good), ("b", 2), ("x", 9)], [("d", 4), ("e", 5), ("f", 6)])
    fields = {"max_selected_traj": 2, "path_similarity_threshold": 1.0, "scores": {"new_facts": 1}}
    by_score = select_paths(tree, config(selection="score", **fields), usable_tools=6)
    assert [one.leaf for one in by_score] == ["s1/0.0.0", "s1/1.0.0"]
    farthest = select_paths(tree, config(selection="farthest", **fields), usable_tools=6)
    assert [one.leaf for one in farthest] == ["s1/0.0.0", "s1/2.0.0"]
    assert farthest[1].similarity == 0 and by_score[1].similarity == 0.5


def test_paths_are_capped_deep_enough_and_in_an_order_that_does_not_depend_on_insertion() -> None:
    tree = _forked([("a", 1)], [("b", 2), ("c", 3)], [("d", 4), ("e", 5)])
    found = select_paths(tree, config(min_depth=2, max_selected_traj=1), usable_tools=5)
    turned = _tree([*reversed(tree.nodes)])
    assert [one.leaf for one in found] == ["s1/1.0"]
    assert select_paths(turned, config(min_depth=2, max_selected_traj=1), usable_tools=5) == found
    assert select_paths(tree, config(min_depth=3), usable_tools=5) == []
