"""All measures of two sets: their values, intervals by draws, and what they would be by chance.

A draw is taken once, and all measures are computed on it: taking samples costs more than most measures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean

import numpy as np

from toolworld.datasets.evaluation.measures.measure import Comparison, Measure, NotApplicableError
from toolworld.datasets.evaluation.report import MeasureResult
from toolworld.datasets.evaluation.sample_set import SampleSet, pool_sets
from toolworld.datasets.metrics.resampling import EQUAL_DRAWS, Resampling, deals, draws, equal_draw, interval

Found = Mapping[str, list[float]]
"""Values of measures, by their name."""
Pair = tuple[SampleSet, SampleSet]


class Estimates:
    """Measures of two sets.

    Args:
        real: The real set.
        synthetic: The synthetic one.
        seed: Decides every draw.
    """

    def __init__(self, real: SampleSet, synthetic: SampleSet, seed: int) -> None:
        self._both = (real, synthetic)
        self._seed = seed
        size = min(len(real), len(synthetic))
        is_equal = len(real) == len(synthetic)
        self._equal = [self._of_size(size, draw) for draw in range(1 if is_equal else EQUAL_DRAWS)]

    def _of_size(self, size: int, draw: int) -> Pair:
        """Both sets at the size of the smaller one."""
        real, synthetic = (
            of if len(of) <= size else of.take(equal_draw(len(of), size, self._seed + draw)) for of in self._both
        )
        return real, synthetic

    def of(
        self,
        measures: Sequence[Measure],
        resamples: int,
        *,
        is_paired: bool = False,
        on_step: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> tuple[MeasureResult, ...]:
        """The result of each measure.

        Args:
            measures: The measures.
            resamples: How many draws an interval rests on; 0 for neither intervals nor chance.
            is_paired: Whether the synthetic samples are made from the real ones, so that chance means nothing.
            on_step: Told how many of how many steps are done.
        """
        first = {one.name: self._first(one) for one in measures}
        on_step(1, 1 + 4 * resamples)
        there = [one for one in measures if first[one.name].reason is None]
        found: dict[str, list[float]] = {}
        done = 1
        for kind, is_equal in _GROUPS:
            members = [one for one in there if (one.resampling, one.needs_equal_sizes) == (kind, is_equal)]
            for values in self._on_draws(members, kind, is_equal, resamples):
                for name, value in values.items():
                    found.setdefault(name, []).append(value)
                done += 1
                on_step(done, 1 + 4 * resamples)
        chance = self._by_chance(there) if resamples and not is_paired else {}
        return tuple(self._whole(one, first[one.name], found, chance) for one in measures)

    def _pair(self, measure: Measure) -> Pair:
        return self._equal[0] if measure.needs_equal_sizes else self._both

    def _first(self, measure: Measure) -> MeasureResult:
        """The measure on all samples, or as many of the larger set as the smaller has, averaged over draws of these."""
        real, synthetic = self._pair(measure)
        base = MeasureResult(
            name=measure.name, subject=measure.subject, pillar=measure.pillar, better=measure.better, value=None,
            has_end=measure.most == 1, ideal=measure.ideal if isinstance(measure, Comparison) else None,
            real_size=len(real), synthetic_size=len(synthetic),
        )  # fmt: skip
        if measure.needs_vectors and any(of.text_vectors is None for of in self._both):
            return base.model_copy(update={"reason": "it needs vectors of texts"})
        pairs = self._equal if measure.needs_equal_sizes else [self._both]
        try:
            value = fmean(_value(measure, *pair) for pair in pairs)
        except NotApplicableError as reason:
            return base.model_copy(update={"reason": str(reason)})
        baseline = None if isinstance(measure, Comparison) else _of_real(measure.compute, [pair[0] for pair in pairs])
        sentence = _sentence(measure, value, baseline, real, synthetic)
        return base.model_copy(update={"value": value, "real": baseline, "sentence": sentence})

    def _on_draws(
        self, measures: Sequence[Measure], kind: Resampling, is_equal: bool, count: int
    ) -> Iterator[dict[str, float]]:
        if not measures:
            return
        real, synthetic = self._equal[0] if is_equal else self._both
        for ours, theirs in draws(len(real), len(synthetic), count, kind, self._seed):
            one, other = real.take(ours), synthetic.take(theirs)
            yield {measure.name: _or_nan(measure, one, other) for measure in measures}

    def _by_chance(self, measures: Sequence[Measure]) -> dict[str, float]:
        """The mean of each comparison where the samples of both sets are dealt anew to either side."""
        found: dict[str, list[float]] = {}
        for is_equal in (False, True):
            members = [one for one in measures if isinstance(one, Comparison) and one.needs_equal_sizes == is_equal]
            real, synthetic = self._equal[0] if is_equal else self._both
            both = pool_sets(real, synthetic)
            for ours, theirs in deals(len(real), len(synthetic), self._seed):
                one, other = both.take(ours), both.take(theirs)
                for measure in members:
                    found.setdefault(measure.name, []).append(_or_nan(measure, one, other))
        return {name: fmean(values) for name, values in found.items() if np.isfinite(values).all()}

    def _whole(
        self, measure: Measure, result: MeasureResult, found: Found, chance: Mapping[str, float]
    ) -> MeasureResult:
        if result.value is None:
            return result
        size = min(result.real_size, result.synthetic_size)
        edges = interval(
            found.get(measure.name, ()),
            result.value,
            size=size if isinstance(measure, Comparison) else result.synthetic_size,
            kind=measure.resampling,
        )
        low, high = edges or (None, None)
        update = {
            "low": None if low is None else float(np.clip(low, measure.least, measure.most)),
            "high": None if high is None else float(np.clip(high, measure.least, measure.most)),
            "chance": chance.get(measure.name),
        }
        return result.model_copy(update=update)


_GROUPS: tuple[tuple[Resampling, bool], ...] = (
    ("bootstrap", False),
    ("bootstrap", True),
    ("subsample", False),
    ("subsample", True),
)
"""Measures that share their draws: how is drawn, and whether at equal size."""


def _value(measure: Measure, real: SampleSet, synthetic: SampleSet) -> float:
    return measure.compute(real, synthetic) if isinstance(measure, Comparison) else measure.compute(synthetic)


def _or_nan(measure: Measure, real: SampleSet, synthetic: SampleSet) -> float:
    try:
        return _value(measure, real, synthetic)
    except NotApplicableError:
        return float("nan")


def _of_real(compute: Callable[[SampleSet], float], of: Sequence[SampleSet]) -> float | None:
    try:
        return fmean(compute(one) for one in of)
    except NotApplicableError:
        return None


def _sentence(measure: Measure, value: float, baseline: float | None, real: SampleSet, synthetic: SampleSet) -> str:
    mean = measure.mean if isinstance(measure, Comparison) else None
    sides = {"real": mean(real), "synthetic": mean(synthetic)} if mean else {}
    said = measure.sentence.format(value=value, **sides)
    if baseline is None:
        return said
    start = measure.sentence.index("{value")
    shown = measure.sentence[start : measure.sentence.index("}", start) + 1].format(value=baseline)
    return f"{said}; in the real set {shown}"
