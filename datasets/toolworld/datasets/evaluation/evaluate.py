"""Evaluating a synthetic dataset beside a real one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from toolworld.datasets.evaluation.estimates import Estimates
from toolworld.datasets.evaluation.measures.catalogue import measures_of
from toolworld.datasets.evaluation.report import DatasetFigures, EvaluationReport
from toolworld.datasets.evaluation.sample_set import SampleSet, sample_order, sample_set
from toolworld.datasets.evaluation.vectors import VectorTable
from toolworld.datasets.metrics.resampling import equal_draw
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
    on_step: Callable[[int, int], None] = lambda _done, _of: None,
) -> Evaluation:
    """Compare a synthetic dataset with a real one, measure by measure.

    Args:
        real: The real dataset.
        synthetic: The synthetic one.
        vectors: Of texts, turns and outputs; without them the measures of meaning are left out, and the report says so.
        options: How they are compared.
        on_step: Told how many of how many steps are done: all samples once, then each draw.

    Raises:
        RecordError: a text has no vector.
    """
    real, synthetic = (draw_samples(one, options) for one in (real, synthetic))
    categories = real.categories if options.categories is None else options.categories
    one, other = (sample_set(of.samples, real.samples, categories, vectors) for of in (real, synthetic))
    measures = [*measures_of(one, other)]
    estimates = Estimates(one, other, options.seed)
    results = estimates.of(measures, options.resamples, is_paired=_are_made_from_real(other), on_step=on_step)
    report = EvaluationReport(
        real=_figures(real),
        synthetic=_figures(synthetic),
        vectors=vectors.name if vectors else None,
        seed=options.seed,
        resamples=options.resamples,
        measures=results,
        notes=(*real.notes, *synthetic.notes, *((PAIRED,) if _are_made_from_real(other) else ())),
    )
    return Evaluation(report, one, other)


PAIRED = (
    "the synthetic samples are made from real ones, or of the same tasks: a distance is expected to be 0, and not what "
    "chance would give, which is left out"
)


def _are_made_from_real(synthetic: SampleSet) -> bool:
    """Whether most samples name, or repeat, a real one."""
    counts = [sum(part.of for part in synthetic.parts.get(f"{name} of source", ())) for name in ("calls", "output")]
    return 2 * max(counts) > len(synthetic)


def draw_samples(dataset: Dataset, options: EvaluationOptions) -> Dataset:
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
    return DatasetFigures(name=of.name, form=of.form, samples=len(of.samples), calls=len(names), tools=len(set(names)))
