"""A path as a model reads it: whole results up to a budget, the latest ones first, with a mark where one is cut."""

from collections.abc import Sequence
from typing import NamedTuple

from toolworld.ground import cut, encode
from toolworld.rollout.trees.node import Node

CHARACTERS = 4
"""Characters of a token, about."""


class ShownPath(NamedTuple):
    """What a model is shown."""

    text: str
    characters: int
    """How many characters of results are in it."""


def shown_path(path: Sequence[Node], tokens: int) -> ShownPath:
    """The calls of a path with their results.

    Args:
        path: The nodes.
        tokens: About how many tokens the results may take.
    """
    left = tokens * CHARACTERS
    parts: list[str] = []
    for number, node in reversed([*enumerate(path, start=1)]):
        kept = cut(node.observation, left)
        left = max(0, left - len(node.observation))
        failed = " (the call failed)" if node.failure else ""
        arguments = encode(node.action.parameters).decode()
        parts.append(f"Step {number}{failed}: {node.action.tool_name} {arguments}\nResult of step {number}: {kept}")
    text = "\n\n".join(reversed(parts))
    return ShownPath(text or "(nothing was done yet)", tokens * CHARACTERS - left)
