"""Downstream measures: ties and constants have a meaning, and intervals come from draws of tasks."""

import pytest

from toolworld.datasets import downstream, downstream_of_tasks


def test_the_difference_is_the_mean_over_agents_and_the_agreement_that_of_ranks() -> None:
    found = downstream({"a": 0.9, "b": 0.5, "c": 0.1}, {"a": 0.7, "b": 0.6, "c": 0.4})
    assert found.difference == pytest.approx(0.2) and found.rank_agreement == pytest.approx(1)
    assert found.rates == {"a": (0.9, 0.7), "b": (0.5, 0.6), "c": (0.1, 0.4)}
    turned = downstream({"a": 0.9, "b": 0.5, "c": 0.1}, {"a": 0.1, "b": 0.5, "c": 0.9})
    assert turned.rank_agreement == pytest.approx(-1)


def test_agents_with_equal_rates_share_their_rank() -> None:
    found = downstream({"a": 0.9, "b": 0.5, "c": 0.5}, {"a": 0.9, "b": 0.8, "c": 0.1})
    assert found.rank_agreement == pytest.approx(3**0.5 / 2)  # ranks 3, 1.5, 1.5 against 3, 2, 1


@pytest.mark.parametrize(
    ("real", "synthetic", "reason"),
    [
        ({"a": 0.5}, {"a": 0.7}, "one agent has no rank"),
        ({"a": 0.5, "b": 0.5}, {"a": 0.1, "b": 0.9}, "all agents succeed equally often on the real tasks"),
        ({"a": 0.1, "b": 0.9}, {"a": 1.0, "b": 1.0}, "all agents succeed equally often on the synthetic tasks"),
    ],
)
def test_what_has_no_ranking_has_no_agreement_and_says_why(
    real: dict[str, float], synthetic: dict[str, float], reason: str
) -> None:
    found = downstream(real, synthetic)
    assert (found.rank_agreement, found.reason) == (None, reason)


def test_other_agents_or_other_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match="same agents"):
        downstream({"a": 0.5}, {"b": 0.5})
    with pytest.raises(ValueError, match="same tasks"):
        downstream_of_tasks({"a": [1, 0], "b": [1]}, {"a": [1], "b": [1]})


def test_intervals_shrink_with_the_number_of_tasks_and_follow_the_seed() -> None:
    rates = {"good": [1.0, 1.0, 1.0, 0.0], "bad": [0.0, 1.0, 0.0, 0.0]}
    widths: list[float] = []
    for times in (2, 50):
        many = {name: of * times for name, of in rates.items()}
        found = downstream_of_tasks(many, many, resamples=200, seed=1)
        assert found.difference == 0 and found.difference_interval is not None
        widths.append(found.difference_interval[1])
        assert found == downstream_of_tasks(many, many, resamples=200, seed=1)
    assert widths[1] < widths[0]
