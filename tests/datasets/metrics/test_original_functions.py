"""The single functions of the original SynAE, on its hand-made inputs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolworld.datasets import (
    calls_in_code,
    frechet_distance,
    planning_distance,
    precision_recall,
    total_variation,
    vendi_of_edits,
    vendi_of_kernel,
    wasserstein,
)
from toolworld.datasets.evaluation.original.numbers import T1_TOOLS
from toolworld.datasets.evaluation.original.texts import (
    acp_statements,
    bfcl_statements,
    rounds,
    substring_labels,
    t1_statements,
    tagged_lengths,
    word_count,
)
from toolworld.datasets.metrics.frechet import ORIGINAL_RIDGE

INFINITY = float("inf")


@pytest.fixture(scope="module")
def cases(synae: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((synae / "primitives.json").read_text())
    return found


def number(value: Any) -> float:
    return INFINITY if value == "inf" else float(value)


def test_calls_are_found_in_code_children_before_parents(cases: dict[str, Any]) -> None:
    for case in cases["extract_tool_calls"]:
        assert [call.name for call in calls_in_code(case["code"])] == case["out"], case


def test_distances_of_numbers_and_labels(cases: dict[str, Any]) -> None:
    for case in cases["get_distance"]:
        distance = (
            wasserstein(case["a"], case["b"], 1)
            if case["tp"] == "wasserstein"
            else total_variation(case["a"], case["b"])
        )
        assert distance == pytest.approx(number(case["out"]), abs=1e-12), case


@pytest.mark.parametrize("name", ["k_step_tool_calls_all_tools", "k_step_tool_calls_t1_closed_set"])
def test_planning_with_the_originals_weights(cases: dict[str, Any], name: str) -> None:
    for case in cases[name]:
        known = T1_TOOLS if "closed" in name else sorted({tool for side in "ab" for one in case[side] for tool in one})
        real, synthetic = ([[tool for tool in one if tool in known] for one in case[side]] for side in "ab")
        found = planning_distance(real, synthetic, case["k"], absent=0.5, weights="pooled")
        assert found == pytest.approx(number(case["out"]), abs=1e-12), case


def test_lengths_of_call_lists(cases: dict[str, Any]) -> None:
    for case in cases["tool_length"]:
        real, synthetic = ([len(one) for one in case[side]] for side in "ab")
        assert wasserstein(real, synthetic, 1) == pytest.approx(case["out"])


def test_statements_of_the_three_layouts(cases: dict[str, Any]) -> None:
    for case in cases["text"]["t1"]:
        text = case["text"]
        assert t1_statements(text) == (case["statements_user"], case["statements_assistant"])
        assert [rounds(text, "user:", "assistant:")] == case["rounds"]
        assert tagged_lengths(text, "user") == case["len_user"]
        assert tagged_lengths(text, "assistant") == case["len_assistant"]
        assert [word_count(text)] == case["len_total"]
    for case in cases["text"]["bfcl"]:
        assert bfcl_statements(case["text"]) == case["statements"]
        assert [rounds(case["text"], "user:")] == case["rounds"]
        assert [word_count(one) for one in bfcl_statements(case["text"])] == case["len_user"]
    for case in cases["text"]["acp"]:
        assert acp_statements(case["text"]) == case["statements"]
        assert [sum(map(word_count, acp_statements(case["text"])))] == case["len"]


def test_precision_and_recall_of_points(cases: dict[str, Any]) -> None:
    for case in cases["knn_precision_recall"]:
        real, synthetic = (np.array(case[side], np.float32) for side in ("real", "syn"))
        reach = 1 / min(len(real), len(synthetic)) if case.get("tie_sensitive") else 1e-9
        found = precision_recall(real, synthetic, case["k"])
        assert found == pytest.approx((case["precision"], case["recall"]), abs=reach), case.get("note")


def test_frechet_distances_with_and_without_the_ridge(cases: dict[str, Any]) -> None:
    for case in cases["fid"]:
        real, synthetic = (np.array(case[side], np.float64) for side in ("real", "syn"))
        relative = 1e-6 if case["well_conditioned"] else 1e-4
        assert frechet_distance(real, synthetic, ORIGINAL_RIDGE) == pytest.approx(case["fid_eps_1e-6"], rel=relative)
        assert frechet_distance(real, synthetic) == pytest.approx(case["fid_no_eps"], rel=relative)


def test_vendi_scores_of_kernels_and_of_call_sequences(cases: dict[str, Any]) -> None:
    for case in cases["vendi_score_K"]:
        kernel = np.array(case["K"], np.float64)
        for name, order in (("q1", 1.0), ("q2", 2.0), ("qinf", INFINITY)):
            assert vendi_of_kernel(kernel, rescale=False, order=order) == pytest.approx(case[name], rel=1e-6), case[
                "name"
            ]
    for case in cases["vendi_levenshtein"]:
        assert vendi_of_edits(case["sequences"]) == pytest.approx(case["vendi_tool"], rel=1e-8)


def test_labels_by_substring(cases: dict[str, Any]) -> None:
    for case in cases["attr_substring_match"]:
        words = tuple(case["category"])
        assert [hit for text in case["docs"] for hit in substring_labels(text, words)] == case["out"]
