"""The reward of a run, from the results of its checks."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Literal

from toolworld.datasets import CheckResult
from toolworld.ground import UsageError

IfUnclear = Literal["none", "zero", "one"]
"""The reward of a run in which nothing failed and not all could be decided: none, to be masked; or 0.0 or 1.0."""
_UNCLEAR: Mapping[IfUnclear, float | None] = {"none": None, "zero": 0.0, "one": 1.0}


def strict_reward(results: Sequence[CheckResult], if_unclear: IfUnclear = "none") -> float | None:
    """The product of the checks: 0.0 if one failed, 1.0 if everything was decided and none failed."""
    if any(result.outcome == "fail" for result in results):
        return 0.0
    return 1.0 if all(map(_is_decided, results)) else _UNCLEAR[if_unclear]


def weighted_reward(
    results: Sequence[CheckResult], weights: Mapping[str, float], if_unclear: IfUnclear = "none"
) -> float | None:
    """The mean of the scores with the given weights, from 0 to 1; checks without a score do not count.

    Partial credit: an agent that does nothing can earn some of it, for the policy that it did not break.

    Args:
        results: The results of the checks.
        weights: Weights by name of the check, as `require_weights` demands; one that is not named weighs nothing.
        if_unclear: The reward where a check that weighs something could not decide everything.

    Returns:
        None if no check that weighs something has a score, or one of them is not decided and nothing else was asked.
    """
    weighed = [result for result in results if weights.get(result.name, 0.0)]
    if not all(map(_is_decided, weighed)) and all(result.outcome != "fail" for result in weighed):
        return _UNCLEAR[if_unclear]
    made = [(weights[result.name], result.score) for result in weighed if result.score is not None]
    total = sum(weight for weight, _ in made)
    return sum(weight * score for weight, score in made) / total if total else None


def _is_decided(result: CheckResult) -> bool:
    return result.checked == result.to_check


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
