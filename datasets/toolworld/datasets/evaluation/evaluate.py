"""Evaluating a synthetic dataset beside a real one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.evaluation.measures.catalogue import measures_of
from toolworld.datasets.evaluation.measures.measure import Comparison, Measure, NotApplicableError
from toolworld.datasets.evaluation.report import DatasetFigures, EvaluationReport, MeasureResult
from toolworld.datasets.evaluation.sample_set import SampleSet, sample_order, sample_set
from toolworld.datasets.evaluation.vectors import VectorTable
from toolworld.datasets.metrics.resampling import equal_draw, interval
from toolworld.datasets.samples.attributes import Categories
from toolworld.datasets.samples.reading import Dataset
from toolworld.datasets.samples.sample import Sample

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
    ours, theirs = (_drawn(one.samples, options) for one in (real, synthetic))
    categories = real.categories if options.categories is None else options.categories
    one = sample_set(ours, ours, categories, vectors)
    other = sample_set(theirs, real.samples, categories, vectors)
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
        notes=tuple(_notes(real, synthetic, options)),
    )
    return Evaluation(report, one, other)


def _drawn(samples: Sequence[Sample], options: EvaluationOptions) -> Sequence[Sample]:
    if len(samples) <= options.most_samples:
        return samples
    ordered = sorted(samples, key=sample_order)
    return [ordered[int(place)] for place in equal_draw(len(ordered), options.most_samples, options.seed)]


def _figures(of: Dataset) -> DatasetFigures:
    names = [name for one in of.samples for name in one.names]
    return DatasetFigures(name=of.name, samples=len(of.samples), calls=len(names), tools=len(set(names)))


def _notes(real: Dataset, synthetic: Dataset, options: EvaluationOptions) -> Iterator[str]:
    for side, of in (("real", real), ("synthetic", synthetic)):
        if len(of.samples) > options.most_samples:
            yield f"of the {len(of.samples):,} {side} samples {options.most_samples:,} were drawn"


def measured(measure: Measure, real: SampleSet, synthetic: SampleSet, options: EvaluationOptions) -> MeasureResult:
    """A measure of two sets, with its interval."""
    n, m = len(real), len(synthetic)
    size = min(n, m) if measure.needs_equal_sizes else None
    one, other = (of if size is None else _of_size(of, size, options.seed) for of in (real, synthetic))
    base = MeasureResult(
        name=measure.name, subject=measure.subject, pillar=measure.pillar, better=measure.better, value=None,
        has_end=measure.most == 1,
        ideal=measure.ideal if isinstance(measure, Comparison) else None, real_size=len(one), synthetic_size=len(other),
    )  # fmt: skip
    if measure.needs_vectors and (real.text_vectors is None or synthetic.text_vectors is None):
        return base.model_copy(update={"reason": "it needs vectors of texts"})
    try:
        if isinstance(measure, Comparison):
            value, baseline = measure.compute(one, other), None
        else:
            value, baseline = measure.compute(other), _of_real(measure.compute, one)
    except NotApplicableError as reason:
        return base.model_copy(update={"reason": str(reason)})
    found = _interval(measure, one, other, value, options) or (None, None)
    low, high = (None if edge is None else float(np.clip(edge, measure.least, measure.most)) for edge in found)
    mean = measure.mean if isinstance(measure, Comparison) else None
    sides = {"real": mean(one), "synthetic": mean(other)} if mean else {}
    sentence = measure.sentence.format(value=value, **sides)
    if baseline is not None:
        sentence += f"; in the real set {_value_in(measure.sentence, baseline)}"
    update = {"value": value, "real": baseline, "low": low, "high": high, "sentence": sentence}
    return base.model_copy(update=update)


def _value_in(sentence: str, value: float) -> str:
    """A value as a sentence writes it."""
    start = sentence.index("{value")
    return sentence[start : sentence.index("}", start) + 1].format(value=value)


def _of_real(compute: Callable[[SampleSet], float], real: SampleSet) -> float | None:
    try:
        return compute(real)
    except NotApplicableError:
        return None


def _of_size(of: SampleSet, size: int, seed: int) -> SampleSet:
    return of if len(of) <= size else of.take(equal_draw(len(of), size, seed))


def _interval(
    measure: Measure, real: SampleSet, synthetic: SampleSet, value: float, options: EvaluationOptions
) -> tuple[float, float] | None:
    def on_draw(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> float:
        try:
            if isinstance(measure, Comparison):
                return measure.compute(real.take(ours), synthetic.take(theirs))
            return measure.compute(synthetic.take(theirs))
        except NotApplicableError:
            return float("nan")

    sizes = {"n": len(real), "m": len(synthetic)}
    return interval(on_draw, value, **sizes, count=options.resamples, kind=measure.resampling, seed=options.seed)
