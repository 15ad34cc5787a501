"""pass@k and pass^k over repeated runs of tasks."""

from collections.abc import Mapping
from math import comb
from typing import Literal, NamedTuple

from toolworld.datasets.trials.interval import Estimate, mean_with_interval
from toolworld.ground import Record


class TrialCounts(NamedTuple):
    """Runs of one task that were judged, and that passed; void and unclear runs do not count."""

    judged: int = 0
    passed: int = 0

    def with_outcome(self, outcome: Literal["pass", "fail", "unclear", "void"]) -> "TrialCounts":
        """The counts with one run more."""
        return TrialCounts(self.judged + (outcome in ("pass", "fail")), self.passed + (outcome == "pass"))


class PassRates(Record):
    """The pass rates of a set of runs for one k."""

    k: int
    pass_at_k: Estimate | None
    """The chance that at least one of k runs of a task passes: 1 - C(n-c, k) / C(n, k), the mean over tasks
    (Chen et al., "Evaluating Large Language Models Trained on Code", 2021)."""
    pass_hat_k: Estimate | None
    """pass^k, the chance that all of k runs of a task pass: C(c, k) / C(n, k), the mean over tasks
    (Yao et al., "tau-bench", 2024)."""
    skipped: int
    """Tasks with fewer than k judged runs, which do not count."""


def shown_ks(trials: int) -> list[int]:
    """The k that rates are shown for: each up to 10, then every doubling, and the number of trials."""
    doubled = [2**power for power in range(4, trials.bit_length())]
    return sorted({*range(1, min(trials, 10) + 1), *doubled, trials})


def pass_rates(trials: Mapping[str, TrialCounts], k: int) -> PassRates:
    """Both rates over tasks with at least k judged runs; None where no task has so many.

    Args:
        trials: Counts by task.
        k: At least 1.
    """
    counted = [counts for counts in trials.values() if counts.judged >= k]
    return PassRates(
        k=k,
        pass_at_k=mean_with_interval([1 - comb(n - c, k) / comb(n, k) for n, c in counted]),
        pass_hat_k=mean_with_interval([comb(c, k) / comb(n, k) for n, c in counted]),
        skipped=len(trials) - len(counted),
    )
