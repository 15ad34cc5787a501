"""The reward of a run, from the results of its checks."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from toolworld.datasets import CheckResult
from toolworld.ground import UsageError


def strict_reward(results: Sequence[CheckResult]) -> float | None:
    """The product of the checks: 1.0 if none failed, else 0.0. Skipped checks do not count; None if all were."""
    if all(result.outcome == "skipped" for result in results):
        return None
    return 0.0 if any(result.outcome == "fail" for result in results) else 1.0


def weighted_reward(results: Sequence[CheckResult], weights: Mapping[str, float]) -> float | None:
    """The mean of the scores with the given weights, from 0 to 1; skipped checks do not count.

    Partial credit: an agent that does nothing can earn some of it, for the policy that it did not break.

    Args:
        results: The results of the checks.
        weights: Weights by name of the check, as `require_weights` demands; one that is not named weighs nothing.

    Returns:
        None if every check that weighs something was skipped.
    """
    made = [(weights.get(result.name, 0.0), result.score) for result in results if result.score is not None]
    total = sum(weight for weight, _ in made)
    return sum(weight * score for weight, score in made) / total if total else None


def require_weights(weights: Mapping[str, float], checks: Iterable[str]) -> None:
    """Hold weights against the names of the checks.

    Raises:
        UsageError: a weight is no number from 0, belongs to no check, or all of them are 0.
    """
    names = [*checks]
    for name, weight in weights.items():
        if name not in names:
            raise UsageError(f"there is no check {name!r} to weigh; the checks are: {', '.join(names)}")
        if not isfinite(weight) or weight < 0:
            raise UsageError(f"the weight of {name} is {weight!r}, and a weight is a number, 0 or more")
    if not any(weights.values()):
        raise UsageError(f"at least one of the checks must weigh more than 0: {', '.join(names)}")
