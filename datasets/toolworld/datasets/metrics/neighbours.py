"""How much of one set lies among the other: precision and recall by nearest neighbours."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.floating[Any]]
_EXACT, _BLOCK = 3_000, 1_024
"""Up to how many different vectors distances are of double precision, and how many rows are compared at once."""


def unit_rows(rows: Vectors) -> NDArray[np.float64]:
    """Vectors scaled to length 1; those of length 0 stay as they are."""
    exact = np.asarray(rows, np.float64)
    norms = np.linalg.norm(exact, axis=1, keepdims=True)
    return exact / np.where(norms == 0, 1, norms)


class PrecisionRecall(NamedTuple):
    """Shares from 0 to 1; higher is better."""

    precision: float
    recall: float


def precision_recall(real: Vectors, synthetic: Vectors, k: int = 3) -> PrecisionRecall:
    """Precision: the share of synthetic points inside the ball of at least one real point; recall: the reverse.

    The ball of a point reaches to its k-th nearest neighbour in its own set; its edge belongs to it. Equal vectors are
    at distance 0 exactly, so a point that occurs more than k times has a ball of no size.

    Args:
        real: Of shape (n, d), n > k.
        synthetic: Of shape (m, d), m > k.
        k: Which neighbour.

    Raises:
        ValueError: a set has not more than k points.

    Source: Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models", 2019.
    """
    if min(len(real), len(synthetic)) <= k:
        raise ValueError(f"precision and recall need more than {k} points in each set")
    points, place = _different(np.concatenate([real, synthetic]) + 0.0)  # -0.0 becomes 0.0, which is equal to it
    n = len(real)
    counts_real = np.bincount(place[:n], minlength=len(points))
    counts_synthetic = np.bincount(place[n:], minlength=len(points))
    in_real, in_synthetic = _covered(points, counts_real, counts_synthetic, k)
    precision = float(counts_synthetic[in_real].sum() / len(synthetic))
    return PrecisionRecall(precision, float(counts_real[in_synthetic].sum() / n))


def _different(rows: Vectors) -> tuple[Vectors, NDArray[np.int64]]:
    """The rows without repetition, and which of them each row is."""
    first: dict[bytes, int] = {}
    place = np.array([first.setdefault(row.tobytes(), len(first)) for row in rows], np.int64)
    _, where = np.unique(place, return_index=True)
    return rows[where], place


def _covered(
    points: Vectors, real: NDArray[np.int64], synthetic: NDArray[np.int64], k: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which points lie in the ball of a real point, and which in that of a synthetic one.

    Each row of distances serves both for the radius and for the decision, so that rounding cannot make them disagree.
    """
    kind = np.float64 if len(points) <= _EXACT else np.float32
    points = points.astype(kind)
    points -= points.mean(axis=0)
    norms = np.einsum("ij,ij->i", points, points)
    covered = np.zeros((2, len(points)), np.bool_)
    for side, counts in enumerate((real, synthetic)):
        centres = np.flatnonzero(counts)
        for start in range(0, len(centres), _BLOCK):
            rows = centres[start : start + _BLOCK]
            squares = norms[rows, None] + norms[None, :] - 2 * (points[rows] @ points.T)
            np.maximum(squares, 0, out=squares)
            squares[np.arange(len(rows)), rows] = 0
            radii = _radii(squares, rows, counts, k)
            covered[side] |= (squares <= radii[:, None]).any(axis=0)
    return covered[0], covered[1]


def _radii(squares: Vectors, rows: NDArray[np.int64], counts: NDArray[np.int64], k: int) -> Vectors:
    """The squared distance of each row's point to its k-th nearest other one, where points occur several times."""
    own = np.flatnonzero(counts)
    distances = squares[:, own]
    nearest = min(k + 1, len(own))
    order = np.argpartition(distances, nearest - 1, axis=1)[:, :nearest]
    near = np.take_along_axis(distances, order, axis=1)
    by_distance = np.argsort(near, axis=1, kind="stable")
    near = np.take_along_axis(near, by_distance, axis=1)
    places = own[np.take_along_axis(order, by_distance, axis=1)]
    others = counts[places] - (places == rows[:, None])
    reached = np.cumsum(others, axis=1) >= k
    return near[np.arange(len(rows)), reached.argmax(axis=1)]
