"""Whether a text is a copy of an earlier one: the same words, or nearly the same meaning."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from toolworld.environments.catalogue.duplicates import near_duplicates
from toolworld.llm import Embedder

COSINE = 0.9
"""From which cosine on two descriptions are near copies, where embeddings are installed."""
SHARED_WORDS = 0.75
"""From which share of words on they are, where embeddings are not."""


class Copy(NamedTuple):
    """A text that is a copy of an earlier one."""

    of: int
    """The position of the earlier one."""
    similarity: float
    """1 where the words are the same."""


def copies(texts: Sequence[str], embedder: Embedder | None, *, shared_words: float = SHARED_WORDS) -> dict[int, Copy]:
    """Which texts are copies of an earlier one that is none, by position.

    Args:
        texts: Descriptions, in order.
        embedder: Finds those that mean the same; without one, those that share most of their words are found.
        shared_words: From which share of words on two texts are copies, where there are no embeddings.
    """
    found: dict[int, Copy] = {}
    seen: dict[str, int] = {}
    for number, text in enumerate(texts):
        first = seen.setdefault(" ".join(re.findall(r"[^\W_]+", text.lower())), number)
        if first != number:
            found[number] = Copy(first, 1.0)
    for first, second, near in _pairs(texts, embedder, shared_words):
        if first not in found and second not in found:
            found[second] = Copy(first, near)
    return found


def _pairs(texts: Sequence[str], embedder: Embedder | None, shared_words: float) -> list[tuple[int, int, float]]:
    if embedder is None:
        pairs = near_duplicates(texts, shared_words)
        return sorted(((one.first, one.second, one.similarity) for one in pairs), key=lambda one: (one[1], one[0]))
    vectors = embedder.vectors(texts)
    found: list[tuple[int, int, float]] = []
    for second in range(1, len(texts)):  # row by row: all pairs at once would not fit for many
        cosines = vectors[:second] @ vectors[second]
        found += [(int(first), second, float(cosines[first])) for first in (cosines >= COSINE).nonzero()[0]]
    return found
