"""What agents call next, given what they called before."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal

from toolworld.datasets.metrics.distances import total_variation, variation_of_counts

Window = tuple[tuple[str, ...], str]
"""The names of the calls before, and that of the next one."""


def planning_distance(
    real: Sequence[Sequence[str]],
    synthetic: Sequence[Sequence[str]],
    k: int,
    *,
    absent: float = 1.0,
    weights: Literal["relative", "pooled"] = "relative",
) -> float:
    """The k-step distance of two sets of call sequences: how differently they go on after the same k-1 calls.

    For k = 1 the total variation of the names. For more, the sum over histories h of w(h) · d(h), where d(h) is the
    total variation of the next call, and w(h) is the mean of the shares that h has of each set's windows (or the share
    of the windows of both sets together). From 0 to 1; lower is better.

    Args:
        real: The names of each sample's calls, in order.
        synthetic: The same of the other set.
        k: How many calls a window has; windows do not cross samples.
        absent: d(h) of a history that one side does not have; the original's value is 0.5, which caps the distance.
        weights: By the shares in each set, or by counts, where the larger set dominates, as in the original.

    Returns:
        Where one side has no window, `absent`; where none has, 0, or the original's infinity where `absent` is below 1.

    Source: SynAE, arXiv 2605.22564, k-step tool planning.
    """
    if k == 1:
        return total_variation((name for one in real for name in one), (name for one in synthetic for name in one))
    counts = [Counter(window for one in side for window in _windows(one, k)) for side in (real, synthetic)]
    totals = [side.total() for side in counts]
    if not all(totals):
        return absent if any(totals) else (0.0 if absent == 1 else float("inf"))
    by_history = [_by_history(side) for side in counts]
    together = sum(totals)
    distance = 0.0
    for history in dict.fromkeys([*by_history[0], *by_history[1]]):
        sizes = [side[history].total() if history in side else 0 for side in by_history]
        share = (
            sum(sizes) / together
            if weights == "pooled"
            else sum(size / total for size, total in zip(sizes, totals, strict=True)) / 2
        )
        apart = variation_of_counts(by_history[0][history], by_history[1][history]) if all(sizes) else absent
        distance += share * apart
    return distance


def _windows(names: Sequence[str], k: int) -> Iterator[Window]:
    for start in range(len(names) - k + 1):
        yield tuple(names[start : start + k - 1]), names[start + k - 1]


def _by_history(windows: Counter[Window]) -> dict[tuple[str, ...], Counter[str]]:
    found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for (history, following), count in windows.items():
        found[history][following] += count
    return dict(found)
