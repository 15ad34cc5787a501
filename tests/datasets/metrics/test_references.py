"""The right mode against numbers that were computed independently, where the original is wrong."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolworld.datasets import (
    Dataset,
    VectorTable,
    frechet_distance,
    planning_distance,
    precision_recall,
    read_dataset,
    read_vectors,
    total_variation,
    vendi_of_kernel,
    vendi_of_vectors,
    wasserstein,
    words_found,
)
from toolworld.datasets.evaluation.sample_set import SampleSet, sample_set
from toolworld.datasets.metrics.vendi import _edit_similarities  # pyright: ignore[reportPrivateUsage]

CASES = ("acp_truncated", "bfcl_oversample_r05", "bfcl_self", "t1_shuffled_calls")
WITH_CALLS = CASES[1:]


@pytest.fixture(scope="module")
def vectors(synae: Path) -> VectorTable:
    return read_vectors(synae / "embeddings.jsonl")


@pytest.fixture
def reference(synae: Path) -> Callable[[str], dict[str, Any]]:
    return lambda case: json.loads((synae / case / "expected.json").read_text())["reference"]


def read(synae: Path, case: str) -> tuple[Dataset, Dataset]:
    real, synthetic = (read_dataset(str(synae / case / f"{side}.jsonl")) for side in ("real", "syn"))
    return real, synthetic


def sets(synae: Path, case: str, vectors: VectorTable) -> tuple[SampleSet, SampleSet]:
    real, synthetic = read(synae, case)
    one, other = (sample_set(of.samples, real.samples, {}, vectors) for of in (real, synthetic))
    return one, other


Reference = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize("case", CASES)
def test_clouds_of_instructions(synae: Path, case: str, vectors: VectorTable, reference: Reference) -> None:
    one, other = sets(synae, case, vectors)
    assert one.text_vectors is not None and other.text_vectors is not None
    expected = reference(case)
    exact = expected["instr_knn_exact_ties"]
    assert precision_recall(one.text_vectors, other.text_vectors) == (exact["precision"], exact["recall"])
    assert frechet_distance(one.text_vectors, other.text_vectors, 1e-6) == pytest.approx(
        expected["instr_fid_symmetric"], abs=1e-6
    )
    assert frechet_distance(one.text_vectors, other.text_vectors) == pytest.approx(
        expected["instr_fid_symmetric_eps0"], abs=1e-6
    )
    for side, of in (("real", one), ("syn", other)):
        assert of.text_vectors is not None
        assert vendi_of_vectors(of.text_vectors) == pytest.approx(expected[f"instr_vendi_float64_{side}"], rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_pairs_inside_one_sample(synae: Path, case: str, vectors: VectorTable, reference: Reference) -> None:
    one, other = sets(synae, case, vectors)
    kind = "assistant-user" if case.startswith("t1") else "user-user"
    ours, theirs = ([value for of in side.cosines[kind] for value in of] for side in (one, other))
    expected = reference(case)
    assert wasserstein(ours, theirs, 1) == pytest.approx(expected["pair_sim_within_sample_w1"], abs=1e-6)
    assert wasserstein(ours, theirs) == pytest.approx(expected["pair_sim_within_sample_w2"], abs=1e-6)


@pytest.mark.parametrize("case", WITH_CALLS)
def test_tool_calls(synae: Path, case: str, reference: Reference) -> None:
    real, synthetic = read(synae, case)
    ours, theirs = ([one.names for one in of.samples] for of in (real, synthetic))
    expected = reference(case)
    assert wasserstein([*map(len, ours)], [*map(len, theirs)]) == pytest.approx(expected["tcnm_w2"])
    assert planning_distance(ours, theirs, 1) == pytest.approx(expected["tum_tv_all_tools"], abs=1e-12)
    for k in (2, 3):
        pooled = planning_distance(ours, theirs, k, weights="pooled")
        assert pooled == pytest.approx(expected[f"kstep{k}_missing_is_1_pooled"], abs=1e-12)
        assert planning_distance(ours, theirs, k) == pytest.approx(
            expected[f"kstep{k}_missing_is_1_meanfreq"], abs=1e-12
        )
    for side, names in (("real", ours), ("syn", theirs)):
        kernel = _edit_similarities([tuple(one) for one in names])
        assert vendi_of_kernel(kernel) == pytest.approx(expected[f"tool_vendi_clip_renorm_{side}"], rel=1e-9)


def test_outputs_of_acpbench_are_measured_on_outputs(synae: Path, vectors: VectorTable, reference: Reference) -> None:
    one, other = sets(synae, "acp_truncated", vectors)
    expected = reference("acp_truncated")
    assert one.output_vectors is not None and other.output_vectors is not None
    assert frechet_distance(one.output_vectors, other.output_vectors, 1e-6) == pytest.approx(
        expected["output_fid_true_column_symmetric"], abs=1e-6
    )
    assert total_variation(one.outputs, other.outputs) == pytest.approx(expected["output_tv_true_column"])
    assert vendi_of_vectors(other.output_vectors) == pytest.approx(expected["output_vendi_float64_syn"], rel=1e-6)


def test_whole_words_do_not_find_art_in_start(synae: Path, reference: Reference) -> None:
    real, synthetic = read(synae, "t1_shuffled_calls")
    words = real.categories["type"]
    found = [
        [hit for one in of.samples for hit in words_found(one.text, words) or ["Other"]] for of in (real, synthetic)
    ]
    expected = reference("t1_shuffled_calls")["attr_type_word_boundary_tv"]
    assert total_variation(*found) == pytest.approx(expected)
    assert Counter(found[0])["Art"] > 0 and words_found("let us start, and take part", ["Art"]) == []


def test_lengths_by_quantiles(synae: Path, reference: Reference) -> None:
    real, synthetic = read(synae, "t1_shuffled_calls")
    ours, theirs = ([len(one.text.split()) for one in of.samples] for of in (real, synthetic))
    assert wasserstein(ours, theirs) == pytest.approx(reference("t1_shuffled_calls")["instr_token_length_w2"])
    assert np.isclose(wasserstein([0, 1], [0, 3]), 2**0.5)
