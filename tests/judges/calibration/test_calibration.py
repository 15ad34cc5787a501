"""Judges measured on known runs: the rates that they err at are found, and chance is called chance."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from toolworld.datasets import CheckResult, Verdict
from toolworld.ground import JsonValue, RecordError, UsageError
from toolworld.judges import (
    Calibration,
    CalibrationCard,
    Calibrator,
    CardFile,
    KnownRun,
    Label,
    Rate,
    ShownRun,
    card_page,
    load_card,
    load_rubric,
    read_labels,
)
from toolworld.judges.calibration.agreement import cohens_kappa
from toolworld.judges.calibration.rates import Opinion, judge_rates
from toolworld.llm import Message, Request, ScriptedModel

SYNTHTOOLS = load_rubric("synthtools")
KINDS = {True: ("right", "other_words"), False: ("dropped_write", "invented_fact")}


def known(number: int, good: bool, outcome: Any = "unclear") -> KnownRun:
    """A run of which the judge can see whether it is right: its user says so."""
    name = f"run-{number}"
    found, score = (outcome, float(outcome == "pass")) if outcome != "unclear" else ("unclear", None)
    checks = tuple(
        CheckResult(name=one, outcome=found, score=score, evidence=("the loan is not renewed",))  # type: ignore[arg-type]
        for one in ("state", "policy")
    )
    verdict = Verdict(trajectory=name, task="t", seed=0, outcome=outcome, reward=None, scores={}, checks=checks)
    words = f"number {number} is {'good' if good else 'bad'}"
    shown = ShownRun(id=name, messages=(Message(role="user", content=words),), environment="library", verdict=verdict)
    return KnownRun(Label(run=name, good=good, kind=KINDS[good][number % 2]), shown)


RUNS = [known(number, number % 2 == 0) for number in range(400)]


def judge_of(says: Callable[[int, bool], bool | None], name: str = "scripted") -> ScriptedModel:
    """A model that passes a run or not, by its number and by whether it is good; None for an unusable answer."""

    def answer(request: Request) -> JsonValue:
        text = request.messages[0].content or ""
        number = int(text.split("number ")[1].split()[0])
        passes = says(number, f"number {number} is good" in text)
        if passes is None:
            return {"q1": "I would rather not say"}
        one: JsonValue = {"why": "As its user says.", "turns": [0], "answer": "pass" if passes else "fail"}
        return {"q1": one, "q2": one} if "q2." in text else {"q1": one}

    return ScriptedModel(answer, name=name)


def erring(missed: float, alarms: float, seed: int = 1) -> Callable[[int, bool], bool]:
    """Misses so many bad runs, and fails so many good ones."""

    def says(number: int, good: bool) -> bool:
        slips = random.Random(f"{seed}:{number}").random() < (alarms if good else missed)
        return good != slips

    return says


async def calibrated(*models: ScriptedModel, runs: list[KnownRun] = RUNS, **options: Any) -> Calibration:
    return await Calibrator(models, SYNTHTOOLS, **options).calibrate(runs)


async def test_a_judge_that_is_always_right_has_no_misses_and_cites_it() -> None:
    found = await calibrated(judge_of(lambda _, good: good))
    rates = found.card.rates_of("scripted")
    assert rates is not None and not rates.is_at_chance
    assert (rates.recall.value, rates.false_alarms.value, rates.precision.value) == (1.0, 0.0, 1.0)
    assert not [one for one in found.misses if one.judge == "scripted"]
    cited = found.card.citation(has_checks=False)
    assert "catches 100.0%" in cited and found.card.id in cited


@pytest.mark.parametrize(("missed", "alarms"), [(0.1, 0.05), (0.3, 0.2), (0.02, 0.4)])
async def test_the_rates_at_which_a_judge_errs_are_within_its_intervals(missed: float, alarms: float) -> None:
    card = (await calibrated(judge_of(erring(missed, alarms)))).card
    rates = card.rates_of("scripted")
    assert rates is not None
    assert rates.recall.low <= 1 - missed <= rates.recall.high
    assert rates.false_alarms.low <= alarms <= rates.false_alarms.high
    assert {one.kind: one.runs for one in rates.by_kind} == {name: 100 for kind in KINDS.values() for name in kind} or [
        one.runs for one in rates.by_kind
    ] == [200, 200]


def always(passes: bool) -> Callable[[int, bool], bool]:
    return lambda _number, _good: passes


@pytest.mark.parametrize("says", [erring(0.5, 0.5), always(True), always(False)])
async def test_a_judge_at_chance_is_said_to_be_at_chance(says: Callable[[int, bool], bool]) -> None:
    card = (await calibrated(judge_of(says))).card
    rates = card.rates_of("scripted")
    assert rates is not None and rates.is_at_chance
    assert "judges no better than chance" in card.citation(has_checks=False)
    assert "**scripted judges no better than chance.**" in card_page(card)


async def test_answers_that_cannot_be_used_are_undecided_and_neither_caught_nor_alarms() -> None:
    card = (await calibrated(judge_of(lambda number, good: None if number % 4 < 2 else good))).card
    rates = card.rates_of("scripted")
    assert rates is not None
    assert (rates.undecided.value, rates.recall.value, rates.false_alarms.value) == (0.5, 0.5, 0.0)


async def test_a_judge_is_asked_without_what_the_checks_found_and_together_the_checks_come_first() -> None:
    runs = [known(0, True, "pass"), known(1, False, "fail"), known(2, True), known(3, False), known(5, False, "pass")]
    model = judge_of(lambda _, good: not good)  # always wrong
    found = await calibrated(model, runs=runs)
    assert len(model.asked) == 5 + 2  # by itself, and of the two runs that the checks leave open
    assert not any("the loan is not renewed" in (one.messages[0].content or "") for one in model.asked[:5])
    both = found.card.rates_of("checks and judge")
    assert both is not None  # right about the first two by the checks, wrong about all others
    assert (both.recall.value, both.false_alarms.value) == (pytest.approx(1 / 3), 0.5)
    wrong = {one.label.run for one in found.misses if one.judge == "checks and judge"}
    assert wrong == {"run-2", "run-3", "run-5"}
    by_checks = [(one.label.run, one.passes) for one in found.misses if one.judge == "checks"]
    assert by_checks == [("run-2", None), ("run-3", None), ("run-5", True)]


async def test_judges_are_compared_with_each_other_and_with_themselves() -> None:
    one, other = judge_of(erring(0.1, 0.1), "one"), judge_of(erring(0.1, 0.1, seed=2), "other")
    card = (await calibrated(one, other, repeats=2)).card
    pairs = {(pair.one, pair.other): pair for pair in card.agreements}
    itself, each = pairs["one", "one, again 1"], pairs["one", "other"]
    assert (itself.share, itself.kappa, itself.runs) == (1.0, 1.0, 400)
    assert each.share is not None and 0.75 < each.share < 0.9 and each.kappa is not None and 0.5 < each.kappa < 0.8
    assert [rates.judge for rates in card.rates] == ["checks", "one", "other", "panel", "checks and judge"]
    assert card.rates_of("panel") is not None


def test_kappa_is_nought_for_chance_one_for_the_same_and_none_where_nothing_varies() -> None:
    assert cohens_kappa([(True, True), (True, False), (False, True), (False, False)]) == 0
    assert cohens_kappa([(True, True), (False, False)]) == 1
    assert cohens_kappa([(True, False), (False, True)]) == -1
    assert cohens_kappa([(True, True)] * 3) is None and cohens_kappa([]) is None
    # by hand: both yes 20, both no 15, 5 and 10 apart, of 50 (Cohen's own kind of example)
    pairs = [(True, True)] * 20 + [(False, False)] * 15 + [(True, False)] * 5 + [(False, True)] * 10
    assert cohens_kappa(pairs) == pytest.approx(0.4)


def test_rates_count_by_kind_and_an_interval_holds_its_share() -> None:
    labels = [Label(run=str(number), good=number < 3, kind="right" if number < 3 else "denied") for number in range(8)]
    said = [True, False, None, False, False, True, None, False]
    rates = judge_rates("judge", [Opinion(*pair) for pair in zip(labels, said, strict=True)])
    assert (rates.recall.value, rates.false_alarms.value, rates.precision.value) == (0.6, pytest.approx(1 / 3), 0.75)
    [right, denied] = rates.by_kind
    assert (right.kind, right.good, right.passed, right.failed, right.undecided) == ("right", True, 1, 1, 1)
    assert (denied.kind, denied.good, denied.passed, denied.failed, denied.undecided) == ("denied", False, 1, 3, 1)
    assert Rate.share(0, 0).value is None
    for count in range(11):
        rate = Rate.share(count, 10)
        assert rate.value is not None and rate.low <= rate.value <= rate.high


async def test_a_card_speaks_for_its_judges_and_its_rubric_only(tmp_path: Path) -> None:
    card = (await calibrated(judge_of(lambda _, good: good), runs=RUNS[:8])).card
    path = tmp_path / "card.json"
    path.write_bytes(CardFile(id=card.id, card=card).json_bytes())
    assert load_card(path) == card
    edited = path.read_text().replace('"runs":8', '"runs":80')
    path.write_text(edited)
    with pytest.raises(RecordError, match="was changed since it was written"):
        load_card(path)
    card.require(["scripted"], SYNTHTOOLS, 1)
    other = SYNTHTOOLS.model_copy(update={"items": SYNTHTOOLS.items[:1]})
    for judges, rubric, samples, why in (
        (["local"], SYNTHTOOLS, 1, "for judges scripted, and this is local"),
        (["scripted"], load_rubric("conversation"), 1, "the rubric synthtools, and this is conversation"),
        (["scripted"], SYNTHTOOLS, 3, "samples 1, and this is 3"),
        (["scripted"], other, 1, "another version of the rubric"),
    ):
        with pytest.raises(RecordError, match=why):
            card.require(judges, rubric, samples)


def test_what_people_say_of_runs_is_read_and_bad_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({"run": "a", "good": True, "by": "anna"}) + "\n")
    assert read_labels(path)["a"].by == "anna"
    for text, why in (
        ("", "holds no labels"),
        ('{"run": "a", "good": true}\n' * 2, "run a is labelled twice"),
        ('{"run": "a", "good": true}\n{"run"', "the last line is cut off"),
        ('{"run": "a", "good": "perhaps"}\n', "good"),
    ):
        path.write_text(text)
        with pytest.raises(RecordError, match=why):
            read_labels(path)


def test_the_id_of_a_card_changes_with_what_it_says() -> None:
    rates = judge_rates("checks", [Opinion(one.label, True) for one in RUNS])
    card = CalibrationCard(
        judges=(),
        rubric=None,
        rubric_digest=None,
        samples=1,
        environments=("library",),
        runs=400,
        labelled_by={"derived": 400},
        rates=(rates,),
    )
    assert card.id == card.model_copy().id != card.model_copy(update={"runs": 401}).id
    assert "fails" in card.citation(has_checks=True)


async def test_few_runs_cannot_tell_a_judge_from_chance_and_that_is_said() -> None:
    card = (await calibrated(judge_of(lambda _, good: good), runs=RUNS[:4])).card
    rates = card.rates_of("scripted")
    assert rates is not None and rates.has_too_few_runs and not rates.is_at_chance
    assert "saw too few runs to be told from chance" in card.citation(has_checks=False)


async def test_a_judge_that_gives_no_answer_is_counted_with_its_reason() -> None:
    found = await calibrated(judge_of(lambda _number, _good: None), runs=RUNS[:6])
    assert found.card.failures == {"scripted": 6}
    assert all(
        one.passes is None and "no answer that can be used" in one.why
        for one in found.misses
        if one.judge == "scripted"
    )


async def test_each_repeat_counts_and_two_judges_of_one_name_are_refused() -> None:
    card = (await calibrated(judge_of(lambda _, good: good), runs=RUNS[:4], repeats=4)).card
    assert [one.other for one in card.agreements[:3]] == [f"scripted, again {number}" for number in (1, 2, 3)]
    with pytest.raises(UsageError, match="two judges have one name"):
        Calibrator([judge_of(always(True)), judge_of(always(False))], SYNTHTOOLS)


async def test_the_card_cites_the_checks_and_the_models_together_where_both_judged() -> None:
    runs = [known(number, number % 2 == 0, ("pass", "fail")[number % 2]) for number in range(80)]
    card = (await calibrated(judge_of(always(True)), runs=runs)).card
    assert "no better than chance" in card.citation(has_checks=False)
    assert "catches 100.0%" in card.citation(has_checks=True)


@pytest.mark.parametrize("value", [7.5, -0.1, float("nan")])
def test_a_share_is_from_nought_to_one(value: float) -> None:
    with pytest.raises(ValidationError):
        Rate(value=value, low=0.1, high=0.2, of=5)
