"""Shares with intervals: what of the bad runs a judge fails, and what of the good ones."""

from collections.abc import Iterable, Sequence
from typing import Annotated, NamedTuple

from pydantic import Field

from toolworld.datasets import wilson_interval
from toolworld.ground import Record
from toolworld.judges.calibration.label import Label


class Opinion(NamedTuple):
    """What a judge says of a run of which it is known whether it is right."""

    label: Label
    passes: bool | None
    """None where it cannot say, or gave no answer that can be used."""


Share = Annotated[float, Field(ge=0, le=1)]
ENOUGH = 30
"""From how many runs of each sort a judge can be told from chance."""


class Rate(Record):
    """A share with its interval."""

    value: Share | None
    """None where there was nothing to count."""
    low: Share
    high: Share
    """`low` to `high` is the 95 % interval (Wilson, 1927)."""
    of: Annotated[int, Field(ge=0)]

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
    """The share of the bad runs that it fails; one of which it cannot say is not failed. Higher is better."""
    false_alarms: Rate
    """The good runs that it fails; lower is better."""
    undecided: Rate
    """The runs of which it cannot say."""
    by_kind: tuple[KindRates, ...]

    @property
    def overall(self) -> tuple[Rate, Rate, Rate, Rate]:
        """Precision, recall, false alarms, and the runs of which it cannot say."""
        return self.precision, self.recall, self.false_alarms, self.undecided

    @property
    def is_at_chance(self) -> bool:
        """Whether it fails good runs as often as bad ones, as far as the runs can tell: their intervals overlap."""
        return self.overlaps and not self.has_too_few_runs

    @property
    def overlaps(self) -> bool:
        """Whether the intervals of recall and false alarms overlap."""
        return self.recall.low <= self.false_alarms.high

    @property
    def has_too_few_runs(self) -> bool:
        """Whether there are too few runs to tell it from chance, though it fails more of the bad ones."""
        is_few = min(self.recall.of, self.false_alarms.of) < ENOUGH
        return self.overlaps and is_few and (self.recall.value or 0.0) > (self.false_alarms.value or 0.0)

    @property
    def warning(self) -> str | None:
        """What has to be said of it, if anything."""
        if not self.recall.of or not self.false_alarms.of:
            return "saw runs of one sort only"
        if self.has_too_few_runs:
            return f"saw too few runs to be told from chance (fewer than {ENOUGH} of a sort)"
        return "judges no better than chance" if self.is_at_chance else None

    @property
    def summary(self) -> str:
        """In one sentence."""
        warning = f"; {self.warning}" if self.warning else ""
        return f"catches {self.recall.text} of bad runs, fails {self.false_alarms.text} of good ones{warning}"


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
