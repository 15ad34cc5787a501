"""Key node dependency: how alike what follows on each other in a conversation is."""

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.metrics.neighbours import Vectors, unit_rows


def pair_cosines(first: Vectors, second: Vectors) -> NDArray[np.float64]:
    """The cosine of each pair of vectors, from -1 to 1; 0 where one is the zero vector.

    Args:
        first: Of shape (pairs, d).
        second: Of shape (pairs, d): the vectors of what follows.
    """
    return np.einsum("ij,ij->i", unit_rows(first), unit_rows(second))
