"""Downstream measures: whether agents find two sets of tasks equally difficult, and rank the same on both."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from toolworld.datasets.metrics.resampling import NORMAL_QUANTILE
from toolworld.ground import Record


class DownstreamMeasures(Record):
    """How agents do on two sets of tasks."""

    difference: float
    """The mean over agents of |success rate on the real tasks - on the synthetic ones|; 0 to 1, lower is better."""
    rank_agreement: float | None
    """Spearman's correlation of the agents' success rates on both, -1 to 1, higher is better; agents with equal rates
    share the mean of their ranks. None where a set tells no agent from another, or there are fewer than two agents."""
    reason: str | None = None
    """Why there is no rank agreement."""
    rates: dict[str, tuple[float, float]] = Field(default_factory=dict)
    """The success rate of each agent on the real and on the synthetic tasks."""
    difference_interval: tuple[float, float] | None = None
    agreement_interval: tuple[float, float] | None = None
    """95 % intervals over draws of tasks, the same for all agents: the difference and 1.96 standard errors either way;
    the middle of the agreements, of those draws that have one."""


def downstream(real: Mapping[str, float], synthetic: Mapping[str, float]) -> DownstreamMeasures:
    """Task difficulty difference (TDD) and ranking divergence (RD).

    The original calls the second a divergence, though a higher value means more agreement.

    Args:
        real: The success rate of each agent on the real tasks, from 0 to 1.
        synthetic: The same on the synthetic ones, for the same agents.

    Raises:
        ValueError: there is no agent, or the agents are not the same.

    Source: SynAE, arXiv 2605.22564.
    """
    if not real or real.keys() != synthetic.keys():
        raise ValueError("the same agents, one at least, are needed on both sides")
    names = list(real)
    ours, theirs = [real[name] for name in names], [synthetic[name] for name in names]
    difference = sum(abs(one - other) for one, other in zip(ours, theirs, strict=True)) / len(names)
    reason = _no_ranking(ours, theirs)
    agreement = None if reason else _correlation(_ranks(ours), _ranks(theirs))
    rates = {name: (real[name], synthetic[name]) for name in names}
    return DownstreamMeasures(difference=difference, rank_agreement=agreement, reason=reason, rates=rates)


def downstream_of_tasks(
    real: Mapping[str, Sequence[float]],
    synthetic: Mapping[str, Sequence[float]],
    *,
    resamples: int = 1_000,
    seed: int = 0,
) -> DownstreamMeasures:
    """The same with intervals, from how often each agent passes each task.

    Args:
        real: For each agent the success rates on the real tasks, in one order for all.
        synthetic: The same on the synthetic ones.
        resamples: How many draws of tasks the intervals rest on.
        seed: Decides them.

    Raises:
        ValueError: there is no agent or no task, the agents are not the same, or one has not played all tasks.
    """
    sides = [{name: np.asarray(rates, np.float64) for name, rates in side.items()} for side in (real, synthetic)]
    sizes = [{len(rates) for rates in side.values()} for side in sides]
    if any(len(of) != 1 or not all(of) for of in sizes):
        raise ValueError("every agent plays the same tasks of a set, one at least")
    found = downstream(*({name: float(rates.mean()) for name, rates in side.items()} for side in sides))
    random = np.random.default_rng(seed)
    differences: list[float] = []
    agreements: list[float] = []
    for _ in range(resamples):
        places = [random.integers(0, size, size) for (size,) in sizes]
        means = [_means(side, of) for side, of in zip(sides, places, strict=True)]
        drawn = downstream(*means)
        differences.append(drawn.difference)
        agreements += [] if drawn.rank_agreement is None else [drawn.rank_agreement]
    reach = NORMAL_QUANTILE * float(np.std(differences, ddof=1))
    around = (max(0.0, found.difference - reach), min(1.0, found.difference + reach))
    return found.model_copy(update={"difference_interval": around, "agreement_interval": _middle(agreements)})


def _means(rates: Mapping[str, NDArray[np.float64]], places: NDArray[np.int64]) -> dict[str, float]:
    return {name: float(of[places].mean()) for name, of in rates.items()}


def _middle(values: Sequence[float]) -> tuple[float, float] | None:
    """The middle 95 % of draws."""
    if len(values) < 2:
        return None
    low, high = np.quantile(np.asarray(values), [0.025, 0.975])
    return float(low), float(high)


def _no_ranking(real: Sequence[float], synthetic: Sequence[float]) -> str | None:
    if len(real) < 2:
        return "one agent has no rank"
    for name, rates in (("real", real), ("synthetic", synthetic)):
        if len(set(rates)) == 1:
            return f"all agents succeed equally often on the {name} tasks"
    return None


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) + 1) / 2 for value in values]


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    centre = (len(one) + 1) / 2
    first, second = [value - centre for value in one], [value - centre for value in other]
    product = sum(a * b for a, b in zip(first, second, strict=True))
    return product / (sum(a * a for a in first) * sum(b * b for b in second)) ** 0.5
