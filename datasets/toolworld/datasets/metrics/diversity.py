"""Diversity: how evenly things occur, how much of what there is occurs, and how unlike two draws are."""

import math
import random
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any

MAX_PAIRS = 2_000
"""Of how many pairs a mean over pairs is taken, at most."""


def entropy(counts: Mapping[Any, int]) -> float:
    """Shannon's entropy of what occurs, in nats: -sum p ln p; from 0 (one thing only) to ln of the number of things.

    Higher is more diverse. Shannon, 1948.
    """
    total = sum(counts.values())
    shares = [count / total for count in counts.values() if count]
    return max(0.0, -sum(share * math.log(share) for share in shares))


def evenness(counts: Mapping[str, int], possible: int) -> float:
    """The entropy over what would be the highest: ln of how many things are possible; from 0 to 1, higher is more even.

    Things that do not occur count, unlike in data-generator's normalised entropy. 1.0 where only one is possible.
    """
    return entropy(counts) / math.log(possible) if possible > 1 else 1.0


def coverage(used: Collection[str], available: Set[str]) -> float:
    """The share of what is available that is used; from 0 to 1, higher is better. 1.0 where nothing is available."""
    return len({*used} & available) / len(available) if available else 1.0


def jaccard_dissimilarity(sets: Sequence[Set[str]], seed: int = 0) -> float:
    """The mean of 1 - |A & B| / |A | B| over pairs of sets; from 0 (all alike) to 1 (nothing in common).

    Args:
        sets: The tools of each conversation, say.
        seed: Draws the pairs where there are more than `MAX_PAIRS`; a pair is two different places.
    """
    size = len(sets)
    if size < 2:
        return 0.0
    if size * (size - 1) // 2 <= MAX_PAIRS:
        pairs = [(one, other) for one in range(size) for other in range(one)]
    else:
        draw = random.Random(seed)
        pairs = [(draw.sample(range(size), 2)) for _ in range(MAX_PAIRS)]
    return sum(_unlike(sets[one], sets[other]) for one, other in pairs) / len(pairs)


def _unlike(one: Set[str], other: Set[str]) -> float:
    together = one | other
    return 1 - len(one & other) / len(together) if together else 0.0
