"""How sure a figure is: standard errors by drawing samples again, and draws of equal size."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Resampling = Literal["bootstrap", "subsample"]
"""With replacement (Efron, 1979), or without, for what counts or measures repetition (Politis and Romano, 1994)."""
MOST_DRAWN = 500
"""How many samples of a set a resample has at most; the error of the whole set follows from its size."""
Indices = NDArray[np.int64]


def draws(n: int, m: int, count: int, kind: Resampling, seed: int) -> Iterator[tuple[Indices, Indices]]:
    """Draws of both sets: positions in each.

    Args:
        n: The size of the real set.
        m: The size of the synthetic one.
        count: How many draws.
        kind: With replacement or without: then half of each set.
        seed: Decides them.
    """
    random = np.random.default_rng([seed, 0 if kind == "bootstrap" else 1])
    for _ in range(count):
        yield _draw(random, n, kind), _draw(random, m, kind)


def _draw(random: np.random.Generator, size: int, kind: Resampling) -> Indices:
    if kind == "bootstrap":
        return np.sort(random.integers(0, size, min(size, MOST_DRAWN)))
    return np.sort(random.permutation(size)[: drawn_of(size)])


def drawn_of(size: int) -> int:
    """How many samples are drawn without replacement: half of them."""
    return min(max(size // 2, 1), MOST_DRAWN)


def standard_error(values: NDArray[np.float64], size: int, kind: Resampling) -> float:
    """The standard error of a figure of a whole set, from its values on draws.

    Variance falls with 1/size, and a draw without replacement of m of n varies less by 1 - m/n.

    Args:
        values: The figure on each draw.
        size: The size of the smaller set.
        kind: How was drawn.
    """
    spread = float(np.std(values, ddof=1))
    if kind == "bootstrap":
        return spread * (min(size, MOST_DRAWN) / size) ** 0.5
    drawn = drawn_of(size)
    return spread * (drawn / (size - drawn)) ** 0.5 if size > drawn else 0.0


def interval(found: Sequence[float], value: float, *, size: int, kind: Resampling) -> tuple[float, float] | None:
    """The 95 % interval of a figure: the value and 1.96 standard errors either way; None where draws give no figure.

    It says how far the figure of other samples of the same sources would be off. For a distance it does not say whether
    there is a difference: by chance alone a distance is above 0; see `deals`.

    Args:
        found: The figure on each draw.
        value: The figure on all samples.
        size: The size of the set that it is of; of two the smaller.
        kind: How was drawn.
    """
    if len(found) < 2 or not np.isfinite(found).all():
        return None
    reach = NORMAL_QUANTILE * standard_error(np.asarray(found, np.float64), size, kind)
    return value - reach, value + reach


NORMAL_QUANTILE = 1.959964
"""Of the normal distribution: 95 % lie so many standard deviations around its mean."""


def deals(n: int, m: int, seed: int) -> Iterator[tuple[Indices, Indices]]:
    """Positions in both sets put together, dealt anew to either side.

    The mean of a figure over them is what it would be by chance, if both sets were of one source.

    Args:
        n: The size of the real set.
        m: That of the synthetic one.
        seed: Decides how they are dealt.
    """
    random = np.random.default_rng([seed, 2])
    for _ in range(max(2, min(_DEALT, _DEALT_SAMPLES // (n + m)))):
        order = random.permutation(n + m)
        yield np.sort(order[:n]), np.sort(order[n:])


_DEALT, _DEALT_SAMPLES = 20, 20_000
"""How often samples are dealt anew, and how many in all, at most: large sets vary less."""
EQUAL_DRAWS = 5
"""Over how many draws of the larger set a figure is averaged that wants sets of equal size."""


def equal_draw(size: int, wanted: int, seed: int) -> Indices:
    """Positions of so many samples of a set, in order; all where it has no more."""
    if wanted >= size:
        return np.arange(size)
    return np.sort(np.random.default_rng([seed, size, wanted]).permutation(size)[:wanted])
