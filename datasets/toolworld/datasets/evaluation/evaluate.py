"""Evaluating a synthetic dataset beside a real one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.evaluation.measures.catalogue import measures_of
from toolworld.datasets.evaluation.measures.measure import Comparison, Measure, NotApplicableError
from toolworld.datasets.evaluation.report import DatasetFigures, EvaluationReport, MeasureResult
from toolworld.datasets.evaluation.sample_set import SampleSet, pooled, sample_order, sample_set
from toolworld.datasets.evaluation.vectors import VectorTable
from toolworld.datasets.metrics.resampling import EQUAL_DRAWS, by_chance, equal_draw, interval
from toolworld.datasets.samples.attributes import Categories
from toolworld.datasets.samples.reading import Dataset

MOST_SAMPLES = 5_000
"""How many samples of a set are looked at by default; of a larger one so many are drawn."""


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """How two sets are compared."""

    resamples: int = 100
    """How many draws an interval rests on; 0 for none."""
    seed: int = 0
    most_samples: int = MOST_SAMPLES
    categories: Categories | None = None
    """The words of attributes; by default those beside the real set."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A report, and the sets that it is about, for plots."""

    report: EvaluationReport
    real: SampleSet
    synthetic: SampleSet


def evaluate(
    real: Dataset,
    synthetic: Dataset,
    *,
    vectors: VectorTable | None = None,
    options: EvaluationOptions = EvaluationOptions(),
    on_measure: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Compare a synthetic dataset with a real one, measure by measure.

    Args:
        real: The real dataset.
        synthetic: The synthetic one.
        vectors: Of texts, turns and outputs; without them the measures of meaning are left out, and the report says so.
        options: How they are compared.
        on_measure: Told of each measure before it is computed.

    Raises:
        RecordError: a text has no vector.
    """
    real, synthetic = (drawn(one, options) for one in (real, synthetic))
    categories = real.categories if options.categories is None else options.categories
    one, other = (sample_set(of.samples, real.samples, categories, vectors) for of in (real, synthetic))
    results: list[MeasureResult] = []
    for measure in measures_of(one, other):
        on_measure(measure.name)
        results.append(measured(measure, one, other, options))
    report = EvaluationReport(
        real=_figures(real),
        synthetic=_figures(synthetic),
        vectors=vectors.name if vectors else None,
        seed=options.seed,
        resamples=options.resamples,
        measures=tuple(results),
        notes=(*real.notes, *synthetic.notes),
    )
    return Evaluation(report, one, other)


def drawn(dataset: Dataset, options: EvaluationOptions) -> Dataset:
    """The dataset, or so many of its samples as are looked at; the order of its file does not matter."""
    count = len(dataset.samples)
    if count <= options.most_samples:
        return dataset
    ordered = sorted(dataset.samples, key=sample_order)
    samples = tuple(ordered[int(place)] for place in equal_draw(count, options.most_samples, options.seed))
    note = f"of the {count:,} samples of {dataset.name} {options.most_samples:,} were drawn"
    return replace(dataset, samples=samples, rows=(), notes=(*dataset.notes, note))


def _figures(of: Dataset) -> DatasetFigures:
    names = [name for one in of.samples for name in one.names]
    return DatasetFigures(name=of.name, samples=len(of.samples), calls=len(names), tools=len(set(names)))


def measured(measure: Measure, real: SampleSet, synthetic: SampleSet, options: EvaluationOptions) -> MeasureResult:
    """A measure of two sets, with its interval and what it would be by chance."""
    pairs = [*_pairs(measure, real, synthetic, options.seed)]
    one, other = pairs[0]
    base = MeasureResult(
        name=measure.name, subject=measure.subject, pillar=measure.pillar, better=measure.better, value=None,
        has_end=measure.most == 1, ideal=measure.ideal if isinstance(measure, Comparison) else None,
        real_size=len(one), synthetic_size=len(other),
    )  # fmt: skip
    if measure.needs_vectors and (real.text_vectors is None or synthetic.text_vectors is None):
        return base.model_copy(update={"reason": "it needs vectors of texts"})
    try:
        value = fmean(_value(measure, *pair) for pair in pairs)
    except NotApplicableError as reason:
        return base.model_copy(update={"reason": str(reason)})
    baseline = None if isinstance(measure, Comparison) else _of_real(measure.compute, [pair[0] for pair in pairs])
    found = _interval(measure, one, other, value, options) or (None, None)
    low, high = (None if edge is None else float(np.clip(edge, measure.least, measure.most)) for edge in found)
    update = {"value": value, "real": baseline, "low": low, "high": high}
    if isinstance(measure, Comparison) and options.resamples:
        update["chance"] = _by_chance(measure, one, other, options.seed)
    return base.model_copy(update={**update, "sentence": _sentence(measure, value, baseline, one, other)})


def _pairs(measure: Measure, real: SampleSet, synthetic: SampleSet, seed: int) -> Iterator[tuple[SampleSet, SampleSet]]:
    """The sets; for a measure that depends on their size, of the larger one several draws as large as the smaller."""
    size = min(len(real), len(synthetic))
    if not measure.needs_equal_sizes or len(real) == len(synthetic):
        yield real, synthetic
        return
    for draw in range(EQUAL_DRAWS):
        yield _of_size(real, size, seed + draw), _of_size(synthetic, size, seed + draw)


def _of_size(of: SampleSet, size: int, seed: int) -> SampleSet:
    return of if len(of) <= size else of.take(equal_draw(len(of), size, seed))


def _value(measure: Measure, real: SampleSet, synthetic: SampleSet) -> float:
    return measure.compute(real, synthetic) if isinstance(measure, Comparison) else measure.compute(synthetic)


def _of_real(compute: Callable[[SampleSet], float], draws: Sequence[SampleSet]) -> float | None:
    try:
        return fmean(compute(one) for one in draws)
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


def _interval(
    measure: Measure, real: SampleSet, synthetic: SampleSet, value: float, options: EvaluationOptions
) -> tuple[float, float] | None:
    def on_draw(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> float:
        return _or_nan(measure, real.take(ours), synthetic.take(theirs))

    size = None if isinstance(measure, Comparison) else len(synthetic)
    return interval(
        on_draw, value, n=len(real), m=len(synthetic), count=options.resamples, kind=measure.resampling,
        seed=options.seed, size=size,
    )  # fmt: skip


def _by_chance(measure: Comparison, real: SampleSet, synthetic: SampleSet, seed: int) -> float | None:
    both = pooled(real, synthetic)

    def on_deal(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> float:
        return _or_nan(measure, both.take(ours), both.take(theirs))

    return by_chance(on_deal, n=len(real), m=len(synthetic), seed=seed)


def _or_nan(measure: Measure, real: SampleSet, synthetic: SampleSet) -> float:
    try:
        return _value(measure, real, synthetic)
    except NotApplicableError:
        return float("nan")
