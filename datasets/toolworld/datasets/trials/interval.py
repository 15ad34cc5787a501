"""Bootstrap intervals: how far a mean over tasks may be off, given that these tasks are a sample."""

import random
from collections.abc import Sequence
from math import sqrt
from statistics import stdev

from toolworld.ground import Record

RESAMPLES = 2_000
MAX_RESAMPLED = 1_000
"""With more values than this the interval is the normal approximation, which by then is the same."""
_TAIL, _NORMAL_QUANTILE = 0.025, 1.959964


class Estimate(Record):
    """A mean with its interval."""

    value: float
    low: float
    high: float
    """`low` to `high` is the 95 % interval over tasks: the percentile bootstrap (Efron, 1979)."""
    tasks: int
    """How many tasks it is a mean over."""


def mean_with_interval(values: Sequence[float], seed: int = 0) -> Estimate | None:
    """The mean of one value per task, with its bootstrap interval; None where there is no value.

    Args:
        values: One value per task.
        seed: Of the resampling, so that the same values give the same interval.
    """
    if not values:
        return None
    size = len(values)
    mean = sum(values) / size
    if len(set(values)) == 1:  # every resample is the same
        return Estimate(value=mean, low=mean, high=mean, tasks=size)
    if size > MAX_RESAMPLED:
        margin = _NORMAL_QUANTILE * stdev(values) / sqrt(size)
        return Estimate(value=mean, low=mean - margin, high=mean + margin, tasks=size)
    chance = random.Random(seed)
    means = sorted(sum(chance.choices(values, k=size)) / size for _ in range(RESAMPLES))
    tail = int(RESAMPLES * _TAIL)
    return Estimate(value=mean, low=means[tail], high=means[-1 - tail], tasks=size)
