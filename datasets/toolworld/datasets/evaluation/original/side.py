"""One set of samples, as the original SynAE reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from toolworld.datasets.evaluation.original.texts import (
    acp_statements,
    bfcl_statements,
    rounds,
    t1_statements,
    tagged_lengths,
    word_count,
)
from toolworld.datasets.evaluation.vectors import VectorTable
from toolworld.datasets.metrics.neighbours import Vectors
from toolworld.datasets.samples.code import calls_in_code
from toolworld.datasets.samples.sample import Layout, Sample
from toolworld.ground import RecordError


@dataclass(frozen=True)
class OriginalSide:
    """One set, as the original reads it."""

    samples: Sequence[Sample]
    layout: Layout
    vectors: VectorTable | None

    @cached_property
    def texts(self) -> list[str]:
        """The whole texts."""
        return [one.text for one in self.samples]

    @cached_property
    def names(self) -> list[list[str]]:
        """The names of each sample's calls; none where its code has a syntax error."""
        return [[call.name for call in calls_in_code(one.code or "")] for one in self.samples]

    @cached_property
    def statements(self) -> dict[str, list[str]]:
        """What is said, of all samples one after the other, by speaker."""
        if self.layout == "t1":
            pairs = [t1_statements(text) for text in self.texts]
            return {side: [said for pair in pairs for said in pair[place]] for place, side in enumerate(_SIDES)}
        split = bfcl_statements if self.layout == "bfcl" else acp_statements
        return {"user": [said for text in self.texts for said in split(text)]}

    @cached_property
    def lengths(self) -> dict[str, list[int]]:
        """The numbers that are compared as they are, by key."""
        if self.layout == "acp":
            return {"Task: token length": [sum(map(word_count, acp_statements(text))) for text in self.texts]}
        spoken = {side: [size for text in self.texts for size in tagged_lengths(text, side)] for side in _SIDES}
        if self.layout == "bfcl":
            spoken = {"user": [word_count(said) for text in self.texts for said in text.split("user:")[1:]]}
        tags = ("user:", "assistant:") if self.layout == "t1" else ("user:",)
        return {
            "Task: total token length": [word_count(text) for text in self.texts],
            **{f"Task: {side} token length": sizes for side, sizes in spoken.items()},
            "Task: conversation round": [rounds(text, *tags) for text in self.texts],
        }

    @cached_property
    def text_vectors(self) -> Vectors:
        """The vectors of the whole texts."""
        return self._table.of(self.texts)

    @cached_property
    def output_vectors(self) -> Vectors:
        """The vectors of the outputs; of those without a text by their keys."""
        if all(one.output is not None for one in self.samples):
            return self._table.of([one.output or "" for one in self.samples])
        return self._table.of_keys([_output_key(one) for one in self.samples])

    @cached_property
    def output_lengths(self) -> list[int]:
        """The words of each output."""
        return [
            one.output_words if one.output_words is not None else word_count(one.output or "") for one in self.samples
        ]

    def statement_vectors(self, speaker: str) -> Vectors:
        """The vectors of what a speaker says."""
        return self._table.of(self.statements[speaker])

    @property
    def _table(self) -> VectorTable:
        assert self.vectors is not None
        return self.vectors


_SIDES = ("user", "assistant")


def _output_key(sample: Sample) -> str:
    if sample.output_key is None:
        raise RecordError(f"sample {sample.id} has no output: neither a text nor the key of a vector")
    return sample.output_key


def original_texts(samples: Sequence[Sample], layout: Layout) -> list[str]:
    """All texts whose vectors are needed, each once."""
    side = OriginalSide(samples, layout, None)
    outputs = [] if layout == "bfcl" else [one.output for one in samples if one.output is not None]
    said = [text for of in side.statements.values() for text in of]
    return list(dict.fromkeys([*side.texts, *said, *outputs]))
