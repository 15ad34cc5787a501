"""Graphs in columns: what feeds another stands left of it, circles and all."""

from toolworld.environments import Runtime
from toolworld.server.viewer.pages.graph import MAX_DRAWN, Edge, data_flow, draw_graph


def places(*edges: tuple[str, str], names: str = "abcd") -> dict[str, int]:
    drawn = draw_graph([*names], [Edge(one, other, ("x",)) for one, other in edges], {})
    return {node.name: node.x for node in drawn.nodes}


def test_what_feeds_another_stands_left_of_it() -> None:
    found = places(("a", "b"), ("b", "c"), ("a", "c"))
    assert found["a"] < found["b"] < found["c"]


def test_a_circle_stands_in_one_column_and_every_node_is_drawn_once_at_a_place_of_its_own() -> None:
    assert places(("a", "b"), ("b", "a"))["a"] == places(("a", "b"), ("b", "a"))["b"]
    drawn = draw_graph([*"abcd"], [Edge("a", "b", ("x",)), Edge("a", "b", ("y",)), Edge("c", "c", ("z",))], {})
    assert sorted(node.name for node in drawn.nodes) == [*"abcd"]
    assert len({(node.x, node.y) for node in drawn.nodes}) == 4
    assert [edge.carried for edge in drawn.edges] == [("x", "y")]


def test_a_graph_that_is_too_large_is_listed_only() -> None:
    names = [str(number) for number in range(MAX_DRAWN + 1)]
    drawn = draw_graph(names, [Edge("0", "1", ("x",))], {})
    assert drawn.nodes == ()
    assert len(drawn.edges) == 1


def test_finding_a_patron_feeds_what_is_done_for_them(library: Runtime) -> None:
    flow = data_flow(library.environment)
    assert {"patron_id → patron_id"} <= {
        *next(e.carried for e in flow.edges if (e.source, e.target) == ("find_patron", "get_patron"))
    }
