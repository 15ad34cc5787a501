"""Attributes of samples: which of a list of words stand in a text, and how evenly tuples of labels occur."""

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from functools import lru_cache

from toolworld.datasets.metrics.diversity import entropy

OTHER = "Other"
"""The label of a text in which none of the words stands."""


def words_found(text: str, words: Sequence[str]) -> list[str]:
    """The words of a list that stand in a text as whole words, in the order of the list; case matters."""
    return [word for word in words if word in text and _as_a_word(word).search(text)]


def substrings_found(text: str, words: Sequence[str]) -> list[str]:
    """The words of a list that stand anywhere in a text, in any case: "Art" in "start", as the original counts."""
    lowered = text.lower()
    return [word for word in words if word.lower() in lowered]


def attribute_entropy(labels: Sequence[Hashable]) -> float:
    """Shannon's entropy of the samples' labels, or tuples of labels, in nats; from 0 (all alike) to ln n.

    Higher is more diverse.
    """
    return entropy(Counter(labels))


@lru_cache(maxsize=4_096)
def _as_a_word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
