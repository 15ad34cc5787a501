"""Distances between distributions: of numbers (Wasserstein) and of labels (total variation)."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = Sequence[float] | NDArray[np.float64]


def wasserstein(real: Numbers, synthetic: Numbers, order: int = 2) -> float:
    """The Wasserstein distance of two samples of numbers: (integral over u of |F⁻¹(u) - G⁻¹(u)|^p)^(1/p).

    Range 0 and up, in the unit of the numbers; lower is better, 0 where the distributions are the same.

    Args:
        real: Numbers, of shape (n,).
        synthetic: Numbers, of shape (m,).
        order: p: 2, or 1 as the original SynAE computes it.

    Returns:
        Infinity where exactly one is empty, and 0 where both are.

    Source: Villani, "Optimal transport", 2009; one dimension, where quantiles are the optimal coupling.
    """
    one, other = np.sort(np.asarray(real, np.float64)), np.sort(np.asarray(synthetic, np.float64))
    if not len(one) or not len(other):
        return float("inf") if len(one) or len(other) else 0.0
    gaps, widths = _quantile_gaps(one, other)
    return float(np.dot(widths, gaps**order) ** (1 / order))


def _quantile_gaps(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The differences of the quantile functions, and the width of the step on which each holds.

    Steps end at multiples of 1/n and of 1/m, which as multiples of 1/(n m) are whole numbers, so that none is lost.
    """
    n, m = len(one), len(other)
    if n == m:
        return np.abs(one - other), np.full(n, 1 / n)
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)
    begins = np.concatenate(([0], ends[:-1]))
    gaps = np.abs(one[begins // m] - other[begins // n])
    return gaps, (ends - begins) / (n * m)


def total_variation(real: Iterable[Hashable], synthetic: Iterable[Hashable]) -> float:
    """The total variation of two samples of labels: 1/2 sum |p - q|; from 0 (the same shares) to 1 (no label shared).

    Lower is better.

    Returns:
        Infinity where exactly one is empty, and 0 where both are.
    """
    return variation_of_counts(Counter(real), Counter(synthetic))


def variation_of_counts(real: Mapping[Any, float], synthetic: Mapping[Any, float]) -> float:
    """The same for counts of labels, or parts of them."""
    n, m = sum(real.values()), sum(synthetic.values())
    if not n or not m:
        return float("inf") if n or m else 0.0
    shared = sum(abs(count / n - synthetic.get(label, 0) / m) for label, count in real.items())
    return (shared + sum(count / m for label, count in synthetic.items() if label not in real)) / 2
