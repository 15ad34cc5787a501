"""Copies among descriptions: the same words, most of the words, or nearly the same direction of their vectors."""

from collections.abc import Sequence
from typing import Any

import pytest

from toolworld.environments.synthesis.generator.similarity import COSINE, copies


class Angles:
    """A stand-in for embeddings: a text that ends in a number points that many degrees away."""

    name = "angles"

    def vectors(self, texts: Sequence[str]) -> Any:
        numpy: Any = pytest.importorskip("numpy")
        angles = numpy.radians([float(text.split()[-1]) for text in texts])
        return numpy.stack([numpy.cos(angles), numpy.sin(angles)], axis=1).astype(numpy.float32)


def test_the_same_words_are_a_copy_however_they_are_written() -> None:
    found = copies(["A desk: lends.", "other words entirely", "a DESK lends"], None)
    assert {number: one.of for number, one in found.items()} == {2: 0}


def test_without_embeddings_most_of_the_words_make_a_copy_and_the_share_can_be_chosen() -> None:
    texts = ["one two three four", "one two three five", "six seven"]
    assert copies(texts, None) == {}
    assert {number: one.of for number, one in copies(texts, None, shared_words=0.6).items()} == {1: 0}


def test_by_embeddings_what_is_near_is_a_copy_of_the_first_that_is_none_itself() -> None:
    embedder: Any = Angles()
    # 20 degrees are a cosine of 0.94, 40 degrees one of 0.77
    found = copies(["a 0", "b 20", "c 40", "d 200"], embedder)
    assert {number: one.of for number, one in found.items()} == {1: 0}
    assert found[1].similarity > COSINE
