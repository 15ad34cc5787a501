"""How similar two paths are: the share of what they have in common, of all that either has (Jaccard)."""

from collections.abc import Hashable, Sequence
from typing import Literal

from toolworld.rollout.trees.actions import signature
from toolworld.rollout.trees.node import Node

Compared = Literal["calls", "steps", "nodes"]
"""`calls`: calls with equal results. `steps`: tools used one after another. `nodes`: nodes of the tree, as AgentFlow
has it, so that two branches with the same calls have nothing in common."""
_STEPS = 3
"""How many tools in a row are compared."""


def parts_of_path(path: Sequence[Node], compared: Compared) -> frozenset[Hashable]:
    """What of a path is compared."""
    if compared == "nodes":
        return frozenset(node.id for node in path)
    if compared == "calls":
        return frozenset((signature(node.action), node.digest) for node in path)
    names = [node.action.tool_name for node in path]
    count = min(_STEPS, len(names))
    return frozenset(tuple(names[start : start + count]) for start in range(len(names) - count + 1))


def jaccard(one: frozenset[Hashable], other: frozenset[Hashable]) -> float:
    """The share of parts that both have; 1 for two that have none."""
    either = len(one | other)
    return len(one & other) / either if either else 1.0
