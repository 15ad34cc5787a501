"""Shares with intervals: what of the bad runs a judge fails, and what of the good ones."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from toolworld.datasets import wilson_interval
from toolworld.ground import Record
from toolworld.judges.calibration.label import Label


class Opinion(NamedTuple):
    """What a judge says of a run of which it is known whether it is right."""

    label: Label
    passes: bool | None
    """None where it cannot say, or gave no answer that can be used."""


class Rate(Record):
    """A share with its interval."""

    value: float | None
    """From 0 to 1; None where there was nothing to count."""
    low: float
    high: float
    """`low` to `high` is the 95 % interval (Wilson, 1927)."""
    of: int

    @classmethod
    def share(cls, count: int, of: int) -> "Rate":
        """So many of so many."""
        low, high = wilson_interval(count, of)
        if not of:
            return cls(value=None, low=low, high=high, of=of)
        value = count / of
        return cls(value=value, low=min(low, value), high=max(high, value), of=of)  # but for rounding they hold it

    @property
    def text(self) -> str:
        """In percent, with its interval."""
        return "–" if self.value is None else f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%} of {self.of})"


class KindRates(Record):
    """What a judge says of the runs of one kind."""

    kind: str
    good: bool
    """Whether they are right."""
    runs: int
    passed: int
    failed: int
    undecided: int
    """Runs of which it cannot say; they are neither caught nor false alarms."""
    share: Rate
    """Those that failed: for bad runs the share that is caught (higher is better), for good ones the share of false
    alarms (lower is better)."""


class JudgeRates(Record):
    """How often a judge is right."""

    judge: str
    precision: Rate
    """The bad runs among those that it fails; higher is better."""
    recall: Rate
    """The bad runs that it fails; those of which it cannot say are not among them. Higher is better."""
    false_alarms: Rate
    """The good runs that it fails; lower is better."""
    undecided: Rate
    """The runs of which it cannot say."""
    by_kind: tuple[KindRates, ...]

    @property
    def is_at_chance(self) -> bool:
        """Whether it may fail good runs as often as bad ones: their intervals overlap."""
        return self.recall.low <= self.false_alarms.high

    @property
    def summary(self) -> str:
        """In one sentence."""
        if not self.recall.of or not self.false_alarms.of:
            return "it saw runs of one sort only"
        chance = "; judges no better than chance" if self.is_at_chance else ""
        return f"catches {self.recall.text} of bad runs, fails {self.false_alarms.text} of good ones{chance}"


def judge_rates(judge: str, opinions: Sequence[Opinion]) -> JudgeRates:
    """Count the opinions of a judge.

    Args:
        judge: Its name.
        opinions: One for each run.
    """
    bad, good = [one for one in opinions if not one.label.good], [one for one in opinions if one.label.good]
    caught, alarms = _failed(bad), _failed(good)
    kinds = dict.fromkeys((one.label.kind, one.label.good) for one in opinions)
    return JudgeRates(
        judge=judge,
        precision=Rate.share(caught, caught + alarms),
        recall=Rate.share(caught, len(bad)),
        false_alarms=Rate.share(alarms, len(good)),
        undecided=Rate.share(sum(one.passes is None for one in opinions), len(opinions)),
        by_kind=tuple(
            _kind(kind, is_good, [one for one in opinions if (one.label.kind, one.label.good) == (kind, is_good)])
            for kind, is_good in kinds
        ),
    )


def _kind(kind: str, is_good: bool, opinions: Sequence[Opinion]) -> KindRates:
    failed = _failed(opinions)
    undecided = sum(one.passes is None for one in opinions)
    return KindRates(
        kind=kind,
        good=is_good,
        runs=len(opinions),
        passed=len(opinions) - failed - undecided,
        failed=failed,
        undecided=undecided,
        share=Rate.share(failed, len(opinions)),
    )


def _failed(opinions: Iterable[Opinion]) -> int:
    return sum(one.passes is False for one in opinions)
