"""What a model of embeddings is, and embedding many texts: each once, in batches, through a cache."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from toolworld.ground import for_each
from toolworld.llm.embedding.vector_cache import VectorCache

BATCH = 64
"""Texts that are embedded at once; the cache holds whole batches."""


class TextEmbedder(Protocol):
    """A model that makes vectors of texts."""

    @property
    def name(self) -> str:
        """Its name; models of one name make the same vectors, so that the cache may mix them."""
        ...

    @property
    def at_once(self) -> int:
        """How many batches it is given at a time: several where others do the work."""
        ...

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts, of shape (texts, d).

        Raises:
            ModelError: it does not answer, or not with vectors.
        """
        ...


async def embed_texts(
    embedder: TextEmbedder,
    texts: Sequence[str],
    cache: VectorCache | None = None,
    on_texts: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float32]:
    """The vectors of texts, each different text embedded at most once, and kept as soon as it is.

    Args:
        embedder: The model.
        texts: The texts; repeated ones are embedded once.
        cache: Where vectors are looked for first, and kept.
        on_texts: Told how many different texts are done.

    Raises:
        ModelError: the model does not answer, or the cache cannot be used.
    """
    different = list(dict.fromkeys(texts))
    found = cache.get(embedder.name, different) if cache else {}
    on_texts(len(found))
    # Texts of a length together: each batch takes as long as its longest one.
    missing = sorted((text for text in different if text not in found), key=len)

    async def embed_batch(batch: list[str]) -> None:
        made = dict(zip(batch, await embedder.embed(batch), strict=True))
        if cache:
            cache.put(embedder.name, made)
        found.update(made)
        on_texts(len(batch))

    await for_each(_batches(missing), embed_batch, at_once=embedder.at_once)
    return np.stack([found[text] for text in texts]) if texts else np.zeros((0, 0), np.float32)


def _batches(texts: Sequence[str]) -> list[list[str]]:
    return [list(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
