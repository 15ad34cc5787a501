"""Key node dependency: how alike what follows on each other in a conversation is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.metrics.neighbours import Vectors


def pair_cosines(first: Vectors, second: Vectors) -> NDArray[np.float64]:
    """The cosine of each pair of vectors, from -1 to 1; 0 where one is the zero vector.

    Args:
        first: Of shape (pairs, d).
        second: Of shape (pairs, d): the vectors of what follows.
    """
    return np.einsum("ij,ij->i", _unit(first), _unit(second)).astype(np.float64)


def consecutive_pairs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """The positions of statements that follow on each other inside one sample, in all statements one after the other.

    Args:
        sizes: How many statements each sample has.
    """
    pairs: list[tuple[int, int]] = []
    start = 0
    for size in sizes:
        pairs += [(place, place + 1) for place in range(start, start + size - 1)]
        start += size
    return pairs


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms == 0, 1, norms)
