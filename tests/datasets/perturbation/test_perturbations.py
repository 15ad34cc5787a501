"""Perturbations: exact in what they change, seeded, and the original's draws where these are asked for."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from tests.support.samples import dataset, made_samples, with_code

from toolworld.datasets import (
    METHODS,
    Dataset,
    EvaluationOptions,
    PerturbationOptions,
    Perturbed,
    Sample,
    Sweep,
    SweepPoint,
    Turn,
    VectorTable,
    check_sanity,
    perturb,
    read_dataset,
    sweep,
    sweep_page,
    trend_of,
)
from toolworld.datasets.perturbation.by_rule import drop_minority, invalidate, originally_invalid_code, oversample
from toolworld.datasets.perturbation.draws import (
    BLANK,
    FewShotDraws,
    drop_draw,
    exact_blanks,
    original_blanks,
    original_draw,
    original_oversample_draw,
)
from toolworld.ground import JsonObject, JsonValue, RecordError, UsageError
from toolworld.llm import Request, ScriptedModel

SAMPLES = made_samples(20)


@pytest.fixture(scope="module")
def golden(synae: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((synae / "generation.json").read_text())
    return found


def test_copies_are_drawn_as_the_original_draws_them(golden: dict[str, Any]) -> None:
    for case in golden["oversample"]:
        found = original_oversample_draw(
            case["n"],
            case["dup_frac"],
            case["dup_sample_idxs"],
            case["seed"],
            with_replacement=case["with_replacement"],
        )
        assert found == case["selected"]


def test_calls_are_made_invalid_as_the_original_does(golden: dict[str, Any]) -> None:
    ids, calls = golden["invalidate_bfcl"]["ids"], golden["invalidate_bfcl"]["tool_calls"]
    samples = [
        Sample(id=name, data="user: x", layout="bfcl", code="\n".join(call for turn in of for call in turn))
        for name, of in zip(ids, calls, strict=True)
    ]
    for case in golden["invalidate_bfcl"]["cases"]:
        found = invalidate(samples, case["invalidate_frac"], seed=case["seed"], original=True)
        assert sorted(ids.index(name) for name in found.record.selected) == case["changed_rows"]
        if "out" in case:
            expected = ["\n".join(call for turn in of for call in turn) for of in case["out"]]
            assert [one.code for one in found.samples][: len(expected)] == expected
    assert originally_invalid_code("f(a='x', b=\"y\", c=3)") == "f(a='invalid', b=\"y\", c=3)"


def test_answers_are_turned_round_as_the_original_does(golden: dict[str, Any]) -> None:
    answers = golden["invalidate_yes_no"]["answers"]
    samples = [Sample(id=str(number), output=answer) for number, answer in enumerate(answers)]
    for case in golden["invalidate_yes_no"]["cases"]:
        found = invalidate(samples, case["invalidate_frac"], seed=case["seed"], original=True)
        assert [one.output for one in found.samples] == case["out"]


def test_classes_are_left_out_as_the_original_does(golden: dict[str, Any]) -> None:
    labels = golden["dropmin"]["class_of_row"]
    for case in golden["dropmin"]["cases"]:
        found = drop_draw(labels, case["drop_n_min"], case["drop_per_class_frac"], case["seed"], original=True)
        assert sorted(found) == case["dropped"]


def test_words_are_blanked_as_the_original_does(golden: dict[str, Any]) -> None:
    for case in golden["blank_words"]["cases"]:
        for by_line, key in ((False, "masked_flat"), (True, "masked_per_line")):
            random = np.random.RandomState(case["np_random_seed"])
            assert original_blanks(case["text"], case["p"], random, by_line=by_line) == case[key]


def test_examples_are_drawn_as_the_original_draws_them(golden: dict[str, Any]) -> None:
    for case in golden["fewshot_draws_bfcl"]:
        found = FewShotDraws(len(case["reference_rows"]), case["n_examples"], case["seed"])
        assert (found.examples, found.references, found.turns) == (
            case["example_rows"],
            case["reference_rows"],
            case["n_turns"],
        )


def differing(made: Perturbed) -> int:
    by_id = {one.id: one for one in SAMPLES}
    kept = {"id", "source"}
    return sum(one.model_dump(exclude=kept) != by_id[one.source or ""].model_dump(exclude=kept) for one in made.samples)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("method", ["invalidate", "truncate", "shuffle"])
async def test_the_share_that_is_asked_for_is_the_share_that_is_changed(method: str, share: float) -> None:
    samples = [one for one in SAMPLES if len({*one.names}) > 1] if method == "shuffle" else SAMPLES
    made = await perturb(samples, method, share, PerturbationOptions())
    assert differing(made) == made.record.changed == len(made.record.selected) == round(share * len(samples))
    assert len(made.samples) == made.record.delivered == made.record.asked == len(samples)
    again = await perturb(samples, method, share, PerturbationOptions())
    other = await perturb(samples, method, share, PerturbationOptions(seed=4))
    assert made == again and (share in (0.0, 1.0) or made.record.selected != other.record.selected)


@pytest.mark.parametrize(("share", "copies"), [(0.0, 1), (0.25, 5), (0.5, 10), (1.0, 20)])
def test_copies_take_just_their_share_and_all_others_differ(share: float, copies: int) -> None:
    made = oversample(SAMPLES, share)
    sources = [one.source for one in made.samples]
    assert sources.count("s0") == copies and len(sources) == len(SAMPLES)
    assert len({*sources}) == len(SAMPLES) - copies + 1
    two = oversample(SAMPLES, 0.5, positions=(3, 5))
    assert [one.source for one in two.samples][:4] == ["s3", "s5", "s3", "s5"]


def test_just_the_share_of_the_rarest_class_is_left_out() -> None:
    kinds = [one.attributes["kind"] for one in SAMPLES]
    rarest = min(sorted({*kinds}), key=kinds.count)
    made = drop_minority(SAMPLES, 0.5, label="kind")
    assert made.record.changed == round(0.5 * kinds.count(rarest))
    assert len(made.samples) + made.record.changed == len(SAMPLES) and made.record.delivered == made.record.asked
    with pytest.raises(UsageError, match="sample s0 has no label 'colour'; it has kind"):
        drop_minority(SAMPLES, 0.5, label="colour")


def test_the_original_changes_fewer_than_were_asked_for() -> None:
    assert len(original_draw(200, 1.0, 123)) == 124  # of 200, as measured on the original
    made = invalidate(SAMPLES, 1.0, original=True)
    assert made.record.changed < len(SAMPLES) and made.record.original


def test_samples_that_cannot_be_changed_are_no_silent_rest() -> None:
    bare = [Sample(id="x", output=None), *SAMPLES[:3]]
    assert invalidate(bare, 0.75).record.changed == 3
    with pytest.raises(UsageError, match="4 of 4 samples were to be changed, and only 3 can be"):
        invalidate(bare, 1.0)


def test_just_a_share_of_the_words_is_blank() -> None:
    text = " ".join(f"w{number}" for number in range(40))
    found = exact_blanks(text, 0.3, np.random.default_rng(1))
    assert found.split().count(BLANK) == 12
    assert {*found.split()} - {BLANK} <= {*text.split()}


def filling(request: Request) -> JsonValue:
    """A model that says `word` for each blank; a turn with `card` in it stays blank."""
    text = request.messages[0].content or ""
    lines = [line.partition(". ")[2] for line in text.splitlines() if line[:1].isdigit()]
    return {"turns": [line if "card" in line else line.replace(BLANK, "word") for line in lines]}


async def test_a_model_fills_in_blanks_and_what_it_leaves_blank_is_rejected_and_listed() -> None:
    model = ScriptedModel(filling)
    made = await perturb(SAMPLES, "blankfill", 0.3, PerturbationOptions(model=model))
    rejected = {one.source for one in made.record.rejected}
    assert rejected and made.record.delivered + len(rejected) == made.record.asked == len(SAMPLES)
    assert all("a blank is left" in one.reason for one in made.record.rejected)
    for one in made.samples:
        source = next(each for each in SAMPLES if each.id == one.source)
        assert one.calls == source.calls and one.said_by("assistant") == source.said_by("assistant")
        assert len(one.turns) == len(source.turns) and BLANK not in one.text.split()


async def test_words_that_a_model_changes_beside_the_blanks_are_not_taken() -> None:
    model = ScriptedModel(lambda _: cast(JsonObject, {"turns": ["something else"]}))
    one = Sample(id="x", turns=(Turn(speaker="user", text="book a room in oslo for friday"),))
    made = await perturb([one], "blankfill", 0.3, PerturbationOptions(model=model))
    assert made.samples == () and "is not kept in its place" in made.record.rejected[0].reason
    said = Sample(id="y", turns=(Turn(speaker="user", text="a b c"), Turn(speaker="assistant", text="a _ here")))
    whole = await perturb([said], "blankfill", 1.0, PerturbationOptions(model=ScriptedModel([{"turns": ["x y z"]}])))
    assert [turn.text for turn in whole.samples[0].turns] == ["x y z", "a _ here"]


async def test_the_methods_draw_as_the_original_does_where_that_is_asked_for() -> None:
    model = ScriptedModel(writing)
    made = await perturb(SAMPLES, "fewshot", 3, PerturbationOptions(seed=7, original=True, model=model))
    references = FewShotDraws(len(SAMPLES), 3, 7).references
    assert [one.source for one in made.samples] == [one.id for one in SAMPLES]
    assert [one.attributes for one in made.samples] == [SAMPLES[place].attributes for place in references]


def writing(request: Request) -> JsonObject:
    number = request.seed or 0
    said: JsonObject = {"speaker": "user", "text": f"A new request, number {number}."}
    return {"turns": [said], "calls": [{"name": "find", "arguments": {"id": f"N{number}"}}]}


@pytest.mark.parametrize(("method", "kinds"), [("fewshot", 1), ("fewshot_random", 20)])
async def test_a_model_writes_as_many_samples_after_examples(method: str, kinds: int) -> None:
    model = ScriptedModel(writing)
    made = await perturb(SAMPLES, method, 3, PerturbationOptions(model=model))
    assert made.record.delivered == len(SAMPLES) and len({one.text for one in made.samples}) == len(SAMPLES)
    shown = {(one.messages[0].content or "").partition("Write one new")[0] for one in model.asked}
    assert len(shown) == kinds
    assert all(one.calls[0].name == "find" for one in made.samples)


async def test_a_copy_of_a_sample_is_no_new_one() -> None:
    first = SAMPLES[0]
    turns = [turn.model_dump() for turn in first.turns]
    model = ScriptedModel(lambda _: cast(JsonObject, {"turns": turns, "calls": []}))
    made = await perturb(SAMPLES[:2], "fewshot", 1, PerturbationOptions(model=model))
    assert (
        made.samples == () and [one.reason for one in made.record.rejected] == ["it repeats a sample word for word"] * 2
    )


@pytest.mark.parametrize(
    ("turns", "arguments", "said"),
    [
        ([{"speaker": "user", "text": "one\nassistant: two"}], {}, "its turns cannot be told apart"),
        ([{"speaker": "user", "text": "one"}], {"a b": 1}, "its calls cannot be written as code"),
    ],
)
async def test_what_a_model_writes_must_come_back_from_its_file(
    turns: list[Any], arguments: dict[str, Any], said: str
) -> None:
    samples = [with_code(one) for one in SAMPLES[:2]]
    answer = cast(JsonObject, {"turns": turns, "calls": [{"name": "find", "arguments": arguments}]})
    made = await perturb(samples, "fewshot", 1, PerturbationOptions(model=ScriptedModel(lambda _: answer)))
    assert made.samples == () and all(said in one.reason for one in made.record.rejected)


@pytest.mark.parametrize(
    ("method", "options", "said"),
    [
        ("truncate", PerturbationOptions(original=True), "truncate takes no draws of the original"),
        ("shuffle", PerturbationOptions(label="kind"), "shuffle takes no label or classes"),
        ("invalidate", PerturbationOptions(positions=(3,)), "invalidate takes no samples to copy"),
    ],
)
async def test_an_option_of_another_method_is_refused(method: str, options: PerturbationOptions, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        await perturb(SAMPLES, method, 0.5, options)


async def test_a_dataset_of_which_nothing_would_be_left_is_refused() -> None:
    with pytest.raises(UsageError, match="no sample would be left"):
        await perturb(SAMPLES, "drop_minority", 1, PerturbationOptions(label="kind", classes=9))
    with pytest.raises(UsageError, match="30 examples cannot be drawn of 20 samples"):
        await perturb(SAMPLES, "fewshot", 30, PerturbationOptions(model=ScriptedModel([])))


@pytest.mark.parametrize(
    ("method", "value", "said"),
    [
        ("nothing", 0.5, "there is no method 'nothing'; there are oversample, blankfill"),
        ("invalidate", 1.5, "the share of the samples is from 0 to 1, and not 1.5"),
        ("fewshot", 3, "fewshot needs a model"),
        ("fewshot", float("nan"), "is from 0 to 1000, and not nan"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_sentence(method: str, value: float, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        await perturb(SAMPLES, method, value, PerturbationOptions())


def always_zero(*_: object) -> float:
    return 0.0


async def no_vectors(_: object) -> VectorTable | None:
    return None


def plan(method: str, *strengths: float, seed: int = 123) -> Sweep:
    return Sweep(method, strengths, PerturbationOptions(seed=seed), EvaluationOptions(resamples=0), no_vectors)


async def test_a_sweep_measures_each_strength_once_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    real = dataset([with_code(one) for one in SAMPLES])
    seen: list[SweepPoint] = []
    first = await sweep(real, plan("invalidate", 0.0, 0.5), tmp_path, seen.append)
    kept = (tmp_path / "sweep.jsonl").read_bytes()
    again = await sweep(real, plan("invalidate", 0.0, 0.5, 1.0), tmp_path, seen.append)
    assert again[:2] == first and (tmp_path / "sweep.jsonl").read_bytes().startswith(kept)
    assert [one.measures["argument values"] for one in again] == sorted(
        one.measures["argument values"] for one in again
    )
    assert (trend_of(again, "argument values"), trend_of(again, "calls as in the source")) == ("rises", "falls")
    assert trend_of(again, "tool use") == "same"
    assert read_dataset(str(tmp_path / "invalidate-0.5.jsonl")).samples[0].source is not None
    page = sweep_page(again, "made")
    assert "argument values" in page and "<script" not in page and page.count("<svg") >= 3
    with pytest.raises(RecordError, match="was made with seed 123, and now it is 5"):
        await sweep(real, plan("invalidate", 0.5, seed=5), tmp_path)
    copies = replace(plan("oversample", 0.5), options=PerturbationOptions(positions=(4,)))
    with pytest.raises(RecordError, match="was made with copies of"):
        await sweep(real, copies, tmp_path)
    with pytest.raises(RecordError, match="was made with dataset"):
        await sweep(dataset(made_samples(9)), plan("invalidate", 0.5), tmp_path)


async def test_planted_defects_are_noticed_and_a_measure_that_sleeps_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = Dataset("made", tuple(made_samples(40)), "dialogue")
    options = PerturbationOptions(label="kind")
    found = await check_sanity(real, options, EvaluationOptions(resamples=0), vectors=no_vectors)
    assert {one.defect for one in found.results} == {name for name, one in METHODS.items() if not one.needs_model}
    assert all(one.is_right for one in found.results)
    monkeypatch.setattr("toolworld.datasets.evaluation.measures.tool_calls.planning_distance", always_zero)
    asleep = await check_sanity(real, options, EvaluationOptions(resamples=0), vectors=no_vectors)
    wrong = {(one.defect, one.measure) for one in asleep.results if not one.is_right}
    assert wrong == {("shuffle", "2-step planning"), ("shuffle", "3-step planning")}
