"""The reward of a run, from the results of its checks."""

from collections.abc import Mapping, Sequence

from toolworld.datasets import CheckResult
from toolworld.ground import UsageError


def strict_reward(results: Sequence[CheckResult]) -> float:
    """The product of the checks: 1.0 if none failed, else 0.0. Skipped checks do not count."""
    return 0.0 if any(result.outcome == "fail" for result in results) else 1.0


def weighted_reward(results: Sequence[CheckResult], weights: Mapping[str, float]) -> float:
    """The mean of the scores with the given weights, from 0 to 1; skipped checks do not count.

    Partial credit: an agent that does nothing can earn some of it, for the policy that it did not break.

    Args:
        results: The results of the checks.
        weights: Weights by name of the check, none negative; a check that is not named weighs nothing.

    Raises:
        UsageError: a weight is negative, names no check, or none of them is of a check that was made.
    """
    unknown = weights.keys() - {result.name for result in results}
    if unknown or any(weight < 0 for weight in weights.values()):
        names = ", ".join(result.name for result in results)
        raise UsageError(f"weights must be 0 or more, and of the checks {names}; {dict(weights)} are not")
    made = [(weights.get(result.name, 0.0), result.score) for result in results if result.score is not None]
    total = sum(weight for weight, _ in made)
    if total == 0:
        raise UsageError(f"none of the checks that {', '.join(weights) or 'no weight'} weighs could be made")
    return sum(weight * score for weight, score in made) / total
