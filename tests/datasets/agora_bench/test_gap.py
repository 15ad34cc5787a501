"""The performance gap recovered: the published formula, its interval, and where it is undefined."""

import json
from pathlib import Path
from random import Random

import pytest

from toolworld.datasets import gap_recovered, pgr, read_scores
from toolworld.datasets.agora_bench.gap import mean_gap
from toolworld.ground import RecordError


@pytest.mark.parametrize(
    ("base", "student", "reference", "expected"),
    [
        (19.84, 28.08, 34.60, 55.83),
        (50, 40, 60, -100.0),
        (50, 50, 60, 0.0),
        (50, 60, 60, 100.0),
        (50, 65, 60, 150.0),
    ],
)
def test_the_gap_is_the_share_of_the_way_in_per_cent(
    base: float, student: float, reference: float, expected: float
) -> None:
    found = pgr(base, student, reference)
    assert found is not None
    assert round(found, 2) == expected


@pytest.mark.parametrize("reference", [50, 40])
def test_there_is_no_gap_where_the_reference_is_no_better(reference: float) -> None:
    assert pgr(50, 60, reference) is None


def scores(rate: float, salt: str, count: int = 400) -> dict[str, float]:
    return {str(item): float(Random(f"{salt}/{item}").random() < rate) for item in range(count)}


def test_the_interval_is_of_items_that_all_three_share() -> None:
    base, student, reference = scores(0.2, "a"), scores(0.5, "b"), scores(0.8, "c")
    found = gap_recovered(base, {**student, "only here": 1.0}, reference)
    assert found is not None
    assert found.items == 400
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    assert found.low < 50 < found.high
    assert found.high - found.low < 40
    assert found == gap_recovered(base, student, reference)


def test_the_interval_is_paired() -> None:
    """Where all three share their luck with each item, the interval is narrower than where they do not."""
    luck = {str(item): Random(item).random() for item in range(400)}
    paired = [{item: float(value < rate) for item, value in luck.items()} for rate in (0.2, 0.5, 0.8)]
    alone = [scores(rate, salt) for rate, salt in ((0.2, "a"), (0.5, "b"), (0.8, "c"))]
    widths = [
        found.high - found.low
        for base, student, reference in (paired, alone)
        if (found := gap_recovered(base, student, reference)) and found.high is not None and found.low is not None
    ]
    assert widths[0] < 0.8 * widths[1]


def test_a_reference_that_is_hardly_better_has_no_interval() -> None:
    found = gap_recovered(scores(0.5, "a"), scores(0.6, "b"), scores(0.5, "a"))
    assert found is not None
    assert found.value is None
    assert found.low is None
    assert found.undefined_share == 1.0


def test_without_an_item_in_common_there_is_nothing() -> None:
    assert gap_recovered({"a": 1}, {"b": 1}, {"c": 1}) is None


def test_a_domain_has_the_mean_of_its_benchmarks_or_nothing() -> None:
    good = gap_recovered(scores(0.2, "a"), scores(0.5, "b"), scores(0.8, "c"))
    none = gap_recovered(scores(0.5, "a"), scores(0.6, "b"), scores(0.5, "a"))
    assert good is not None
    assert none is not None
    assert mean_gap([good, good]) == good.value
    assert mean_gap([good, none]) is None
    assert mean_gap([]) is None


def test_scores_are_read_by_benchmark_and_repeated_items_count_with_their_mean(tmp_path: Path) -> None:
    rows = [
        {"item": "1", "score": True, "benchmark": "gsm8k"},
        {"item": "1", "score": 0, "benchmark": "gsm8k", "model": "x"},
        {"item": "2", "score": 0.25},
    ]
    (tmp_path / "scores.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_scores(tmp_path / "scores.jsonl") == {"benchmark": {"2": 0.25}, "gsm8k": {"1": 0.5}}


@pytest.mark.parametrize("text", ["", '{"item": "1", "score": NaN}\n', '{"item": "1"}\n'])
def test_a_file_without_scores_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "scores.jsonl").write_text(text)
    with pytest.raises(RecordError):
        read_scores(tmp_path / "scores.jsonl")
