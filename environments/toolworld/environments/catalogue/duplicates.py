"""Near duplicates among tools and environments: pairs that share most of their words.

The similarity of two texts is the Jaccard index of their words. Pairs above a threshold are found without comparing
all: two texts that share that much share one of their rarest words (prefix filtering: Chaudhuri, Ganti and Kaushik, "A
primitive operator for similarity joins", 2006).
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import Record

THRESHOLDS = (0.92, 0.85, 0.75)
"""The similarities at which duplicates are counted."""
_MOST_CANDIDATES = 1_000
"""With how many of the latest texts that share a word another one is compared: so many that are alike are one group."""


class Pair(NamedTuple):
    """Two texts that are nearly the same, by position."""

    first: int
    second: int
    similarity: float


def text_of_tool(tool: ToolSpec) -> str:
    """What a tool says of itself: its name, its description, its parameters."""
    return f"{tool.name} {tool.description} {' '.join(tool.parameters)}"


def text_of_environment(environment: Environment) -> str:
    """What an environment consists of: its title, and its tools with their parameters."""
    parts = (f"{tool.name}:{','.join(sorted(tool.parameters))}" for tool in environment.tools)
    return f"{environment.title} {' '.join(parts)}"


def near_duplicates(texts: Sequence[str], threshold: float) -> list[Pair]:
    """All pairs of texts whose similarity is at least a threshold, in order.

    Args:
        texts: The texts.
        threshold: Above 0, at most 1.
    """
    spoken = [frozenset(re.findall(r"[^\W_]+", one.lower())) for one in texts]
    rarity = Counter(word for one in spoken for word in one)
    by_word: dict[str, list[int]] = defaultdict(list)
    found: list[Pair] = []
    for number, own in enumerate(spoken):
        rarest = sorted(own, key=lambda word: (rarity[word], word))
        prefix = rarest[: len(own) - math.ceil(threshold * len(own)) + 1] if own else []
        seen = {other for word in prefix for other in by_word[word][-_MOST_CANDIDATES:]}
        for other in sorted(seen):
            similarity = _jaccard(own, spoken[other])
            if similarity >= threshold:
                found.append(Pair(other, number, similarity))
        for word in prefix:
            by_word[word].append(number)
    return sorted(found)


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def clusters(pairs: Iterable[Pair]) -> list[list[int]]:
    """The groups of texts that pairs join, each in order, the largest first."""
    import networkx  # takes time to load

    graph: Any = cast(Any, networkx).Graph()
    graph.add_edges_from((one.first, one.second) for one in pairs)
    components: Iterable[set[int]] = cast(Any, networkx).connected_components(graph)
    groups = [sorted(one) for one in components]
    return sorted(groups, key=lambda one: (-len(one), one))


class DuplicateCount(Record):
    """Near duplicates at one similarity."""

    at: float
    groups: int
    duplicates: int
    """How many are left over when one of each group is kept."""
    of: int


class Duplicates(Record):
    """Near duplicates among texts."""

    counts: tuple[DuplicateCount, ...]
    groups: tuple[tuple[str, ...], ...]
    """The names of the largest groups at the least similarity."""


def count_duplicates(texts: Sequence[tuple[str, str]], thresholds: Sequence[float], *, shown: int = 10) -> Duplicates:
    """Count near duplicates at several similarities.

    Args:
        texts: The texts, each with its name before it.
        thresholds: The similarities.
        shown: How many groups are named.
    """
    pairs = near_duplicates([text for _, text in texts], min(thresholds))
    counts: list[DuplicateCount] = []
    for threshold in thresholds:
        groups = clusters(one for one in pairs if one.similarity >= threshold)
        spare = sum(len(one) - 1 for one in groups)
        counts.append(DuplicateCount(at=threshold, groups=len(groups), duplicates=spare, of=len(texts)))
    largest = clusters(pairs)[:shown]
    return Duplicates(counts=tuple(counts), groups=tuple(tuple(texts[number][0] for number in one) for one in largest))
