"""Tiers of difficulty, from how often agents pass."""

from collections.abc import Mapping
from math import sqrt

from toolworld.datasets.task import TaskDifficulty, Tier
from toolworld.datasets.trials.pass_rates import TrialCounts

_EASY, _MEDIUM = 2 / 3, 1 / 3
"""From which mean pass rate over agents a task is easy, or medium."""
_QUANTILE = 1.959964


def wilson_interval(passed: int, judged: int) -> tuple[float, float]:
    """The 95 % interval of a share; from 0 to 1 where nothing was judged. Wilson, 1927."""
    if judged == 0:
        return 0.0, 1.0
    share, square = passed / judged, _QUANTILE**2
    middle = (share + square / (2 * judged)) / (1 + square / judged)
    margin = _QUANTILE / (1 + square / judged) * sqrt(share * (1 - share) / judged + square / (4 * judged**2))
    return max(0.0, middle - margin), min(1.0, middle + margin)


def difficulty_of(agents: Mapping[str, TrialCounts]) -> TaskDifficulty:
    """The difficulty of a task for several agents.

    Args:
        agents: How many runs of each were judged, and passed.
    """
    judged, passed = sum(one.judged for one in agents.values()), sum(one.passed for one in agents.values())
    rates = [one.passed / one.judged for one in agents.values() if one.judged]
    rate = sum(rates) / len(rates) if rates else 0.0
    low, high = wilson_interval(passed, judged)
    tier: Tier = "easy" if rate >= _EASY else "medium" if rate >= _MEDIUM else "hard"
    return TaskDifficulty(
        tier=tier if judged else None,
        rate=rate,
        low=low,
        high=high,
        agents={name: (one.passed, one.judged) for name, one in agents.items()},
    )
