"""Scores of paths: named parts between 0 and 1, and their weighted sum."""

from collections.abc import Sequence

from toolworld.ground import Record
from toolworld.rollout.facts.facts import facts_of
from toolworld.rollout.trees.node import Node
from toolworld.rollout.trees.weights import ScoreWeights


class PathScore(Record):
    """The parts of a path's score; see `ScoreWeights` for what each is."""

    depth: float
    depth_of_five: float
    new_facts: float
    tools: float
    state_changes: float
    observed_characters: float
    errors: float
    total: float
    """The sum of the parts, each with its weight."""


def path_scores(
    paths: Sequence[Sequence[Node]], weights: ScoreWeights, *, max_depth: int, usable_tools: int
) -> list[PathScore]:
    """The scores of the paths of one seed.

    Args:
        paths: The paths; how long their results are is compared among them.
        weights: The weight of each part.
        max_depth: How long a path can be.
        usable_tools: How many tools can be used.
    """
    means = [_mean_characters(path) for path in paths]
    low, high = min(means, default=0.0), max(means, default=0.0)
    found: list[PathScore] = []
    for path, mean in zip(paths, means, strict=True):
        length = max(1, len(path))
        parts = {
            "depth": min(len(path) / max_depth, 1.0),
            "depth_of_five": min(len(path) / 5, 1.0),
            "new_facts": _new_facts(path) / length,
            "tools": min(len({node.action.tool_name for node in path}) / max(1, usable_tools), 1.0),
            "state_changes": sum(node.changes > 0 for node in path) / length,
            "observed_characters": (mean - low) / ((high - low) or 1.0),
            "errors": sum(node.failure is not None for node in path) / length,
        }
        rounded = {name: round(value, 6) for name, value in parts.items()}
        total = sum(getattr(weights, name) * value for name, value in parts.items())
        found.append(PathScore(**rounded, total=round(total, 6)))
    return found


def _mean_characters(path: Sequence[Node]) -> float:
    return sum(len(node.observation) for node in path) / max(1, len(path))


def _new_facts(path: Sequence[Node]) -> int:
    """How many steps say something that no earlier one did."""
    known: set[tuple[str, str, str]] = set()
    steps = 0
    for step, node in enumerate(path):
        said = {(fact.subject, fact.label, fact.value) for fact in facts_of(step, node.result, node.action.parameters)}
        steps += bool(said - known)
        known |= said
    return steps
