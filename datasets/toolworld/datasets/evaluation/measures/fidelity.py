"""Measures of fidelity that instructions and outputs share: lengths, clouds of vectors, pairs in a row, labels."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from statistics import fmean
from typing import TypeVar

from toolworld.datasets.evaluation.measures.measure import Comparison, NotApplicableError, Subject
from toolworld.datasets.evaluation.sample_set import SampleSet
from toolworld.datasets.metrics.distances import total_variation, variation_of_counts, wasserstein
from toolworld.datasets.metrics.frechet import frechet_distance, kernel_distance
from toolworld.datasets.metrics.neighbours import PrecisionRecall, Vectors, precision_recall

K = 3
"""The radius of precision and recall reaches to this neighbour."""
T = TypeVar("T")
_DIGITS = 12
"""Votes are sums of fractions; what is beyond these digits is rounding."""


def flatten(lists: Sequence[Sequence[T]]) -> list[T]:
    """All entries of all samples."""
    return [*chain.from_iterable(lists)]


def length_distance(kind: str, subject: Subject, what: str) -> Comparison:
    """The Wasserstein-2 distance of a number that samples or statements have, in its own unit.

    Args:
        kind: Which of the set's lengths.
        subject: What it belongs to.
        what: Its name.
    """

    def compute(real: SampleSet, synthetic: SampleSet) -> float:
        return _distance(flatten(real.lengths[kind]), flatten(synthetic.lengths[kind]), what)

    return Comparison(
        what, subject, "fidelity", "lower", 0.0, compute,
        "{synthetic:.1f} on average, in the real set {real:.1f}; the spread counts too",
        mean=lambda of: fmean(flatten(of.lengths[kind])),
    )  # fmt: skip


def pair_distance(kind: str) -> Comparison:
    """Key node dependency: the Wasserstein-2 distance of the cosines of turns in a row, inside samples; 0 to 2."""

    def compute(real: SampleSet, synthetic: SampleSet) -> float:
        return _distance(flatten(real.cosines[kind]), flatten(synthetic.cosines[kind]), f"turns {kind} in a row")

    return Comparison(
        f"{kind} similarity", "instructions", "fidelity", "lower", 0.0, compute,
        f"how alike turns in a row are ({kind}) is {{value:.3f}} off", most=2.0, needs_vectors=True,
    )  # fmt: skip


def _distance(real: Sequence[float], synthetic: Sequence[float], what: str) -> float:
    if not real or not synthetic:
        where = "either set" if not real and not synthetic else f"the {'synthetic' if real else 'real'} set"
        raise NotApplicableError(f"there are no {what} in {where}")
    return wasserstein(real, synthetic)


def cloud_measures(subject: Subject, one: str, field: str) -> Iterator[Comparison]:
    """Precision, recall, Fréchet distance and kernel distance of the vectors of instructions or outputs.

    Args:
        subject: Which of them.
        one: One of them.
        field: The field of the set that has the vectors.
    """

    def measured(by: Callable[[Vectors, Vectors], float]) -> Callable[[SampleSet, SampleSet], float]:
        return lambda real, synthetic: by(vectors_in(real, field), vectors_in(synthetic, field))

    last = _LastPair()
    drawn = partial(
        Comparison,
        subject=subject,
        pillar="fidelity",
        resampling="subsample",
        needs_equal_sizes=True,
        needs_vectors=True,
    )
    yield drawn(
        name=f"{one} precision", better="higher", ideal=1.0, most=1.0, compute=measured(last.precision),
        sentence=f"{{value:.1%}} of the synthetic {subject} lie among real ones",
    )  # fmt: skip
    yield drawn(
        name=f"{one} recall", better="higher", ideal=1.0, most=1.0, compute=measured(last.recall),
        sentence=f"{{value:.1%}} of the real {subject} lie among synthetic ones",
    )  # fmt: skip
    yield drawn(
        name=f"{one} Fréchet distance", better="lower", ideal=0.0, compute=measured(frechet_distance),
        sentence=f"the clouds of {subject} are {{value:.4f}} apart",
    )  # fmt: skip
    yield Comparison(
        f"{one} kernel distance", subject, "fidelity", "lower", 0.0, measured(_kernel_distance),
        f"the {subject} are {{value:.4f}} apart, whatever the sizes; 0 where no difference is seen",
        resampling="subsample", needs_vectors=True,
    )  # fmt: skip


def vectors_in(of: SampleSet, field: str) -> Vectors:
    """The vectors of a set.

    Raises:
        NotApplicableError: it has none, or too few.
    """
    found: Vectors | None = getattr(of, field)
    if found is None:
        raise NotApplicableError(
            "not every sample has an output" if field == "output_vectors" else "there are no vectors"
        )
    if len(found) <= K:
        raise NotApplicableError(f"more than {K} samples are needed in each set")
    return found


class _LastPair:
    """Precision and recall of a pair of sets, which one comparison of all points gives: computed once for both."""

    def __init__(self) -> None:
        self._pair: tuple[Vectors, Vectors] | None = None
        self._found = PrecisionRecall(0.0, 0.0)

    def of(self, real: Vectors, synthetic: Vectors) -> PrecisionRecall:
        """Both shares."""
        if self._pair is None or self._pair[0] is not real or self._pair[1] is not synthetic:
            self._pair, self._found = (real, synthetic), precision_recall(real, synthetic, K)
        return self._found

    def precision(self, real: Vectors, synthetic: Vectors) -> float:
        """How much of the synthetic set lies among the real one."""
        return self.of(real, synthetic).precision

    def recall(self, real: Vectors, synthetic: Vectors) -> float:
        """How much of the real set lies among the synthetic one."""
        return self.of(real, synthetic).recall


def _kernel_distance(real: Vectors, synthetic: Vectors) -> float:
    """Without the values below 0, which say only that no difference is seen."""
    return max(0.0, kernel_distance(real, synthetic))


def label_distance(name: str) -> Comparison:
    """Attribute match: the total variation of a label, one vote a sample; 0 to 1."""

    def compute(real: SampleSet, synthetic: SampleSet) -> float:
        distance = variation_of_counts(_votes(real.labels[name]), _votes(synthetic.labels[name]))
        return round(min(1.0, distance), _DIGITS)

    return Comparison(
        f"label {name}", "instructions", "fidelity", "lower", 0.0, compute,
        f"{{value:.1%}} of the samples would need another {name} for the same mix", most=1.0,
    )  # fmt: skip


def missing_label(name: str) -> Comparison:
    """A label that cannot be compared, since not every sample has it."""

    def compute(_real: SampleSet, _synthetic: SampleSet) -> float:
        raise NotApplicableError("not every sample of both sets has this label")

    return Comparison(f"label {name}", "instructions", "fidelity", "lower", 0.0, compute, "")


def number_distance(name: str) -> Comparison:
    """Attribute match for a label that is a number: the Wasserstein-2 distance, in its unit."""

    def compute(real: SampleSet, synthetic: SampleSet) -> float:
        ours, theirs = ([float(one) for one in flatten(of.labels[name])] for of in (real, synthetic))
        return wasserstein(ours, theirs)

    return Comparison(
        f"label {name}", "instructions", "fidelity", "lower", 0.0, compute, f"the {name} is {{value:.3g}} off"
    )


def _votes(labels: Sequence[Sequence[str]]) -> Mapping[str, float]:
    """The share of each label; several labels of a sample are shares of its vote."""
    votes: dict[str, float] = {}
    for of in labels:
        for label in of:
            votes[label] = votes.get(label, 0) + 1 / len(of) / len(labels)
    return votes


_MOST_ANSWERS = 0.2
"""Outputs are answers of a few kinds, such as yes and no, if at most this share of the real ones are different."""


def answer_distance() -> Comparison:
    """The total variation of outputs that are one of a few answers; 0 to 1."""

    def compute(real: SampleSet, synthetic: SampleSet) -> float:
        ours, theirs = ([one for one in of.outputs if one is not None] for of in (real, synthetic))
        if not ours or not theirs:
            raise NotApplicableError("there are no outputs in one of the sets")
        if len(set(ours)) > max(2, _MOST_ANSWERS * len(ours)):
            raise NotApplicableError("the outputs are free text, and not one of a few answers")
        return min(1.0, total_variation(ours, theirs))

    return Comparison(
        "answers", "outputs", "fidelity", "lower", 0.0, compute,
        "{value:.1%} of the outputs would need to be another for the same mix", most=1.0,
    )  # fmt: skip
