"""A filter for instructions that grow into a set: none that nearly repeats a seed or one before it."""

import zlib
from array import array
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from toolworld.datasets.generation.parts import Reject
from toolworld.datasets.hygiene.near_duplicates import bands_for, word_parts

_PERMUTATIONS, _SEED = 80, 1
"""80 in 20 bands of four: an index of as few bands as find 99.5 % of what shares 70 %; bands are what takes memory."""


class NearDuplicateFilter:
    """Texts of which no two share more than a share of their words, and of pairs of words in a row.

    It keeps digests, not texts: about two kilobytes for each.

    Args:
        threshold: From which share on a text is a near duplicate.
        known: Texts that are there before, with their names.
    """

    def __init__(self, threshold: float, known: Iterable[tuple[str, str]] = ()) -> None:
        self._rensa: Any = import_module("rensa")  # it has no types
        self._threshold = threshold
        self._index: Any = self._rensa.RMinHashLSH(
            threshold=threshold, num_perm=_PERMUTATIONS, num_bands=bands_for(threshold, _PERMUTATIONS)
        )
        self._parts: list[array[int]] = []
        self._names: list[str] = []
        for name, text in known:
            self.add(name, text)

    def add(self, name: str, text: str) -> Reject | None:
        """Add a text, or say which one it nearly repeats; then it is not added."""
        words = sorted(word_parts(text))  # a set's own order differs from process to process
        parts = sorted({zlib.crc32(one.encode(errors="surrogatepass")) for one in words})
        signature: Any = self._rensa.RMinHash(num_perm=_PERMUTATIONS, seed=_SEED)
        signature.update(words)
        candidates: list[int] = self._index.query(signature)
        for place in sorted(candidates):
            share = _jaccard(parts, self._parts[place])
            if share >= self._threshold:
                return Reject("near_duplicate", f"it shares {share:.0%} of its words with {self._names[place]}")
        self._index.insert(len(self._parts), signature)
        self._parts.append(array("I", parts))
        self._names.append(name)
        return None


def _jaccard(one: Iterable[int], other: Iterable[int]) -> float:
    first, second = {*one}, {*other}
    return len(first & second) / max(1, len(first | second))
