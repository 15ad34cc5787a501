"""Contamination: samples that are near copies of a benchmark's, or of another split's, by text, meaning or calls."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal

from toolworld.datasets.evaluation.vectors import VectorTable
from toolworld.datasets.hygiene.near_duplicates import (
    THRESHOLDS,
    NearPair,
    near_across,
    nearest_vectors,
    parts_of,
)
from toolworld.datasets.samples.sample import Sample
from toolworld.ground import Record

FEWEST_CALLS = 2
"""A sample with fewer calls has too little of its own to be told by them."""
MEANING = 0.7
"""From which cosine on a request may be a benchmark's in other words. Of 50 paraphrases of BFCL's requests 46 reach it,
and none of 950 tasks of other trades; but half of BFCL's own requests have a neighbour that does, since many begin from
one state. So what is found this way is to be looked at."""
How = Literal["words", "meaning", "calls"]


class Contamination(Record):
    """A sample that is nearly the same as one elsewhere."""

    id: str
    of: str
    """The benchmark or split."""
    other: str
    """The id there."""
    by: How
    similarity: float


def request_of(sample: Sample) -> str:
    """What the user says, as it is compared by meaning."""
    return "\n".join(sample.said_by("user"))


def contamination(
    samples: Sequence[Sample],
    benchmarks: Mapping[str, Sequence[Sample]],
    *,
    vectors: VectorTable | None = None,
    thresholds: Mapping[How, float] | None = None,
) -> list[Contamination]:
    """Samples that are nearly the same as one of a benchmark: by words, by calls, and by meaning with vectors.

    Args:
        samples: The dataset.
        benchmarks: The samples of each, by name.
        vectors: Of the requests of all.
        thresholds: From which similarity on, by how they are compared.

    Returns:
        For each sample and way of comparing the nearest one of each benchmark.
    """
    chosen: dict[How, float] = {
        "words": THRESHOLDS["words"],
        "calls": THRESHOLDS["calls"],
        "meaning": MEANING,
        **(thresholds or {}),
    }
    found: list[Contamination] = []
    for name, others in benchmarks.items():
        for how, pairs in _pairs(samples, others, vectors, chosen).items():
            found += _nearest(samples, others, name, how, pairs)
    order = {one.id: place for place, one in enumerate(samples)}
    return sorted(found, key=lambda one: (order[one.id], one.of, one.by))


def _pairs(
    samples: Sequence[Sample], others: Sequence[Sample], vectors: VectorTable | None, thresholds: Mapping[How, float]
) -> dict[How, list[NearPair]]:
    words, other_words = ([parts_of(one, "words") for one in side] for side in (samples, others))
    calls, other_calls = ([_call_parts(one) for one in side] for side in (samples, others))
    found: dict[How, list[NearPair]] = {
        "words": near_across(words, other_words, thresholds["words"]),
        "calls": near_across(calls, other_calls, thresholds["calls"]),
    }
    if vectors is not None:
        rows, other_rows = (vectors.of([request_of(one) for one in side]) for side in (samples, others))
        found["meaning"] = nearest_vectors(rows, other_rows, thresholds["meaning"])
    return found


def _call_parts(sample: Sample) -> frozenset[str]:
    return parts_of(sample, "calls") if len(sample.calls) >= FEWEST_CALLS else frozenset()


def _nearest(
    samples: Sequence[Sample], others: Sequence[Sample], name: str, how: How, pairs: Sequence[NearPair]
) -> list[Contamination]:
    best: dict[int, NearPair] = {}
    for pair in pairs:
        if pair.first not in best or pair.similarity > best[pair.first].similarity:
            best[pair.first] = pair
    return [
        Contamination(id=samples[one.first].id, of=name, other=others[one.second].id, by=how, similarity=one.similarity)
        for one in best.values()
    ]


def leaks(splits: Mapping[str, Sequence[Sample]], *, vectors: VectorTable | None = None) -> list[Contamination]:
    """Samples of a split that are nearly the same as one of another split, each pair of splits once."""
    found: list[Contamination] = []
    for one, other in combinations(splits, 2):
        found += contamination(splits[one], {other: splits[other]}, vectors=vectors)
    return found
