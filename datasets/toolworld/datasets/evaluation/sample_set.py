"""What measures read of a set of samples, worked out once: lengths, names, arguments, vectors, and what rules say."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.evaluation.rules import (
    Part,
    agreements,
    arguments_said,
    call_forms,
    calls_parse,
    checked,
    output_form,
)
from toolworld.datasets.evaluation.vectors import VectorTable
from toolworld.datasets.metrics.attributes import OTHER, words_found
from toolworld.datasets.metrics.neighbours import Vectors
from toolworld.datasets.metrics.pair_similarity import pair_cosines
from toolworld.datasets.samples.attributes import Categories
from toolworld.datasets.samples.sample import Sample
from toolworld.environments import Call
from toolworld.ground import JsonValue, canonical, digest

PAIRS = ("user-user", "user-assistant", "assistant-user")
"""Who speaks, and who speaks next."""
CHECKS = ("calls right", "output right", "run right", "calls by judge", "output by judge")
"""What a sample may hold of checks that were made before."""


@dataclass(frozen=True, slots=True)
class SampleSet:
    """A set of samples for measures; each field has an entry a sample, in one order, whatever the order of the file."""

    lengths: Mapping[str, Sequence[Sequence[int]]]
    """Words of each text, of each statement by speaker, of the output; and the number of turns and of calls."""
    instructions: Sequence[str]
    names: Sequence[Sequence[str]]
    arguments: Mapping[str, Sequence[Sequence[Hashable]]]
    """The arguments of calls by name, by type and by value, each with tool and name."""
    calls: Sequence[Hashable]
    """All calls of a sample in one canonical form."""
    outputs: Sequence[str | None]
    labels: Mapping[str, Sequence[Sequence[str]]]
    """The labels of each attribute; several are shares of one vote."""
    parts: Mapping[str, Sequence[Part]]
    """What rules say, by their name."""
    partial_labels: tuple[str, ...] = ()
    """Labels that some samples have and others have not."""
    cosines: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict[str, Sequence[Sequence[float]]])
    """Of turns that follow on each other inside a sample, by who speaks."""
    text_vectors: Vectors | None = None
    output_vectors: Vectors | None = None

    def __len__(self) -> int:
        return len(self.instructions)

    def take(self, places: NDArray[np.int64]) -> "SampleSet":
        """The samples of some places, in that order."""

        def taken(value: Any) -> Any:
            if value is None or isinstance(value, np.ndarray):
                return None if value is None else cast(Any, value)[places]
            return [value[place] for place in places]

        chosen: dict[str, Any] = {}
        for one in (of for of in fields(self) if of.name != "partial_labels"):
            value: Any = getattr(self, one.name)
            named = cast("dict[str, Any]", value) if isinstance(value, Mapping) else None
            chosen[one.name] = taken(value) if named is None else {name: taken(of) for name, of in named.items()}
        return replace(self, **chosen)


def sample_set(
    samples: Sequence[Sample], real: Sequence[Sample], categories: Categories, vectors: VectorTable | None
) -> SampleSet:
    """Work out what measures read.

    Args:
        samples: The set.
        real: The real set, in which the sources of samples are looked for.
        categories: The words of attributes that are looked for in texts.
        vectors: Of texts, turns and outputs; without them the measures of meaning are left out.

    Raises:
        RecordError: a text has no vector.
    """
    ordered = sorted(samples, key=sample_order)
    found = SampleSet(
        lengths=_lengths(ordered),
        instructions=[one.text for one in ordered],
        names=[one.names for one in ordered],
        arguments={kind: [_arguments(one.calls, kind) for one in ordered] for kind in ("name", "type", "value")},
        calls=[call_forms(one) for one in ordered],
        outputs=[output_form(one) for one in ordered],
        labels=_labels(ordered, categories),
        parts=_parts(ordered, real),
        partial_labels=_partial_labels(ordered, categories),
    )
    return found if vectors is None else _with_vectors(found, ordered, vectors)


def sample_order(sample: Sample) -> str:
    """By content, so that the order of a file changes nothing; an id may be the number of a row; checks come later."""
    content = sample.model_dump(mode="json", exclude={"id", "checks"})
    return f"{digest(content)} {digest(sample.checks)}"


def _lengths(samples: Sequence[Sample]) -> dict[str, list[list[int]]]:
    return {
        "text": [[sum(len(turn.text.split()) for turn in one.turns)] for one in samples],
        "user": [[len(text.split()) for text in one.said_by("user")] for one in samples],
        "assistant": [[len(text.split()) for text in one.said_by("assistant")] for one in samples],
        "turns": [[len(one.turns)] for one in samples],
        "calls": [[len(one.calls)] for one in samples],
        "output": [_output_length(one) for one in samples],
    }


def _output_length(sample: Sample) -> list[int]:
    if sample.output_words is not None:
        return [sample.output_words]
    return [] if sample.output is None else [len(sample.output.split())]


def _arguments(calls: Sequence[Call], kind: str) -> list[Hashable]:
    return [(call.name, name, _form(value, kind)) for call in calls for name, value in call.arguments.items()]


def _form(value: JsonValue, kind: str) -> Hashable:
    if kind == "name":
        return None
    return type(value).__name__ if kind == "type" else canonical(value)


def _labels(samples: Sequence[Sample], categories: Categories) -> dict[str, list[list[str]]]:
    """Labels that all samples have, and those of categories: each word found is a share of the sample's vote."""
    named = [name for name in samples[0].attributes if all(name in one.attributes for one in samples)]
    found = {name: [[one.attributes[name]] for one in samples] for name in sorted(named)}
    for name, words in categories.items():
        found[name] = [words_found(one.text, words) or [OTHER] for one in samples]
    return found


