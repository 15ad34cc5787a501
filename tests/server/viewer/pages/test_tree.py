"""Trees as maps of lines: every branch has a line, below its parent's, and a map has an end."""

from toolworld.server.viewer.pages.tree import MAX_LANES, Branch, draw


def branch(name: str, parent: str | None = None, fork_step: int = 0) -> Branch:
    return Branch(name, parent, fork_step, (), label=name, note="", outcome="open", address=None)


def order(*branches: Branch) -> list[str]:
    return [lane.branch.name for lane in draw(branches).lanes]


def test_children_stand_below_their_parent_the_latest_fork_nearest_so_that_no_lines_cross() -> None:
    assert order(branch("early", "a", 1), branch("late", "a", 3), branch("a"), branch("of_late", "late", 3)) == [
        "a",
        "late",
        "of_late",
        "early",
    ]


def test_a_fork_of_what_is_not_here_is_an_origin() -> None:
    assert order(branch("a", "gone"), branch("b")) == ["a", "b"]


def test_episodes_that_are_forked_from_each_other_do_not_hang() -> None:
    assert order(branch("a", "b"), branch("b", "a")) == []
    assert draw([branch("a", "b"), branch("b", "a")]).more == 2


def test_a_very_large_tree_is_drawn_in_part_and_says_so() -> None:
    drawn = draw([branch(str(number), str(number - 1) if number else None) for number in range(MAX_LANES + 50)])
    assert (len(drawn.lanes), drawn.more) == (MAX_LANES, 50)
