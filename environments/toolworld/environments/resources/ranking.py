"""Which texts fit a query best: by words (BM25), by vectors, or by both.

Sources: Robertson and Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009, by `bm25s` (Lucene's
variant); Cormack, Clarke and Buettcher, "Reciprocal rank fusion", 2009, for both together.
"""

import os
import re
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import Any, Literal

from toolworld.environments.normaliser.words import word_set

RankBy = Literal["words", "vectors", "both"]
_WORD = re.compile(r"\w+")
_COMMON = word_set(
    """a an and are as at be by did do does for from has have how in is it its of on or that the their this to was were
    what when where which who whose with"""
)
_FUSION = 60
"""The constant of reciprocal rank fusion, as in its paper."""


def words_of(text: str) -> list[str]:
    """The words of a text that tell something, in small letters, without the plural's s."""
    found = [word for word in _WORD.findall(text.casefold()) if word not in _COMMON]
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found]


class Ranking:
    """Texts that can be ranked.

    Args:
        texts: The texts.
        by: How they are compared with a query.
        embedder: The model of embeddings, where vectors are compared.
    """

    def __init__(self, texts: Sequence[str], by: RankBy = "words", embedder: str = "minilm") -> None:
        self._texts = texts
        self._by = by
        self._embedder = embedder
        self._vectors: Any = None

    async def best(self, query: str, count: int) -> list[int]:
        """The positions of the texts that fit best, the best first; by words, none that shares no word with the query.

        Raises:
            ModelError: the model of embeddings does not answer.
        """
        if self._by == "words":
            return self._by_words(query)[:count]
        near = await self._by_vectors(query)
        if self._by == "vectors":
            return near[:count]
        score: dict[int, float] = {}
        for order in (self._by_words(query), near):
            for rank, place in enumerate(order, start=1):
                score[place] = score.get(place, 0.0) + 1 / (_FUSION + rank)
        return sorted(score, key=lambda place: (-score[place], place))[:count]

    def _by_words(self, query: str) -> list[int]:
        asked = [word for word in dict.fromkeys(words_of(query)) if word in self._known]
        if not asked:
            return []
        import numpy as np  # takes time to load

        scores: Any = self._index.get_scores(asked)
        # Equal scores in the order of the texts; rounded, since the last digits differ between machines.
        rounded = np.round(np.asarray(scores, np.float64), 4)
        order = np.argsort(-rounded, kind="stable")
        return [int(place) for place in order if rounded[place] > 0]

    @cached_property
    def _tokens(self) -> list[list[str]]:
        return [words_of(text) or [""] for text in self._texts]

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(word for tokens in self._tokens for word in tokens)

    @cached_property
    def _index(self) -> Any:
        bm25s: Any = import_module("bm25s")  # takes time to load, and has no types
        index: Any = bm25s.BM25()
        index.index(self._tokens, show_progress=False)
        return index

    async def _by_vectors(self, query: str) -> list[int]:
        import numpy as np  # takes time to load, as do embeddings

        from toolworld.llm import embed_texts, open_embedder

        async with open_embedder(self._embedder, os.environ) as embedder:
            if self._vectors is None:
                self._vectors = await embed_texts(embedder, list(self._texts))
            asked = await embed_texts(embedder, [query])
        near = np.round(np.asarray(self._vectors @ asked[0], np.float64), 4)
        return [int(place) for place in np.argsort(-near, kind="stable")]