def _partial_labels(samples: Sequence[Sample], categories: Categories) -> tuple[str, ...]:
    names = dict.fromkeys(name for one in samples for name in one.attributes)
    return tuple(
        name for name in names if name not in categories and not all(name in one.attributes for one in samples)
    )


def _parts(samples: Sequence[Sample], real: Sequence[Sample]) -> dict[str, list[Part]]:
    found = {
        "has calls": [Part(int(bool(one.calls)), 1) for one in samples],
        "has output": [Part(int(one.output is not None or one.output_key is not None), 1) for one in samples],
        "code": [calls_parse(one) for one in samples],
        "said": [arguments_said(one) for one in samples],
        **{name: [checked(one, name) for one in samples] for name in CHECKS},
        **{f"{name} of source": list(parts) for name, parts in agreements(samples, real).items()},
    }
    return {name: parts for name, parts in found.items() if any(part.of for part in parts)}


def pool_sets(real: SampleSet, synthetic: SampleSet) -> SampleSet:
    """Both sets as one, with what both have."""

    def together(one: Any, other: Any) -> Any:
        if one is None or other is None:
            return None
        return np.concatenate([cast(Any, one), other]) if isinstance(one, np.ndarray) else [*one, *other]

    found: dict[str, Any] = {}
    for one in fields(real):
        ours, theirs = getattr(real, one.name), getattr(synthetic, one.name)
        if one.name == "partial_labels":
            found[one.name] = tuple(dict.fromkeys([*ours, *theirs]))
        elif isinstance(ours, Mapping):
            named = cast("dict[str, Any]", ours)
            found[one.name] = {name: together(of, theirs[name]) for name, of in named.items() if name in theirs}
        else:
            found[one.name] = together(ours, theirs)
    return SampleSet(**found)


_PAIRS_AT_ONCE = 2_048
"""Pairs of turns whose vectors are held at once."""


def _with_vectors(found: SampleSet, samples: Sequence[Sample], vectors: VectorTable) -> SampleSet:
    cosines: dict[str, list[list[float]]] = {kind: [[] for _ in samples] for kind in PAIRS}
    pairs = [
        (f"{one.speaker}-{other.speaker}", place, one.text, other.text)
        for place, sample in enumerate(samples)
        for one, other in pairwise(sample.turns)
    ]
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        some = pairs[start : start + _PAIRS_AT_ONCE]
        values = pair_cosines(vectors.of([pair[2] for pair in some]), vectors.of([pair[3] for pair in some]))
        for (kind, place, *_), value in zip(some, values, strict=True):
            if kind in cosines:
                cosines[kind][place].append(float(value))
    has_outputs = all(one.output is not None or one.output_key is not None for one in samples)
    return replace(
        found,
        cosines=cosines,
        text_vectors=vectors.of([one.text for one in samples]),
        output_vectors=_output_vectors(samples, vectors) if has_outputs else None,
    )


def _output_vectors(samples: Sequence[Sample], vectors: VectorTable) -> Vectors:
    if all(one.output is not None for one in samples):
        return vectors.of([one.output or "" for one in samples])
    return vectors.of_keys([one.output_key or "" for one in samples])


def texts_of(samples: Sequence[Sample]) -> list[str]:
    """All texts whose vectors are read, each once."""
    turns = [turn.text for one in samples for turn in one.turns]
    outputs = [one.output for one in samples if one.output is not None]
    return list(dict.fromkeys([*(one.text for one in samples), *turns, *outputs]))
