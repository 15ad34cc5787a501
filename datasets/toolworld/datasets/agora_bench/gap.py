"""Performance gap recovered: how much of the way from a base model to a reference training on some data goes.

Source: Kim et al., "Evaluating language models as synthetic data generators", 2024.
"""

from collections.abc import Mapping, Sequence
from random import Random

from toolworld.ground import Record

RESAMPLES = 2_000
_TAIL = 0.025


def pgr(base: float, student: float, reference: float) -> float | None:
    """(student - base) / (reference - base), in per cent; negative where training hurt, above 100 past the reference.

    None where the reference is no better than the base: then there is no gap.
    """
    if reference <= base:
        return None
    return 100 * (student - base) / (reference - base)


class GapRecovered(Record):
    """A performance gap recovered, with the interval of a paired bootstrap."""

    value: float | None
    """In per cent; None where the reference is no better than the base."""
    low: float | None = None
    high: float | None = None
    """`low` to `high` is the 95 % interval over items: all three models are resampled together (Efron, 1979). None
    where more than a fortieth of the resamples have no gap."""
    undefined_share: float = 0.0
    """The share of resamples in which the reference is no better than the base; they are not in the interval."""
    base: float
    student: float
    reference: float
    items: int


Scores = Mapping[str, float]
"""The score of each item of a benchmark, by its name."""


def gap_recovered(base: Scores, student: Scores, reference: Scores, seed: int = 0) -> GapRecovered | None:
    """The gap recovered on the items that all three were scored on; None where there is none.

    Args:
        base: Scores of the model before training.
        student: Scores of the model after training.
        reference: Scores of the model whose level is to be reached.
        seed: Draws the resamples.
    """
    items = sorted(base.keys() & student.keys() & reference.keys())
    if not items:
        return None
    rows = [(base[item], student[item], reference[item]) for item in items]
    means = _means(rows)
    draw = Random(seed)
    drawn = [pgr(*_means(draw.choices(rows, k=len(rows)))) for _ in range(RESAMPLES)]
    defined = sorted(one for one in drawn if one is not None)
    value = pgr(*means)
    tail = int(len(defined) * _TAIL)
    # Resamples without a gap are on one side: where there are more than a tail of them, the interval would be false.
    has_interval = value is not None and RESAMPLES - len(defined) <= tail
    return GapRecovered(
        value=value,
        low=defined[tail] if has_interval else None,
        high=defined[-1 - tail] if has_interval else None,
        undefined_share=1 - len(defined) / len(drawn),
        base=means[0],
        student=means[1],
        reference=means[2],
        items=len(items),
    )


def _means(rows: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    base, student, reference = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    return base, student, reference


def mean_gap(gaps: Sequence[GapRecovered]) -> float | None:
    """The gap recovered of a domain: the mean over its benchmarks; None where one is not defined."""
    values = [one.value for one in gaps]
    known = [one for one in values if one is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
