"""Graphs drawn in columns: what feeds another stands left of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from toolworld.environments import Environment, projected_graph

NODE_WIDTH, NODE_HEIGHT, COLUMN, ROW = 176, 40, 244, 56
"""Pixels."""
MAX_DRAWN = 120
"""Up to how many nodes a graph is drawn; a larger one is listed only."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge, with what it carries."""

    source: str
    target: str
    carried: tuple[str, ...]
    path: str = ""
    """As SVG has it."""


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A node with its place."""

    name: str
    note: str
    is_write: bool
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class DrawnGraph:
    """A graph, drawn; without nodes where it is too large."""

    nodes: tuple[DrawnNode, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int


def data_flow(environment: Environment) -> DrawnGraph:
    """Which tool's results feed which tool's arguments."""
    graph = projected_graph([environment])
    prefix = f"{environment.id}::"
    edges: list[Edge] = []
    for source, target, carried in cast(Iterable[tuple[str, str, Mapping[str, Any]]], graph.edges(data=True)):
        fields = dict.fromkeys(f"{one['field']} → {one['parameter']}" for one in carried["mappings"])
        edges.append(Edge(source.removeprefix(prefix), target.removeprefix(prefix), (*fields,)))
    notes = {tool.name: "changes the state" if tool.effect == "write" else "reads" for tool in environment.tools}
    writes = {tool.name for tool in environment.tools if tool.effect == "write"}
    return draw_graph([tool.name for tool in environment.tools], edges, notes, writes)


def references(environment: Environment, counts: Mapping[str, int]) -> DrawnGraph:
    """Which collection refers to which."""
    schema = environment.state_schema
    edges = [
        Edge(name, target, (path,))
        for name, shape in schema.collections.items()
        for path, target in shape.references.items()
    ]
    notes = {name: f"{count:,} {'record' if count == 1 else 'records'}" for name, count in counts.items()}
    return draw_graph([*schema.collections], edges, notes)


def draw_graph(
    names: Sequence[str], edges: Sequence[Edge], notes: Mapping[str, str], writes: Iterable[str] = ()
) -> DrawnGraph:
    """Place the nodes of a graph in columns.

    Args:
        names: The nodes.
        edges: What is between them.
        notes: What stands under each name.
        writes: The nodes that are marked as changing something.
    """
    joined = _joined(edges)
    if len(names) > MAX_DRAWN:
        return DrawnGraph((), tuple(joined), 0, 0)
    columns = _columns(names, joined)
    places: dict[str, tuple[int, int]] = {}
    for number, column in enumerate(columns):
        for row, name in enumerate(column):
            places[name] = number * COLUMN + 2, row * ROW + 2
    marked = {*writes}
    nodes = [DrawnNode(name, notes.get(name, ""), name in marked, *places[name]) for name in places]
    drawn = [
        Edge(one.source, one.target, one.carried, _path(places[one.source], places[one.target]))
        for one in joined
        if one.source != one.target and one.source in places and one.target in places
    ]
    width = max((x for x, _ in places.values()), default=0) + NODE_WIDTH + 40
    height = max((y for _, y in places.values()), default=0) + NODE_HEIGHT + 20
    return DrawnGraph(tuple(nodes), tuple(drawn), width, height)


def _joined(edges: Sequence[Edge]) -> list[Edge]:
    """One edge for all that go from one node to another."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for one in edges:
        found.setdefault((one.source, one.target), {}).update(dict.fromkeys(one.carried))
    return [Edge(source, target, (*carried,)) for (source, target), carried in found.items()]


def _columns(names: Sequence[str], edges: Sequence[Edge]) -> list[list[str]]:
    """Nodes by how many steps they stand behind what feeds nobody else; a circle stands in one column."""
    import networkx  # takes time to load

    graph: Any = cast(Any, networkx).DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from((one.source, one.target) for one in edges if one.source != one.target)
    condensed: Any = cast(Any, networkx).condensation(graph)
    columns: list[list[str]] = []
    order = {name: place for place, name in enumerate(names)}
    alone = [name for name in names if not graph.degree(name)]
    for generation in cast(Any, networkx).topological_generations(condensed):
        members = [name for group in generation for name in condensed.nodes[group]["members"] if name not in alone]
        if members:
            columns.append(sorted(members, key=order.__getitem__))
    rest = -(-len(names) // max(1, len(columns))) if columns else 8
    columns += [alone[at : at + max(rest, 6)] for at in range(0, len(alone), max(rest, 6))]
    return columns


def _path(source: tuple[int, int], target: tuple[int, int]) -> str:
    """A curve from the right side of a node to the left side of another, or around, where that is not behind it."""
    x, y = source[0] + NODE_WIDTH, source[1] + NODE_HEIGHT // 2
    to_x, to_y = target[0], target[1] + NODE_HEIGHT // 2
    if to_x > x:
        middle = (to_x - x) // 2
        return f"M{x} {y}C{x + middle} {y} {to_x - middle} {to_y} {to_x - 3} {to_y}"
    right = max(x, target[0] + NODE_WIDTH)
    to_x = target[0] + NODE_WIDTH
    return f"M{x} {y}C{right + 36} {y} {right + 36} {to_y} {to_x + 3} {to_y}"
