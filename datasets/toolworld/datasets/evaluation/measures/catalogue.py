"""All measures of two sets, in the order of a report."""

import math
from collections.abc import Iterator, Sequence

from toolworld.datasets.evaluation.measures.diversity import diversity_measures
from toolworld.datasets.evaluation.measures.fidelity import (
    answer_distance,
    cloud_measures,
    label_distance,
    length_distance,
    missing_label,
    number_distance,
    pair_distance,
)
from toolworld.datasets.evaluation.measures.measure import Measure
from toolworld.datasets.evaluation.measures.tool_calls import tool_measures
from toolworld.datasets.evaluation.measures.validity import validity_measures
from toolworld.datasets.evaluation.sample_set import PAIRS, SampleSet

_MOST_LABELS = 0.5
"""A label with more different values than this share of the samples is no class, and is left out."""
_FEWEST_NUMBERS = 10
"""From how many different values on a label of numbers is compared as numbers."""


def measures_of(real: SampleSet, synthetic: SampleSet) -> Iterator[Measure]:
    """The measures of two sets, in the order of a report."""
    yield from validity_measures(real, synthetic)
    yield length_distance("text", "instructions", "words of a conversation")
    yield length_distance("user", "instructions", "words users say at once")
    yield length_distance("assistant", "instructions", "words assistants say at once")
    yield length_distance("turns", "instructions", "turns of a conversation")
    yield from cloud_measures("instructions", "instruction", "text_vectors")
    for kind in PAIRS:
        yield pair_distance(kind)
    yield from _label_measures(real, synthetic)
    yield from tool_measures()
    yield length_distance("output", "outputs", "words of an output")
    yield from cloud_measures("outputs", "output", "output_vectors")
    yield answer_distance()
    yield from diversity_measures(_classes(real, synthetic))


def _label_measures(real: SampleSet, synthetic: SampleSet) -> Iterator[Measure]:
    """Labels of both sets as classes or numbers; one that not all samples have is told as left out."""
    names = dict.fromkeys([*real.labels, *real.partial_labels, *synthetic.labels, *synthetic.partial_labels])
    for name in names:
        if name not in real.labels or name not in synthetic.labels:
            yield missing_label(name)
        elif _are_numbers([*real.labels[name], *synthetic.labels[name]]):
            yield number_distance(name)
        elif _is_class(real.labels[name]):
            yield label_distance(name)


def _classes(real: SampleSet, synthetic: SampleSet) -> list[str]:
    return [name for name in real.labels if name in synthetic.labels and _is_class(real.labels[name])]


def _is_class(labels: Sequence[Sequence[str]]) -> bool:
    different = len({label for of in labels for label in of})
    return different <= max(2, _MOST_LABELS * len(labels))


def _are_numbers(labels: Sequence[Sequence[str]]) -> bool:
    different = {label for of in labels for label in of}
    return len(different) >= _FEWEST_NUMBERS and all(_is_number(one) for one in different)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
