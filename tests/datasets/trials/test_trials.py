"""Repeated runs: the pass rates, their intervals, and the comparison of two sets."""

from itertools import combinations
from typing import Literal

import pytest

from toolworld.datasets import TrialCounts, Verdict, compare, pass_rates
from toolworld.datasets.trials.interval import MAX_RESAMPLED, mean_with_interval
from toolworld.ground import RecordError


def verdict(task: str, reward: float | None, trial: int = 0) -> Verdict:
    outcome: Literal["pass", "fail", "void"] = "void" if reward is None else "pass" if reward == 1 else "fail"
    return Verdict(
        trajectory=f"{task}#{trial}", task=task, seed=0, trial=trial, outcome=outcome, reward=reward, scores={}
    )


@pytest.mark.parametrize(("judged", "passed", "k"), [(5, 2, 1), (5, 2, 3), (6, 0, 2), (6, 6, 6), (7, 5, 4)])
def test_pass_rates_are_what_counting_all_draws_of_k_runs_gives(judged: int, passed: int, k: int) -> None:
    draws = list(combinations([True] * passed + [False] * (judged - passed), k))
    rates = pass_rates({"t": TrialCounts(judged, passed)}, k)
    assert rates.pass_at_k is not None and rates.pass_hat_k is not None
    assert rates.pass_at_k.value == pytest.approx(sum(map(any, draws)) / len(draws))
    assert rates.pass_hat_k.value == pytest.approx(sum(map(all, draws)) / len(draws))


def test_void_runs_do_not_count_and_tasks_with_too_few_runs_are_said_to_be_left_out() -> None:
    counts = TrialCounts()
    for outcome in ("pass", "void", "fail"):
        counts = counts.with_outcome(outcome)
    assert counts == (2, 1)
    rates = pass_rates({"a": counts, "b": TrialCounts(1, 1)}, 2)
    assert rates.skipped == 1
    assert rates.pass_at_k is not None and (rates.pass_at_k.value, rates.pass_at_k.tasks) == (1.0, 1)
    assert pass_rates({"a": counts}, 3).pass_at_k is None


def test_an_interval_holds_the_mean_narrows_with_more_tasks_and_is_always_the_same() -> None:
    few, many = [0.0, 1.0] * 5, [0.0, 1.0] * 200
    small, large = mean_with_interval(few), mean_with_interval(many)
    assert small is not None and large is not None
    assert small.low <= 0.5 <= small.high and large.low <= 0.5 <= large.high
    assert large.high - large.low < (small.high - small.low) / 3
    assert mean_with_interval(few) == small
    assert mean_with_interval([]) is None
    sampled = mean_with_interval([0.0, 1.0] * (MAX_RESAMPLED // 2))
    normal = mean_with_interval([0.0, 1.0] * (MAX_RESAMPLED // 2 + 1))
    assert sampled is not None and normal is not None
    assert (normal.low, normal.high) == pytest.approx((sampled.low, sampled.high), abs=0.005)


def test_two_sets_are_compared_task_by_task() -> None:
    first = [verdict("a", 1.0), verdict("b", 0.0), verdict("c", 1.0), verdict("d", None), verdict("e", 1.0)]
    second = [verdict("a", 1.0), verdict("b", 1.0), verdict("b", 0.0, trial=1), verdict("c", 0.0), verdict("d", 1.0)]
    found = compare(first, second)
    assert (found.better, found.worse, found.same) == (1, 1, 1)
    assert (found.only_first, found.only_second, found.void) == (1, 1, (1, 0))
    assert found.difference.value == pytest.approx((0 + 0.5 - 1) / 3)
    assert found.difference.low <= found.difference.value <= found.difference.high
    assert [one.task for one in found.differences] == ["c", "b"]
    assert found.p_value == 1.0


def test_a_lopsided_split_is_unlikely_and_equal_sets_do_not_differ() -> None:
    bad = [verdict(f"t{number}", 0.0) for number in range(10)]
    good = [verdict(f"t{number}", 1.0) for number in range(10)]
    assert compare(bad, good).p_value == pytest.approx(2 / 2**10)
    same = compare(good, good)
    assert (same.p_value, same.difference.value, same.differences) == (1.0, 0.0, ())
    with pytest.raises(RecordError, match="no judged task in common"):
        compare([verdict("a", 1.0)], [verdict("b", 1.0)])
