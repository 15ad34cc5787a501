"""Replaying a path from the root: only what comes out the same is exported."""

from collections.abc import Sequence

import anyio

from toolworld.ground import ToolworldError
from toolworld.rollout.trees.branch import TreeHost
from toolworld.rollout.trees.node import Node


async def replay_difference(host: TreeHost, path: Sequence[Node], seed: int, seconds: float) -> str | None:
    """What is other when a path is played again in a fresh episode; None where every result and change is the same.

    Args:
        host: Opens the episode.
        path: The nodes from the first call.
        seed: The seed of the tree's episode.
        seconds: How long a call may take.
    """
    try:
        async with host.root("replay", seed) as branch:
            for node in path:
                with anyio.fail_after(seconds):
                    answer = await branch.call(node.action.tool_name, node.action.parameters)
                if answer.digest != node.digest or answer.text != node.observation:
                    return f"{node.id}: {node.action.tool_name} gives another result when it is played again"
    except TimeoutError:
        return f"a call took longer than {seconds:g} seconds"
    except ToolworldError as problem:
        return str(problem)
    return None
