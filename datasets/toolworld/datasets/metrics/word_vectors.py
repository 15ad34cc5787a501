"""Texts as vectors of their words, without a model: hashed counts, weighed by how rare a word is."""

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 4_096


def word_vectors(texts: Sequence[str], dimensions: int = DIMENSIONS) -> NDArray[np.float32]:
    """Vectors of texts, of shape (n, dimensions), with rows of length 1.

    A word counts with the root of how often it stands in the text, times the logarithm of how few texts have it. Words
    are hashed to places by CRC32, so that no vocabulary is kept (Weinberger et al., 2009).
    """
    counts = [Counter(_places(text, dimensions)) for text in texts]
    occurring = Counter(place for one in counts for place in one)
    table = np.zeros((len(texts), dimensions), np.float32)
    for row, one in enumerate(counts):
        for place, count in one.items():
            table[row, place] = count**0.5 * np.log((1 + len(texts)) / occurring[place])
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    # Where every text has all words of one, nothing tells it from the others: they are alike.
    table[norms[:, 0] == 0, 0] = 1
    return (table / np.where(norms == 0, 1, norms)).astype(np.float32)


def _places(text: str, dimensions: int) -> list[int]:
    words = re.findall(r"\w+", text.casefold()) or text.split()
    return [zlib.crc32(word.encode(errors="surrogatepass")) % dimensions for word in words]


def mean_distance(vectors: NDArray[np.float32]) -> float | None:
    """The mean cosine distance of all pairs of vectors; from 0 (all alike) to 2, higher is more diverse.

    None of fewer than two. In O(n d): the sum of all products is the square of the sum.

    Args:
        vectors: Of shape (n, d).

    Source: Kim et al., "Evaluating language models as synthetic data generators", 2024, where it is the diversity of
    instructions and of responses.
    """
    n = len(vectors)
    if n < 2:
        return None
    rows = np.asarray(vectors, np.float64)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    together = float(np.square(rows.sum(axis=0)).sum())
    return 1 - (together - n) / (n * (n - 1))
