"""Selecting paths: those that score well, and are not like one that is selected already."""

from collections.abc import Sequence

from toolworld.ground import Record
from toolworld.rollout.trees.config import SynthesisConfig
from toolworld.rollout.trees.node import Node, Tree, place_key
from toolworld.rollout.trees.scores import PathScore, path_scores
from toolworld.rollout.trees.similarity import jaccard, parts_of_path


class SelectedPath(Record):
    """A path that was selected, and by what."""

    leaf: str
    """The id of its last node."""
    score: PathScore
    similarity: float
    """To the most similar one that was selected before it."""


def leaves_to_select(tree: Tree, config: SynthesisConfig) -> list[Node]:
    """The leaves that are deep enough, in the order of their places."""
    return sorted((leaf for leaf in tree.leaves if leaf.depth >= config.min_depth), key=place_key)


def select_paths(
    tree: Tree, config: SynthesisConfig, *, usable_tools: int, without: frozenset[str] = frozenset()
) -> list[SelectedPath]:
    """Select paths of a tree.

    Args:
        tree: The tree.
        config: How many, how similar, and by what.
        usable_tools: How many tools can be used.
        without: The leaves of paths that are not selected, because they do not replay.
    """
    leaves = [leaf for leaf in leaves_to_select(tree, config) if leaf.id not in without]
    paths = [tree.path(leaf) for leaf in leaves]
    scores = path_scores(paths, config.weights, max_depth=config.max_depth, usable_tools=usable_tools)
    parts = [parts_of_path(path, config.similarity) for path in paths]
    selected: list[SelectedPath] = []
    chosen: list[int] = []
    waiting = [*range(len(leaves))]
    while waiting and len(chosen) < config.max_selected_traj:
        near = {place: max((jaccard(parts[place], parts[one]) for one in chosen), default=0.0) for place in waiting}
        waiting = [place for place in waiting if near[place] <= config.path_similarity_threshold]
        if not waiting:
            break
        best = min(waiting, key=lambda place: (*_rank(place, near[place], scores, config, first=not chosen), place))
        chosen.append(best)
        waiting.remove(best)
        selected.append(SelectedPath(leaf=leaves[best].id, score=scores[best], similarity=round(near[best], 6)))
    return selected


def _rank(
    place: int, near: float, scores: Sequence[PathScore], config: SynthesisConfig, *, first: bool
) -> tuple[float, ...]:
    """What the next path is chosen by, the least first."""
    score = scores[place].total
    if first or config.selection == "score":
        return (-score,)
    if config.selection == "farthest":
        return (near, -score)
    # maximal marginal relevance (Carbonell and Goldstein, 1998), with both halves between 0 and 1
    low, high = min(one.total for one in scores), max(one.total for one in scores)
    return (near - (score - low) / ((high - low) or 1.0),)
