"""Every measure sees the defect that it is for, in the right direction, and leaves alone those that it is not for."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.support.samples import bag_vectors, dataset, made_samples

from toolworld.datasets import (
    EvaluationOptions,
    EvaluationReport,
    Sample,
    Turn,
    evaluate,
    with_checks,
)
from toolworld.datasets.evaluation.evaluate import PAIRED
from toolworld.datasets.evaluation.rules import arguments_said
from toolworld.datasets.perturbation.by_rule import drop_minority, invalidate, oversample, shuffle_calls, truncate
from toolworld.datasets.perturbation.perturbed import with_output, with_turns
from toolworld.datasets.samples.code import SOURCE
from toolworld.environments import Call

ROOT = Path(__file__).parents[3]
QUICK = EvaluationOptions(resamples=0)
REAL = made_samples(60, with_output=True)
BROKEN = Call(name="find", arguments={SOURCE: '{"id": '})
CLOUDS = ("precision", "recall", "Fréchet distance", "kernel distance")


def report(real: Sequence[Sample], synthetic: Sequence[Sample], options: EvaluationOptions = QUICK) -> EvaluationReport:
    vectors = bag_vectors(real, synthetic)
    return evaluate(dataset(real), dataset(synthetic), vectors=vectors, options=options).report


def values(real: Sequence[Sample], synthetic: Sequence[Sample]) -> dict[str, float]:
    return {one.name: one.value for one in report(real, synthetic).measures if one.value is not None}


BEFORE = values(REAL, REAL)
DISTANCES = {name for name, value in BEFORE.items() if value == 0 and "repeated" not in name}


def test_a_set_beside_itself_has_the_ideal_value_of_every_measure() -> None:
    found = report(REAL, REAL)
    computed = [one for one in found.measures if one.reason is None]
    assert len(computed) > 25
    for one in computed:
        assert one.value == pytest.approx(one.real if one.ideal is None else one.ideal, abs=1e-9), one.name


def as_flipped(samples: Sequence[Sample]) -> list[Sample]:
    return [with_output(one, "no") if one.output == "yes" else one for one in samples]


def with_other_words(samples: Sequence[Sample]) -> list[Sample]:
    """Everybody says one thing."""
    said = {"text": "the weather is fine"}
    return [with_turns(one, [turn.model_copy(update=said) for turn in one.turns]) for one in samples]


DEFECTS: dict[str, tuple[Callable[[Sequence[Sample]], Sequence[Sample]], set[str], set[str]]] = {
    "copies": (
        lambda samples: oversample(samples, 0.5).samples,
        {
            "Vendi of instructions",
            "Vendi of tool calls",
            "repeated instructions",
            "repeated calls",
            "entropy of labels",
            "instruction Fréchet distance",
            "instruction kernel distance",
            "instruction recall",
        },
        {"calls as in the source", "output as in the source"},
    ),
    "shuffled calls": (
        lambda samples: shuffle_calls(samples, 0.5).samples,
        {"2-step planning", "3-step planning", "calls as in the source"},
        {"tool use", "calls a sample", "argument names", "argument values", "instruction precision", "answers"},
    ),
    "wrong arguments": (
        lambda samples: invalidate(samples, 0.5).samples,
        {"argument values", "arguments that were said", "calls as in the source"},
        {"tool use", "2-step planning", "argument names", "argument types", "Vendi of instructions", "answers"},
    ),
    "cut questions": (
        lambda samples: truncate(samples, 1.0).samples,
        {"words of a conversation", "words assistants say at once"},
        {"tool use", "argument values", "turns of a conversation", "words users say at once", "answers"},
    ),
    "a dropped class": (
        lambda samples: drop_minority(samples, 1.0, label="kind").samples,
        {"label kind", "entropy of labels"},
        {"repeated instructions", "calls as in the source"},
    ),
    "turned answers": (
        as_flipped,
        {"answers", "output as in the source", "output kernel distance", "output Fréchet distance", "Vendi of outputs"},
        {"tool use", "argument values", "words of a conversation", "calls as in the source"},
    ),
    "the same words": (
        with_other_words,
        {
            "instruction precision",
            "instruction recall",
            "instruction kernel distance",
            "user-assistant similarity",
            "assistant-user similarity",
            "words users say at once",
            "arguments that were said",
        },
        {"tool use", "2-step planning", "argument values", "turns of a conversation", "answers"},
    ),
    "other tools": (
        lambda samples: [
            one.model_copy(
                update={"calls": tuple(call.model_copy(update={"name": f"x{call.name}"}) for call in one.calls)}
            )
            for one in samples
        ],
        {"tool use", "2-step planning", "argument names", "argument types", "argument values"},
        {"calls a sample", "instruction precision", "Vendi of tool calls", "answers"},
    ),
    "arguments of another type": (
        lambda samples: [
            one.model_copy(
                update={
                    "calls": tuple(
                        call.model_copy(update={"arguments": {name: [value] for name, value in call.arguments.items()}})
                        for call in one.calls
                    )
                }
            )
            for one in samples
        ],
        {"argument types", "argument values"},
        {"argument names", "tool use", "2-step planning"},
    ),
    "arguments that cannot be read": (
        lambda samples: [one.model_copy(update={"calls": (*one.calls[1:], BROKEN)}) for one in samples],
        {"calls that parse", "argument names", "calls as in the source"},
        {"calls a sample", "words of a conversation", "answers"},
    ),
    "half of the turns": (
        lambda samples: [with_turns(one, one.turns[:1]) for one in samples],
        {"turns of a conversation", "words of a conversation"},
        {"tool use", "argument values", "answers"},
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_moves_the_measures_that_should_see_it_and_no_other(defect: str) -> None:
    plant, sees, ignores = DEFECTS[defect]
    found = report(REAL, plant(REAL))
    after = {one.name: one for one in found.measures if one.value is not None}
    for name in sees:
        value = after[name].value
        assert value is not None
        worse = value - BEFORE[name] if after[name].better == "lower" else BEFORE[name] - value
        assert worse > 1e-6, name
    for name in ignores:
        assert after[name].value == pytest.approx(BEFORE[name], abs=1e-9), name


def test_every_measure_is_seen_to_move_by_some_defect() -> None:
    moved = set[str]()
    for plant, _, _ in DEFECTS.values():
        after = values(REAL, plant(REAL))
        moved |= {name for name, value in after.items() if abs(value - BEFORE[name]) > 1e-9}
    for lost in ({"calls": ()}, {"output": None}):
        after = values(REAL, [one.model_copy(update=lost) for one in REAL[:30]])
        moved |= {name for name, value in after.items() if abs(value - BEFORE[name]) > 1e-9}
    words = [one.model_copy(update={"output": "a much longer answer than that"}) for one in REAL]
    moved |= {name for name, value in values(REAL, words).items() if abs(value - BEFORE.get(name, 0)) > 1e-9}
    assert {*BEFORE} - moved == set()


def test_what_rules_and_judges_found_is_a_share_of_what_was_looked_at() -> None:
    judged = [
        with_checks(one, {"calls right": number % 4 != 0, "run right": number % 2 == 0, "output by judge": True})
        for number, one in enumerate(REAL[:20])
    ]
    found = report(judged, [*judged, *made_samples(20, seed=5)]).by_name
    assert found["calls right by rule"].value == 0.75 and found["run right by rule"].value == 0.5
    assert found["output right by judge"].value == 1
    assert found["calls right by rule"].synthetic_size == 40
    assert "calls right by judge" not in found


def test_code_that_cannot_be_read_is_seen() -> None:
    good = [one.model_copy(update={"data": one.text, "code": "find(id='x')"}) for one in REAL]
    bad = [good[0].model_copy(update={"code": "find(id='x'"}), *good[1:]]
    assert report(good, bad).by_name["calls that parse"].value == pytest.approx(59 / 60)
    assert report(good, good).by_name["calls that parse"].value == 1


def test_a_label_of_numbers_is_compared_as_numbers() -> None:
    numbered = [one.model_copy(update={"attributes": {"price": str(place)}}) for place, one in enumerate(REAL)]
    dearer = [one.model_copy(update={"attributes": {"price": str(place + 3)}}) for place, one in enumerate(REAL)]
    assert report(numbered, dearer).by_name["label price"].value == pytest.approx(3)


def test_the_order_of_rows_changes_nothing() -> None:
    shuffled = random.Random(3).sample(REAL, len(REAL))
    options = EvaluationOptions(resamples=8)
    assert report(REAL, REAL[:40], options) == report(shuffled, shuffled_part(shuffled), options)


def shuffled_part(samples: Sequence[Sample]) -> list[Sample]:
    kept = {one.id for one in REAL[:40]}
    return [one for one in samples if one.id in kept]


def test_sets_of_unequal_size_are_compared_at_the_size_of_the_smaller_where_size_matters() -> None:
    found = report(REAL, made_samples(25, seed=9, with_output=True)).by_name
    assert (found["Vendi of instructions"].real_size, found["Vendi of instructions"].synthetic_size) == (25, 25)
    assert (found["tool use"].real_size, found["tool use"].synthetic_size) == (60, 25)


def test_a_large_set_is_drawn_from_and_the_report_says_so() -> None:
    found = report(REAL, made_samples(30, seed=2), EvaluationOptions(resamples=0, most_samples=20))
    assert "of the 60 samples of made 20 were drawn" in found.notes
    assert found.by_name["tool use"].real_size == 20


def test_intervals_hold_the_value_and_shrink_with_the_size_of_the_sets() -> None:
    options = EvaluationOptions(resamples=60)
    wide, narrow = (
        report(made_samples(count, 1, with_output=True), made_samples(count, 2, with_output=True), options).by_name
        for count in (30, 240)
    )
    for name in ("tool use", "Vendi of tool calls", "argument names", "argument values"):
        sizes: list[float] = []
        for one in (wide[name], narrow[name]):
            assert one.low is not None and one.high is not None and one.value is not None
            assert one.low <= one.value <= one.high
            sizes.append((one.high - one.low) / max(one.value, 1.0))
        assert sizes[1] < sizes[0], name


def test_by_chance_tells_a_distance_between_like_sets_from_one_between_unlike_sets() -> None:
    """Two sets of one source are apart by as much as samples of it that are dealt anew."""
    options = EvaluationOptions(resamples=2)
    like = report(made_samples(80, 1, with_output=True), made_samples(80, 2, with_output=True), options).by_name
    copies = [one.model_copy(update={"source": None}) for one in oversample(made_samples(80, 2), 0.6).samples]
    whole = report(made_samples(80, 1), copies, options)
    unlike = whole.by_name
    for name in (
        "tool use",
        "2-step planning",
        "argument names",
        "words of a conversation",
        "instruction Fréchet distance",
    ):
        near, far = like[name], unlike[name]
        assert near.value is not None and near.chance is not None and far.value is not None and far.chance is not None
        assert near.value < 2 * near.chance and far.value > 1.2 * far.chance, name
    assert like["Vendi of tool calls"].chance is None
    assert {"label kind", "repeated instructions"} & {*whole.apart} == {"label kind"}


def test_sets_that_are_made_from_the_real_one_are_not_held_against_chance() -> None:
    found = report(REAL, shuffle_calls(REAL, 0.3).samples, EvaluationOptions(resamples=4))
    assert PAIRED in found.notes and all(one.chance is None for one in found.measures)
    assert found.apart == () and found.by_name["2-step planning"].low is not None


def test_labels_that_only_some_samples_have_are_told_and_do_not_count() -> None:
    some = [one.model_copy(update={"attributes": {**one.attributes, "id": one.id}}) for one in REAL]
    some[0] = some[0].model_copy(update={"attributes": {"id": "s0"}})
    found = report(some, some).by_name
    assert found["label kind"].reason == "not every sample of both sets has this label"
    assert found["entropy of labels"].reason == "there are no labels that both sets have"  # an id is no class


def test_repeated_ids_are_no_matter_of_the_order_of_rows() -> None:
    twice = [REAL[0], REAL[1].model_copy(update={"id": "s0"})]
    made = [one.model_copy(update={"source": "s0", "id": f"m{place}"}) for place, one in enumerate(twice)]
    for rows in (twice, twice[::-1]):
        assert report(rows, made).by_name["calls as in the source"].value == 1


def test_calls_that_the_source_does_not_have_are_seen() -> None:
    bare = [one.model_copy(update={"calls": ()}) for one in REAL[:30]]
    made = [one.model_copy(update={"source": one.id}) for one in (*REAL[:15], *bare[15:])]
    assert report(bare, made).by_name["calls as in the source"].value == 0


@pytest.mark.parametrize(
    ("value", "text", "is_said"),
    [
        ("--", "hello", False),
        ("--", "a -- b", True),
        (12, "order 4123", False),
        (12, "12 of them", True),
        ("art", "start now", False),
        ("final_report.pdf", "sort 'final_report.pdf'", True),
        ("東京", "私は東京に行く", True),
    ],
)
def test_a_value_is_said_in_whole_words(value: object, text: str, is_said: bool) -> None:
    call = Call.model_validate({"name": "f", "arguments": {"x": value}})
    sample = Sample(id="x", turns=(Turn(speaker="user", text=text),), calls=(call,))
    assert arguments_said(sample) == (int(is_said), 1)


def test_without_vectors_the_measures_of_meaning_are_left_out_with_a_reason() -> None:
    found = evaluate(dataset(REAL), dataset(REAL), options=QUICK).report
    left_out = {one.name for one in found.measures if one.reason == "it needs vectors of texts"}
    clouds = {f"{one} {what}" for one in ("instruction", "output") for what in CLOUDS}
    pairs = {f"{one} similarity" for one in ("user-user", "user-assistant", "assistant-user")}
    assert left_out == clouds | pairs | {"Vendi of instructions", "Vendi of outputs"}
    assert found.by_name["tool use"].value == 0


@pytest.mark.parametrize("side", ["real", "synthetic"])
def test_a_side_without_calls_or_outputs_is_told_and_is_as_far_as_can_be(side: str) -> None:
    bare = [one.model_copy(update={"calls": (), "output": None}) for one in REAL]
    found = (report(bare, REAL) if side == "real" else report(REAL, bare)).by_name
    assert found["tool use"].value == 1 and found["2-step planning"].value == 1
    assert found["answers"].value is None and found["words of an output"].reason is not None


def test_two_processes_give_the_same_bytes() -> None:
    source = (
        "from tests.support.samples import *; from toolworld.datasets import evaluate, EvaluationOptions; "
        "a, b = made_samples(40, 1, with_output=True), made_samples(30, 2, with_output=True); "
        "print(evaluate(dataset(a), dataset(b), vectors=bag_vectors(a, b), "
        "options=EvaluationOptions(resamples=5)).report.model_dump_json())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", source],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
