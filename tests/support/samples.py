"""Small datasets of tool calls, and vectors of texts that need no model."""

import hashlib
import random
from collections.abc import Sequence

import numpy as np

from toolworld.datasets import Dataset, Sample, Turn, VectorTable, code_of, text_key, texts_of
from toolworld.environments import Call

_WORDS = (
    "please book cancel move find a the my room flight order invoice parcel for to from on by with and before after "
    "monday friday june oslo paris rome lima two three seven nine address card window seat breakfast late early"
)
WORDS = tuple(_WORDS.split())
TOOLS = ("find", "book", "cancel", "move", "pay", "list")


def made_samples(count: int, seed: int = 1, *, with_output: bool = False) -> list[Sample]:
    """Samples of a user and an assistant, with calls whose arguments the user says."""
    draw = random.Random(seed)
    return [_made(number, draw, with_output=with_output) for number in range(count)]


def _made(number: int, draw: random.Random, *, with_output: bool) -> Sample:
    code = f"R{draw.randrange(10_000)}"
    said = [" ".join(draw.choices(WORDS, k=draw.randint(6, 20))) for _ in range(draw.randint(1, 3))]
    turns: list[Turn] = []
    for place, words in enumerate(said):
        turns.append(Turn(speaker="user", text=f"{words} {code}" if place == 0 else words))
        turns.append(Turn(speaker="assistant", text=" ".join(draw.choices(WORDS, k=8))))
    calls = [Call(name="find", arguments={"id": code, "limit": 20})]
    calls += [
        Call(name=draw.choice(TOOLS[1:]), arguments={"id": code, "day": draw.choice(["monday", "friday"])})
        for _ in range(draw.randint(1, 4))
    ]
    return Sample(
        id=f"s{number}",
        turns=tuple(turns),
        calls=tuple(calls),
        output=draw.choice(["yes", "no"]) if with_output else None,
        attributes={"kind": draw.choices(["hotel", "flight", "parcel"], weights=[6, 3, 1])[0]},
        environment=draw.choice(["one", "two", "three", "four", "five"]),
    )


def dataset(samples: Sequence[Sample], name: str = "made") -> Dataset:
    """Samples as a dataset."""
    return Dataset(name, tuple(samples), "dialogue")


def bag_vectors(*sets: Sequence[Sample], size: int = 24) -> VectorTable:
    """Vectors by the words of texts: each word is a direction of its own, which follows from its letters."""
    texts = list(dict.fromkeys(text for samples in sets for text in texts_of(samples)))
    rows = np.zeros((len(texts), size), np.float32)
    for row, text in enumerate(texts):
        for word in text.split():
            digest = hashlib.sha256(word.encode()).digest()
            rows[row] += np.random.default_rng(list(digest[:8])).normal(size=size).astype(np.float32)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return VectorTable("bags of words", [text_key(text) for text in texts], rows)


def with_code(sample: Sample) -> Sample:
    """A sample as a file has it: a text, and calls as code."""
    return sample.model_copy(update={"data": sample.text, "code": code_of(sample.calls)})
