"""Leaving out near duplicates: of each group the first sample is kept."""

from collections.abc import Sequence

from toolworld.datasets.hygiene.near_duplicates import (
    COSINE,
    THRESHOLDS,
    By,
    groups_of,
    near_pairs,
    near_vectors,
    parts_of,
)
from toolworld.datasets.metrics.neighbours import Vectors
from toolworld.datasets.samples.sample import Sample
from toolworld.ground import Record


class DroppedSample(Record):
    """A sample that is nearly the same as one that is kept."""

    id: str
    copy_of: str
    similarity: float | None
    """To the one that is kept; None where another one of the group joins them."""


class Deduplication(Record):
    """What is kept of a dataset, and what is not."""

    asked: int
    kept: int
    dropped: tuple[DroppedSample, ...]
    by: str
    threshold: float


def deduplicate(
    samples: Sequence[Sample],
    by: By = "words",
    *,
    threshold: float | None = None,
    vectors: Vectors | None = None,
) -> tuple[list[int], Deduplication]:
    """The positions of what is kept: the first sample of each group of near duplicates.

    Args:
        samples: The dataset.
        by: What is compared.
        threshold: From which similarity on; by default that of `THRESHOLDS`, or `COSINE` for vectors.
        vectors: Of the samples' requests; with them texts that say the same in other words are found.
    """
    at_least = threshold if threshold is not None else COSINE if vectors is not None else THRESHOLDS[by]
    if vectors is None:
        pairs = near_pairs([parts_of(one, by) for one in samples], at_least)
    else:
        pairs = near_vectors(vectors, at_least)
    similarity = {(one.first, one.second): one.similarity for one in pairs}
    first_of = {place: group[0] for group in groups_of(pairs) for place in group[1:]}
    dropped = [
        DroppedSample(id=samples[place].id, copy_of=samples[first].id, similarity=similarity.get((first, place)))
        for place, first in sorted(first_of.items())
    ]
    kept = [place for place in range(len(samples)) if place not in first_of]
    name = by if vectors is None else "vectors of requests"
    report = Deduplication(asked=len(samples), kept=len(kept), dropped=tuple(dropped), by=name, threshold=at_least)
    return kept, report
