"""Downstream measures: whether agents find two sets of tasks equally difficult, and rank the same on both."""

from collections.abc import Mapping, Sequence

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
    names = sorted(real)
    ours, theirs = [real[name] for name in names], [synthetic[name] for name in names]
    difference = sum(abs(one - other) for one, other in zip(ours, theirs, strict=True)) / len(names)
    reason = _no_ranking(ours, theirs)
    agreement = None if reason else _correlation(_ranks(ours), _ranks(theirs))
    return DownstreamMeasures(difference=difference, rank_agreement=agreement, reason=reason)


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
