"""Trees: as many calls and leaves as the caps say, branches that are forks, and what is lost."""

from collections.abc import Mapping, Sequence
from typing import cast

import anyio
import pytest
from tests.support.small_trees import ToldExplorer, action, different_actions, grown, host_of

from toolworld.ground import JsonValue, RolloutError
from toolworld.rollout import Action, Answer, Branch, Proposals, Seed, Situation
from toolworld.server import InProcessTreeHost
from toolworld.server.in_process.trees import EpisodeBranch


@pytest.mark.parametrize(
    ("depth", "width", "threshold", "calls", "leaves"),
    [(5, 2, 3, 30, 8), (50, 2, 2, 198, 4), (6, 3, 3, 120, 27), (7, 2, 7, 254, 128), (4, 1, 2, 4, 1), (3, 2, 0, 3, 1)],
)
async def test_a_tree_has_the_calls_and_leaves_of_its_caps(
    depth: int, width: int, threshold: int, calls: int, leaves: int
) -> None:
    caps = {"max_depth": depth, "branching_factor": width, "depth_threshold": threshold, "min_depth": 1}
    tree = await grown(ToldExplorer(different_actions), caps)
    assert (len(tree.nodes), len([*tree.leaves])) == (calls, leaves)
    assert calls == sum(width ** min(level, threshold) for level in range(1, depth + 1))
    assert tree.lost == ()


def _write_then_look(situation: Situation) -> Sequence[Action]:
    """Siblings add different amounts to one counter; whoever comes after looks at it."""
    if not situation.path:
        return [action("add", name="a", amount=10 * (number + 1)) for number in range(situation.width)]
    return [action("show_count", name="a")]


CAPS = {"max_depth": 2, "branching_factor": 2, "depth_threshold": 1, "min_depth": 1}


async def _counts_seen(host: InProcessTreeHost) -> list[int]:
    tree = await grown(ToldExplorer(_write_then_look), CAPS, host)
    [start] = host.environment.initial_state.collections["counters"][:1]
    seen = [cast("dict[str, int]", one.result) for one in tree.nodes if one.depth == 2]
    return [one["count"] - cast(int, start["count"]) for one in seen]


async def test_sibling_branches_that_write_do_not_see_each_other() -> None:
    assert await _counts_seen(host_of()) == [10, 20]


async def test_the_check_notices_a_fork_that_shares_its_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    async def share(self: EpisodeBranch, name: str) -> EpisodeBranch:
        return self

    monkeypatch.setattr(EpisodeBranch, "fork", share)
    assert await _counts_seen(host_of()) == [30, 30]


async def test_a_node_says_in_which_episode_and_at_which_step_it_was_made() -> None:
    caps = {"max_depth": 3, "branching_factor": 2, "depth_threshold": 2, "min_depth": 1}
    tree = await grown(ToldExplorer(different_actions), caps)
    places = {node.id: (node.episode, node.step) for node in tree.nodes}
    assert places["s1/0"] == ("s1", 0) and places["s1/0.0.0"] == ("s1", 2)
    assert places["s1/1"] == ("s1/1", 0) and places["s1/1.0"] == ("s1/1", 1)
    assert places["s1/1.1.0"] == ("s1/1.1", 2)


async def test_what_was_made_on_the_path_or_beside_it_is_asked_again_twice_at_most_and_not_made() -> None:
    same = ToldExplorer(lambda _: [action("show_count", name="red")] * 2)
    tree = await grown(same, {**CAPS, "min_depth": 1})
    assert [node.id for node in tree.nodes] == ["s1/0"]
    assert [(one.at, one.count, one.reason) for one in tree.lost] == [("s1", 1, "repeated"), ("s1/0", 1, "repeated")]
    assert len(same.asked) == 6  # three for the root, three for the node


async def test_after_a_change_the_same_action_is_another_one() -> None:
    def look_change_look(situation: Situation) -> Sequence[Action]:
        changed = len(situation.path) == 1
        return [action("add", name="a") if changed else action("show_count", name="a")]

    tree = await grown(ToldExplorer(look_change_look), {"max_depth": 3, "branching_factor": 1, "min_depth": 1})
    assert len(tree.nodes) == 3 and tree.nodes[0].result != tree.nodes[2].result


async def test_budgets_of_calls_and_an_explorer_that_has_seen_enough_end_branches_and_are_counted() -> None:
    caps = {"max_depth": 5, "branching_factor": 2, "depth_threshold": 3, "max_calls": 7}
    tree = await grown(ToldExplorer(different_actions), caps)
    assert len(tree.nodes) == 7 and {one.reason for one in tree.lost} == {"calls_spent"}
    done = await grown(ToldExplorer(lambda _: Proposals(finished=True)), CAPS)
    assert [(one.reason, one.count) for one in done.lost] == [("finished", 2)] and done.error is None


async def test_arguments_of_the_seed_are_added_where_the_tool_has_them() -> None:
    from toolworld.rollout import ScriptedExplorer

    seed = Seed(content="a counter", kwargs={"name": "a", "nothing": 1})
    host = host_of()
    tree = await grown(ScriptedExplorer(host.environment), {"max_depth": 1, "min_depth": 1}, host, seed)
    named = [node for node in tree.nodes if "name" in host.runtime.tool(node.action.tool_name).parameters]
    assert named and all(node.action.parameters["name"] == "a" for node in named)
    assert not any("nothing" in node.action.parameters for node in tree.nodes)


class _DeadBranch:
    episode = "s1"

    async def call(self, name: str, arguments: object) -> Answer:
        raise RolloutError("the database is away")

    async def fork(self, name: str) -> Branch:
        return self

    async def close(self) -> None: ...


async def test_a_host_that_fails_loses_the_branch_and_is_named_where_nothing_was_explored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(EpisodeBranch, "call", _DeadBranch.call)
    tree = await grown(ToldExplorer(different_actions), CAPS)
    assert tree.nodes == () and tree.error == "show_count: the database is away"
    assert {one.reason for one in tree.lost} == {"call_failed"}


async def test_errors_of_tools_are_nodes_that_say_so() -> None:
    tree = await grown(ToldExplorer(lambda _: [action("show_count", name="none"), action("add", name=1)]), CAPS)
    first, second = [node for node in tree.nodes if node.depth == 1]
    assert first.failure == "tool" and first.observation == "There is no counter none"
    assert second.failure == "arguments" and second.changes == 0


async def test_no_more_calls_are_made_at_once_than_the_limiter_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    now = most = 0
    original = EpisodeBranch.call

    async def counted(self: EpisodeBranch, name: str, arguments: Mapping[str, JsonValue]) -> Answer:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        await anyio.sleep(0.01)
        now -= 1
        return await original(self, name, arguments)

    monkeypatch.setattr(EpisodeBranch, "call", counted)
    caps = {"max_depth": 3, "branching_factor": 3, "depth_threshold": 3, "min_depth": 1}
    await grown(ToldExplorer(different_actions), {**caps, "concurrency": 2})
    assert most == 2
    most = 0
    await grown(ToldExplorer(different_actions), caps)
    assert most > 2
