"""The report of an evaluation: each measure with its value, its interval, and what was left out and why."""

from collections.abc import Mapping

from toolworld.datasets.evaluation.measures.measure import Better, Pillar, Subject
from toolworld.ground import Record


class MeasureResult(Record):
    """A measure of two sets."""

    name: str
    subject: Subject
    pillar: Pillar
    better: Better
    value: float | None
    """Of the synthetic set, or of both; None where it could not be computed."""
    low: float | None = None
    high: float | None = None
    """`low` to `high` is the 95 % interval of the value; None without resamples."""
    chance: float | None = None
    """What a measure of both sets would be by chance if they were of one source; None without resamples."""
    real: float | None = None
    """Of the real set, for a measure of one set."""
    ideal: float | None = None
    """The value where both sets are the same, for a measure of both."""
    has_end: bool = False
    """Whether its values lie between 0 and 1."""
    real_size: int
    synthetic_size: int
    """How many samples it was computed on."""
    sentence: str = ""
    """What the value means."""

    reason: str | None = None
    """Why there is no value."""

    @property
    def is_apart(self) -> bool:
        """Whether its whole interval is worse than what chance would give."""
        if self.chance is None or self.low is None or self.high is None:
            return False
        return self.low > self.chance if self.better == "lower" else self.high < self.chance


class DatasetFigures(Record):
    """A dataset in a report."""

    name: str
    form: str
    """The format that it was read as."""
    samples: int
    calls: int
    """How many calls all samples make together."""
    tools: int
    """How many different names these calls have."""


class EvaluationReport(Record):
    """How good a synthetic dataset is beside a real one."""

    schema_version: int = 1
    real: DatasetFigures
    synthetic: DatasetFigures
    vectors: str | None
    """The model or the file of the vectors; None where measures of meaning were left out."""
    seed: int
    resamples: int
    measures: tuple[MeasureResult, ...]
    notes: tuple[str, ...] = ()
    """What was left out, and what would bring it."""

    @property
    def apart(self) -> tuple[str, ...]:
        """The measures that are further from the real set than chance would have it, by their intervals."""
        return tuple(one.name for one in self.measures if one.is_apart)

    @property
    def by_name(self) -> Mapping[str, MeasureResult]:
        """The measures by name."""
        return {one.name: one for one in self.measures}
