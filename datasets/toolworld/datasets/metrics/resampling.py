"""How sure a figure is: standard errors by drawing samples again, and draws of equal size."""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Resampling = Literal["bootstrap", "subsample"]
"""With replacement (Efron, 1979), or without, for what counts or measures repetition (Politis and Romano, 1994)."""
MOST_DRAWN = 1_000
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


def interval(
    estimate: Callable[[Indices, Indices], float],
    value: float,
    *,
    n: int,
    m: int,
    count: int,
    kind: Resampling,
    seed: int,
    size: int | None = None,
) -> tuple[float, float] | None:
    """The 95 % interval of a figure: the value and 1.96 standard errors either way; None where draws give no figure.

    It says how far the figure of other samples of the same sources would be off. For a distance it does not say whether
    there is a difference: by chance alone a distance is above 0; see `by_chance`.

    Args:
        estimate: The figure on positions in the real and in the synthetic set.
        value: The figure on both sets.
        n: The size of the real set.
        m: That of the synthetic one.
        count: How many draws.
        kind: With replacement or without.
        seed: Decides them.
        size: Of the set that the figure is of; by default the smaller.
    """
    found = np.array([estimate(one, other) for one, other in draws(n, m, count, kind, seed)])
    if len(found) < 2 or not np.isfinite(found).all():
        return None
    reach = _QUANTILE * standard_error(found, size or min(n, m), kind)
    return value - reach, value + reach


_QUANTILE = 1.959964


def by_chance(estimate: Callable[[Indices, Indices], float], *, n: int, m: int, seed: int) -> float | None:
    """What a figure would be if both sets were of one source: its mean where samples are dealt anew to either side.

    Args:
        estimate: The figure on positions in both sets put together.
        n: The size of the real set.
        m: That of the synthetic one.
        seed: Decides how they are dealt.
    """
    random = np.random.default_rng([seed, 2])
    found: list[float] = []
    for _ in range(max(2, min(_DEALT, _DEALT_SAMPLES // (n + m)))):
        order = random.permutation(n + m)
        found.append(estimate(np.sort(order[:n]), np.sort(order[n:])))
    return float(np.mean(found)) if np.isfinite(found).all() else None


_DEALT, _DEALT_SAMPLES = 20, 20_000
"""How often samples are dealt anew, and how many in all, at most: large sets vary less."""
EQUAL_DRAWS = 5
"""Over how many draws of the larger set a figure is averaged that wants sets of equal size."""


def equal_draw(size: int, wanted: int, seed: int) -> Indices:
    """Positions of so many samples of a set, in order; all where it has no more."""
    if wanted >= size:
        return np.arange(size)
    return np.sort(np.random.default_rng([seed, size, wanted]).permutation(size)[:wanted])
