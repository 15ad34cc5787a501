"""The numbers of the original SynAE: all its cases, within the tolerances that stand beside them."""

import json
from pathlib import Path
from typing import Any

import pytest

from toolworld.datasets import (
    Dataset,
    Layout,
    ReadOptions,
    Sample,
    Turn,
    VectorTable,
    original_numbers,
    read_dataset,
    read_vectors,
)
from toolworld.ground import RecordError

CASES: dict[str, Layout] = {
    "acp_truncated": "acp",
    "bfcl_oversample_r05": "bfcl",
    "bfcl_self": "bfcl",
    "t1_shuffled_calls": "t1",
}


@pytest.fixture(scope="module")
def vectors(synae: Path) -> VectorTable:
    return read_vectors(synae / "embeddings.jsonl")


def sides(synae: Path, case: str) -> tuple[Dataset, Dataset]:
    options = ReadOptions(CASES[case])
    real, synthetic = (read_dataset(str(synae / case / f"{side}.jsonl"), options) for side in ("real", "syn"))
    return real, synthetic


@pytest.mark.parametrize("case", CASES)
def test_every_number_of_a_case_is_within_its_tolerance(synae: Path, case: str, vectors: VectorTable) -> None:
    expected: dict[str, Any] = json.loads((synae / case / "expected.json").read_text())
    real, synthetic = sides(synae, case)
    found = original_numbers(real.samples, synthetic.samples, CASES[case], vectors=vectors, categories=real.categories)
    assert list(found) == list(expected["original"])
    for key, tolerance in expected["tolerance"].items():
        value = expected["original"][key]
        reach = max(tolerance.get("abs", 0.0), tolerance.get("rel", 0.0) * abs(value))
        assert found[key] == pytest.approx(value, abs=reach, rel=0), key
    assert [key for key, value in found.items() if value is None] == [
        key for key, value in expected["original"].items() if value is None
    ]


def test_the_entropy_that_depends_on_the_hash_seed_takes_the_order_of_the_list(synae: Path) -> None:
    real, synthetic = sides(synae, "t1_shuffled_calls")
    reference = json.loads((synae / "t1_shuffled_calls" / "expected.json").read_text())["reference"]
    found = original_numbers(real.samples, synthetic.samples, "t1", categories=real.categories)
    assert found["Diversity: attribute entropy"] == pytest.approx(reference["attr_entropy_category_order_syn"])


def test_without_vectors_the_numbers_that_need_none_are_given(synae: Path, vectors: VectorTable) -> None:
    real, synthetic = sides(synae, "bfcl_oversample_r05")
    without = original_numbers(real.samples, synthetic.samples, "bfcl")
    with_them = original_numbers(real.samples, synthetic.samples, "bfcl", vectors=vectors)
    assert list(without) == list(with_them)
    assert {key: value for key, value in with_them.items() if without[key] is not None}.items() <= without.items()
    assert without["Task: FID"] is None and without["Task: user-user pair similarity"] is None


def of_calls(*codes: str) -> list[Sample]:
    labels = {"primary_api": "a", "secondary_api": "", "conv_len": "short"}
    return [
        Sample(id=str(number), data="user: hello", code=code, layout="bfcl", attributes=labels)
        for number, code in enumerate(codes)
    ]


def test_one_syntax_error_empties_a_sample_and_no_calls_at_all_are_infinitely_far() -> None:
    found = original_numbers(of_calls("a()\nb("), of_calls("a()\nb()"), "bfcl")
    assert found["Tool Calling: length distance"] == 2
    assert found["Tool Calling: 1-step TV distance"] == float("inf")
    assert found["Tool Calling: 2-step TV distance"] == 0.5
    nothing = original_numbers(of_calls(""), of_calls(""), "bfcl")
    assert nothing["Tool Calling: 1-step TV distance"] == float("inf")


def test_a_label_or_a_layout_that_is_missing_is_named() -> None:
    bare = [Sample(id="x", data="user: hi", code="", layout="bfcl")]
    with pytest.raises(RecordError, match="sample x has no label 'primary_api'"):
        original_numbers(bare, bare, "bfcl")
    with pytest.raises(RecordError, match="reads the layouts t1, bfcl, acp, and not dialogue"):
        original_numbers([Sample(id="x", turns=(Turn(speaker="user", text="hi"),))], bare, "dialogue")
