"""How far two clouds of vectors are apart: the Fréchet distance, and a kernel distance that does not depend on size."""

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.metrics.neighbours import Vectors, unit_rows

ORIGINAL_RIDGE = 1e-6
"""What the original SynAE adds to the diagonals of both covariances."""


def frechet_distance(real: Vectors, synthetic: Vectors, ridge: float = 0.0) -> float:
    """The Fréchet distance of the normal distributions with the sets' means and covariances.

    |m1 - m2|² + tr(S1) + tr(S2) - 2 tr((S1 S2)^(1/2)), with unbiased covariances. Range 0 and up; lower is better. It
    is biased upwards in small sets, so sets are to be compared at equal size; see `kernel_distance`.

    Args:
        real: Of shape (n, d), n > 1.
        synthetic: Of shape (m, d), m > 1.
        ridge: Is added to both diagonals, as in the original; then tiny negative values occur, which are kept.

    Source: Heusel et al., "GANs trained by a two time-scale update rule", 2017 (FID).
    """
    one, other = np.asarray(real, np.float64), np.asarray(synthetic, np.float64)
    shift = one.mean(axis=0) - other.mean(axis=0)
    first = (one - one.mean(axis=0)) / np.sqrt(len(one) - 1)
    second = (other - other.mean(axis=0)) / np.sqrt(len(other) - 1)
    size = one.shape[1]
    total = float(shift @ shift + (first**2).sum() + (second**2).sum() + 2 * ridge * size)
    if ridge:
        return total - 2 * _trace_of_root(first.T @ first, second.T @ second, ridge)
    return max(0.0, total - 2 * _nuclear_norm(first, second))


def _trace_of_root(one: NDArray[np.float64], other: NDArray[np.float64], ridge: float) -> float:
    """tr((S1 S2)^(1/2)): S1 S2 has the eigenvalues of L^T S2 L, which is symmetric, where S1 = L L^T."""
    diagonal = np.eye(len(one)) * ridge
    lower = np.linalg.cholesky(one + diagonal)
    values = np.linalg.eigvalsh(lower.T @ (other + diagonal) @ lower)
    return float(np.sqrt(np.maximum(values, 0)).sum())


def _nuclear_norm(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The same without a ridge: the sum of the singular values of A B^T, where S1 = A^T A and S2 = B^T B.

    With more rows than columns, a square root R of each covariance (R^T R = S) stands for its rows.
    """
    return float(np.linalg.svd(_few_rows(one) @ _few_rows(other).T, compute_uv=False).sum())


def _few_rows(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(rows) <= rows.shape[1]:
        return rows
    return np.asarray(np.linalg.qr(rows, mode="r"), np.float64)


def kernel_distance(real: Vectors, synthetic: Vectors) -> float:
    """The squared maximum mean discrepancy under the kernel (cos + 1)³, without bias: pairs of a point with itself are
    left out.

    Around 0 where both come from one distribution, whatever their sizes, and below it as often as above; higher is
    further apart; at most 16.

    Args:
        real: Of shape (n, d), n > 1.
        synthetic: Of shape (m, d), m > 1.

    Source: Bińkowski et al., "Demystifying MMD GANs", 2018 (KID); on vectors of length 1, as embeddings are.
    """
    one, other = unit_rows(real), unit_rows(synthetic)
    return _mean_within(one) + _mean_within(other) - 2 * _mean_kernel(one, other)


def _mean_within(rows: NDArray[np.float64]) -> float:
    n = len(rows)
    own = ((np.einsum("ij,ij->i", rows, rows) + 1) ** 3).sum()
    return float((_mean_kernel(rows, rows) * n * n - own) / (n * (n - 1)))


def _mean_kernel(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The mean of the kernel over all pairs, block by block."""
    total = 0.0
    for start in range(0, len(one), _BLOCK):
        products = one[start : start + _BLOCK] @ other.T
        products += 1
        total += float((products * products * products).sum())
    return total / (len(one) * len(other))


_BLOCK = 512
