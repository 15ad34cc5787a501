"""Texts as vectors of their words, without a model: hashed counts."""

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.metrics.neighbours import unit_rows

DIMENSIONS = 4_096


def word_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of texts, of shape (n, 4096), with rows of length 1.

    A word counts with the root of how often it stands in the text, and nothing else: weighed by how rare it is in the
    set, words of a template that all texts share would count nothing, and copies of it would look diverse. Words are
    hashed to places by CRC32, so that no vocabulary is kept (Weinberger et al., 2009).
    """
    table = np.zeros((len(texts), DIMENSIONS), np.float32)
    for row, text in enumerate(texts):
        for place, count in Counter(_places(text)).items():
            table[row, place] = count**0.5
    return unit_rows(table).astype(np.float32)


def _places(text: str) -> list[int]:
    words = re.findall(r"\w+", text.casefold()) or text.split()
    return [zlib.crc32(word.encode(errors="surrogatepass")) % DIMENSIONS for word in words]


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
    rows = unit_rows(vectors).astype(np.float64)
    together = float(np.square(rows.sum(axis=0)).sum() - np.square(rows).sum())
    return 1 - together / (n * (n - 1))
