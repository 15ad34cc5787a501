"""Measures of diversity, by hand, with data that they have to notice."""

import math

import pytest

from toolworld.datasets import coverage, entropy, evenness, jaccard_dissimilarity


def test_entropy_is_that_of_shares_and_falls_where_one_thing_prevails() -> None:
    assert entropy({"a": 5, "b": 5}) == pytest.approx(math.log(2))
    assert entropy({"a": 3, "b": 1}) == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert entropy({"a": 9}) == entropy({}) == 0.0
    assert entropy({"a": 2, "b": 2, "c": 2}) > entropy({"a": 4, "b": 1, "c": 1})


def test_evenness_counts_what_does_not_occur() -> None:
    assert evenness({"a": 4, "b": 4}, 2) == pytest.approx(1.0)
    assert evenness({"a": 4, "b": 4}, 4) == pytest.approx(0.5)
    assert evenness({"a": 4}, 1) == 1.0


def test_coverage_is_the_share_of_what_there_is() -> None:
    assert coverage(["a", "a", "x"], frozenset("abcd")) == 0.25
    assert coverage([], frozenset("ab")) == 0.0
    assert coverage([], frozenset()) == 1.0


def test_dissimilarity_is_nought_for_copies_and_one_for_what_shares_nothing() -> None:
    assert jaccard_dissimilarity([frozenset("ab")] * 5) == 0.0
    assert jaccard_dissimilarity([frozenset("ab"), frozenset("cd")]) == 1.0
    assert jaccard_dissimilarity([frozenset("ab"), frozenset("bc")]) == pytest.approx(2 / 3)
    assert jaccard_dissimilarity([frozenset("a")]) == 0.0


def test_many_sets_are_compared_by_drawn_pairs_and_the_same_seed_draws_the_same() -> None:
    sets = [frozenset({f"a{number % 7}", f"b{number % 5}"}) for number in range(200)]
    every = sum(1 - len(one & other) / len(one | other) for place, one in enumerate(sets) for other in sets[:place]) / (
        200 * 199 / 2
    )
    assert jaccard_dissimilarity(sets, seed=1) == jaccard_dissimilarity(sets, seed=1)
    assert jaccard_dissimilarity(sets, seed=1) == pytest.approx(every, abs=0.03)
