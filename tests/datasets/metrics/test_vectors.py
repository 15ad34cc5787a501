"""Measures of vectors against plain definitions of them, written without any of their shortcuts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from toolworld.datasets import (
    frechet_distance,
    kernel_distance,
    precision_recall,
    vendi_of_edits,
    vendi_of_kernel,
    vendi_of_parts,
    vendi_of_vectors,
    wasserstein,
)
from toolworld.datasets.metrics.resampling import Resampling, deals, draws, interval, standard_error

KINDS: tuple[Resampling, ...] = ("bootstrap", "subsample")


def points(n: int, d: int, seed: int, shift: float = 0.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


def plain_share(centres: NDArray[np.float64], others: NDArray[np.float64], k: int) -> float:
    """The share of points inside the ball of some centre, pair by pair."""
    radii = [sorted(np.linalg.norm(centres - one, axis=1))[k] for one in centres]
    inside = [any(np.linalg.norm(one - c) <= r for c, r in zip(centres, radii, strict=True)) for one in others]
    return float(np.mean(inside))


@pytest.mark.parametrize(("n", "m", "k"), [(30, 20, 3), (12, 40, 1), (25, 25, 5)])
def test_precision_and_recall_are_what_their_definition_says(n: int, m: int, k: int) -> None:
    real, synthetic = points(n, 4, 1), points(m, 4, 2, 0.5)
    found = precision_recall(real, synthetic, k)
    assert found == pytest.approx((plain_share(real, synthetic, k), plain_share(synthetic, real, k)))


def test_equal_points_are_at_distance_zero_whatever_their_number() -> None:
    real = np.repeat(points(5, 3, 1), 4, axis=0)  # each four times, so that every ball has no size
    assert precision_recall(real, real, 3) == (1, 1)
    assert precision_recall(real, real + 1e-6, 3) == (0, 0)
    with pytest.raises(ValueError, match="more than 3 points"):
        precision_recall(real[:3], real)


@pytest.mark.parametrize(("n", "m", "d"), [(40, 50, 3), (6, 5, 12), (30, 8, 10)])
def test_the_frechet_distance_is_what_its_definition_says(n: int, m: int, d: int) -> None:
    real, synthetic = points(n, d, 1), points(m, d, 2, 0.3) * 1.5
    one, other = np.cov(real.T), np.cov(synthetic.T)
    values = np.linalg.eigvals(one @ other)
    shift = real.mean(axis=0) - synthetic.mean(axis=0)
    plain = shift @ shift + np.trace(one) + np.trace(other) - 2 * np.sqrt(np.maximum(values.real, 0)).sum()
    assert frechet_distance(real, synthetic) == pytest.approx(float(plain), rel=1e-6)


def test_the_kernel_distance_has_no_bias_and_no_care_for_size() -> None:
    sizes = [(n, m, seed) for n, m in ((20, 200), (60, 60)) for seed in range(40)]
    apart = [kernel_distance(points(n, 5, seed), points(m, 5, seed + 100)) for n, m, seed in sizes]
    assert abs(np.mean(apart)) < 3 * np.std(apart) / np.sqrt(len(apart))
    assert kernel_distance(points(60, 5, 1), points(60, 5, 2, 0.5)) > max(apart)
    real, synthetic = points(7, 3, 1), points(5, 3, 2)

    def kernel(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        return float((one @ other / np.linalg.norm(one) / np.linalg.norm(other) + 1) ** 3)

    def mean_of_pairs(of: NDArray[np.float64]) -> float:
        return float(np.mean([kernel(a, b) for i, a in enumerate(of) for j, b in enumerate(of) if i != j]))

    across = float(np.mean([kernel(a, b) for a in real for b in synthetic]))
    plain = mean_of_pairs(real) + mean_of_pairs(synthetic) - 2 * across
    assert kernel_distance(real, synthetic) == pytest.approx(plain)


def test_vendi_counts_what_has_nothing_in_common() -> None:
    assert vendi_of_vectors(np.eye(6)) == pytest.approx(6)
    assert vendi_of_vectors(np.repeat(np.eye(3), 5, axis=0)) == pytest.approx(3)
    assert vendi_of_parts([["a"], ["b"], ["c"], ["a"]]) == pytest.approx(
        np.exp(-(0.5 * np.log(0.5) + 0.5 * np.log(0.25)))
    )
    assert vendi_of_parts([[], [], ["a"]]) == pytest.approx(np.exp(-(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3))))


@pytest.mark.parametrize("vocabulary", [4, 5_000])
def test_vendi_of_parts_is_that_of_the_cosines_of_their_counts(vocabulary: int) -> None:
    draw = np.random.default_rng(1)
    bags = [[f"w{one}" for one in draw.integers(0, vocabulary, 30)] for _ in range(40)]
    names = sorted({name for bag in bags for name in bag})
    counts = np.array([[bag.count(name) for name in names] for bag in bags], np.float64)
    unit = counts / np.linalg.norm(counts, axis=1, keepdims=True)
    assert vendi_of_parts(bags) == pytest.approx(vendi_of_kernel(unit @ unit.T), rel=1e-9)


def test_merging_equal_sequences_leaves_the_vendi_score_of_edits_as_it_is() -> None:
    sequences = [["a", "b"], ["a", "b"], ["c"], [], [], ["a", "b", "c"]]
    kernel = np.ones((6, 6))
    for row, one in enumerate(sequences):
        for column, other in enumerate(sequences):
            kernel[row, column] = 1 - edits(one, other) / max(len(one), len(other), 1)
    assert vendi_of_edits(sequences) == pytest.approx(vendi_of_kernel(kernel, rescale=False))


def test_many_sequences_have_their_score_in_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(3)
    sequences = [[f"t{one}" for one in draw.integers(0, 30, draw.integers(2, 9))] for _ in range(300)]
    double = vendi_of_edits(sequences)
    monkeypatch.setattr("toolworld.datasets.metrics.vendi._DOUBLE", 10)
    single = vendi_of_edits(sequences)
    assert single != double and single == pytest.approx(double, rel=2e-6)


def edits(one: list[str], other: list[str]) -> int:
    if not one or not other:
        return len(one) + len(other)
    same = edits(one[1:], other[1:]) + (one[0] != other[0])
    return min(same, edits(one[1:], other) + 1, edits(one, other[1:]) + 1)


@pytest.mark.parametrize("order", [1, 2])
def test_the_wasserstein_distance_is_that_of_quantiles(order: int) -> None:
    real, synthetic = [1.0, 2.0, 2.0, 7.0], [0.0, 3.0, 3.5]
    grid = (np.arange(12_000) + 0.5) / 12_000
    quantiles = [np.sort(side)[np.minimum((grid * len(side)).astype(int), len(side) - 1)] for side in (real, synthetic)]
    plain = np.mean(np.abs(quantiles[0] - quantiles[1]) ** order) ** (1 / order)
    assert wasserstein(real, synthetic, order) == pytest.approx(float(plain), rel=1e-6)


def test_intervals_by_draws_hold_the_truth_about_as_often_as_they_say() -> None:
    """The mean of 60 numbers, whose error is known."""
    held = 0
    for seed in range(80):
        values = np.random.default_rng(seed).normal(size=60)
        for kind in KINDS:
            means = [float(values[places].mean()) for _, places in draws(60, 60, 120, kind, 1)]
            found = interval(means, float(values.mean()), size=60, kind=kind)
            assert found is not None
            held += found[0] <= 0 <= found[1]
    assert 0.88 <= held / 160 <= 0.99


def test_draws_follow_the_seed_and_a_figure_that_cannot_be_drawn_has_no_interval() -> None:
    def drawn(seed: int) -> list[list[int]]:
        return [list(map(int, pair[1])) for pair in draws(9, 9, 3, "bootstrap", seed)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert interval([1.0, float("nan")], 1.0, size=9, kind="bootstrap") is None
    assert interval([1.0], 1.0, size=9, kind="bootstrap") is None
    for ours, theirs in deals(5, 7, 1):
        assert (len(ours), len(theirs)) == (5, 7) and sorted([*ours, *theirs]) == list(range(12))
    assert standard_error(np.array([1.0, 3.0]), 2_000, "bootstrap") == pytest.approx(2**0.5 / 2)
