"""Episodes of one origin as a map of lines: a line an episode, a stop a call, a junction where it was forked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolworld.rollout import Node, Tree
from toolworld.server.viewer.html.addresses import anchor

STEP, LANE, LEFT, TOP = 116, 60, 30, 44
"""Pixels: of a step, of a line, and of the margins."""
MAX_LANES, MAX_STEPS = 300, 400
"""How many lines and steps a map has."""


@dataclass(frozen=True, slots=True)
class MapStop:
    """A call on the map."""

    step: int
    name: str
    title: str
    changed: bool
    refused: bool
    address: str | None


@dataclass(frozen=True, slots=True)
class Branch:
    """An episode to draw: its own calls, and where it left its parent."""

    name: str
    """Its id."""
    parent: str | None
    fork_step: int
    stops: tuple[MapStop, ...]
    """The calls that it does not share with its parent."""
    label: str
    note: str
    outcome: str
    address: str | None

    @property
    def end(self) -> int:
        """How many calls it has with those that it shares."""
        return max([self.fork_step, *(stop.step + 1 for stop in self.stops)])


@dataclass(frozen=True, slots=True)
class Lane:
    """A branch with its place on the map."""

    branch: Branch
    y: int
    path: str
    """As SVG has it."""

    @property
    def end_x(self) -> int:
        """Where it ends."""
        return x_of(min(self.branch.end, MAX_STEPS))


@dataclass(frozen=True, slots=True)
class TreeMap:
    """A tree, drawn."""

    lanes: tuple[Lane, ...]
    width: int
    height: int
    steps: int
    more: int
    """Branches that are not drawn."""


def x_of(step: int) -> int:
    """Where a step begins."""
    return LEFT + step * STEP


def draw(branches: Sequence[Branch]) -> TreeMap:
    """Give each branch a line: children below their parent, the latest fork nearest, so that no lines cross."""
    known = {branch.name for branch in branches}
    children: dict[str | None, list[Branch]] = {}
    for branch in branches:
        children.setdefault(branch.parent if branch.parent in known else None, []).append(branch)
    lanes: list[Lane] = []
    rows: dict[str, int] = {}
    waiting = [*reversed(children.get(None, []))]
    while waiting and len(lanes) < MAX_LANES:
        branch = waiting.pop()
        rows[branch.name] = len(lanes)
        lanes.append(_lane(branch, len(lanes), rows))
        waiting += sorted(children.get(branch.name, []), key=lambda child: child.fork_step)
    steps = min(MAX_STEPS, max((lane.branch.end for lane in lanes), default=0))
    return TreeMap(tuple(lanes), x_of(steps) + 300, TOP + len(lanes) * LANE, steps, len(branches) - len(lanes))


def _lane(branch: Branch, row: int, rows: Mapping[str, int]) -> Lane:
    y, end = TOP + row * LANE, x_of(min(branch.end, MAX_STEPS)) + 40
    if branch.parent is None or branch.parent not in rows:
        return Lane(branch, y, f"M{LEFT - 22} {y}H{end}")
    x, from_y = x_of(min(branch.fork_step, MAX_STEPS)), TOP + rows[branch.parent] * LANE
    return Lane(branch, y, f"M{x} {from_y}V{y - 16}Q{x} {y} {x + 16} {y}H{end}")


def branches_of_tree(tree: Tree, chosen: frozenset[str]) -> list[Branch]:
    """The branches of an explored tree: the first branch of a node goes on in its episode, the others are forks.

    Args:
        tree: The tree.
        chosen: The leaves whose paths were chosen for questions.
    """
    by_episode: dict[str, list[Node]] = {}
    for node in tree.nodes:
        by_episode.setdefault(node.episode, []).append(node)
    return [_branch_of_nodes(tree, episode, nodes, chosen) for episode, nodes in by_episode.items()]


def _branch_of_nodes(tree: Tree, episode: str, nodes: Sequence[Node], chosen: frozenset[str]) -> Branch:
    first, last = nodes[0], nodes[-1]
    parent = tree.by_id.get(first.parent or "")
    is_chosen = last.id in chosen
    stops = tuple(
        MapStop(
            step=node.depth - 1,
            name=node.action.tool_name,
            title=f"{node.id}: {node.action.tool_name}{', failed' if node.failure else ''}",
            changed=node.changes > 0,
            refused=node.failure is not None,
            address=f"#n-{anchor(node.id)}",
        )
        for node in nodes
    )
    return Branch(
        name=episode,
        parent=parent.episode if parent is not None and parent.episode != episode else None,
        fork_step=first.depth - 1,
        stops=stops,
        label=last.id,
        note="chosen for a question" if is_chosen else f"{last.depth} calls deep",
        outcome="pass" if is_chosen else "open",
        address=f"#n-{anchor(last.id)}",
    )
