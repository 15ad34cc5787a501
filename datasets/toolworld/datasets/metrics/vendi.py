"""The Vendi score: how many things that differ a set is worth."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.metrics.neighbours import Vectors, unit_rows


def vendi_of_kernel(kernel: NDArray[np.float64], *, rescale: bool = True, order: float = 1.0) -> float:
    """The exponential of the entropy of the eigenvalues of K/n; from 1 (all alike) to n (nothing in common).

    Higher is more diverse. It grows with the number of samples, so sets are to be compared at equal size.

    Args:
        kernel: Similarities, of shape (n, n), symmetric, with ones on the diagonal.
        rescale: Scale the positive eigenvalues to the sum 1 where a kernel has negative ones. The original drops these
            and leaves the rest as it is, which is no entropy any more and can pass n.
        order: Of the entropy; 1 is Shannon's, infinity looks at the largest eigenvalue only.

    Source: Friedman and Dieng, "The Vendi score", 2023.
    """
    return _effective_number(np.linalg.eigvalsh(kernel / len(kernel)), rescale=rescale, order=order)


def vendi_of_vectors(vectors: Vectors, *, rescale: bool = True) -> float:
    """The Vendi score under the cosine of vectors; from 1 (all alike) to n, higher is more diverse.

    XXᵀ/n and XᵀX/n have the same eigenvalues but for zeros, so the smaller is taken: O(n d²) in place of O(n³).

    Args:
        vectors: Of shape (n, d).
    """
    rows = unit_rows(vectors)
    gram = rows.T @ rows if len(rows) > rows.shape[1] else rows @ rows.T
    return _effective_number(np.linalg.eigvalsh(gram / len(rows)), rescale=rescale)


def vendi_of_edits(sequences: Sequence[Sequence[str]]) -> float:
    """The Vendi score under 1 - (edits from one sequence to the other) / (length of the longer), as in the original.

    This kernel is not positive semi-definite: negative eigenvalues are dropped and the rest is not rescaled. It is here
    for the original's numbers; `vendi_of_parts` is right. Equal sequences are merged, each weighed with the root of its
    share, which leaves the spectrum as it is.
    """
    counts = Counter(tuple(one) for one in sequences)
    shares = np.sqrt(np.array(list(counts.values()), np.float64) / len(sequences))
    kernel = _edit_similarities(list(counts))
    kernel *= shares[:, None]
    kernel *= shares[None, :]
    return _effective_number(_eigenvalues(kernel), rescale=False)


_DOUBLE = 2_000
"""Up to how many different sequences eigenvalues are of double precision."""


def _eigenvalues(kernel: NDArray[np.float64]) -> Vectors:
    """The eigenvalues of a symmetric kernel; of a large one in single precision, in half of the time.

    The score is then off by some 2e-7 of itself.
    """
    if len(kernel) <= _DOUBLE:
        return np.linalg.eigvalsh(kernel)
    linalg: Any = import_module("scipy.linalg")  # numpy computes eigenvalues in double precision only
    found: NDArray[np.float32] = linalg.eigh(
        kernel.astype(np.float32), eigvals_only=True, driver="evr", check_finite=False, overwrite_a=True
    )
    return found.astype(np.float64)


def _edit_similarities(sequences: Sequence[tuple[str, ...]]) -> NDArray[np.float64]:
    """1 - distance / length of the longer; two empty ones are the same. Names become single characters."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    names = dict.fromkeys(name for one in sequences for name in one)
    letters = {name: chr(_FIRST_LETTER + number) for number, name in enumerate(names)}
    words = ["".join(letters[name] for name in one) for one in sequences]
    edits = cdist(words, words, scorer=Levenshtein.distance, dtype=np.int32).astype(np.float64)
    lengths = np.array([len(one) for one in words], np.float64)
    edits /= np.maximum(np.maximum(lengths[:, None], lengths[None, :]), 1)
    return np.subtract(1, edits, out=edits)


_FIRST_LETTER = 0x1_0000
"""From here on any number of characters may stand for names: there are no surrogates."""


def vendi_of_parts(bags: Sequence[Sequence[Hashable]]) -> float:
    """The Vendi score under the cosine of counts of parts, such as the names of calls and of calls in a row; 1 to n.

    A cosine of counts is positive semi-definite. Samples without parts are alike, and unlike the others.

    Args:
        bags: The parts of each sample.
    """
    counts = Counter(tuple(sorted(Counter(one).items(), key=repr)) for one in bags)
    different: list[dict[Hashable, int]] = [dict(bag) if bag else {_NO_PART: 1} for bag in counts]
    shares = np.sqrt(np.array(list(counts.values()), np.float64) / len(bags))
    norms = np.array([sum(count * count for count in bag.values()) for bag in different], np.float64) ** 0.5
    return _effective_number(np.linalg.eigvalsh(_gram(different, shares / norms)), rescale=True)


_NO_PART = ("", "no part")
_COLUMNS = 2_048
"""How many parts are multiplied at once: a table of all samples and all parts may not fit into memory."""


def _gram(bags: Sequence[Mapping[Hashable, int]], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """The products of all rows, or of all columns where there are fewer: both have the same eigenvalues but for zeros.

    Args:
        bags: The counts of parts of each row.
        scales: What each row is multiplied with.
    """
    parts = {part: place for place, part in enumerate(dict.fromkeys(part for bag in bags for part in bag))}
    entries = [(row, parts[part], count) for row, bag in enumerate(bags) for part, count in bag.items()]
    row, column, count = (np.array(values) for values in zip(*entries, strict=True))
    order = np.argsort(column, kind="stable")
    row, column, value = row[order], column[order], (count * scales[row])[order]
    if len(parts) < len(bags):
        table = np.zeros((len(bags), len(parts)))
        table[row, column] = value
        return table.T @ table
    total = np.zeros((len(bags), len(bags)))
    for start in range(0, len(parts), _COLUMNS):
        inside = slice(*np.searchsorted(column, [start, start + _COLUMNS]))
        block = np.zeros((len(bags), min(_COLUMNS, len(parts) - start)))
        block[row[inside], column[inside] - start] = value[inside]
        total += block @ block.T
    return total


def _effective_number(values: Vectors, *, rescale: bool, order: float = 1.0) -> float:
    positive = values[values > 0]
    if rescale:
        positive = positive / positive.sum()
    if order == 1:
        return float(np.exp(-(positive * np.log(positive)).sum()))
    if np.isinf(order):
        return float(1 / positive.max())
    return float((positive**order).sum() ** (1 / (1 - order)))
