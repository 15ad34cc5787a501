"""Samples judged by a model: what it says becomes checks, and what it cannot say is left out."""

from tests.support.samples import dataset, made_samples

from toolworld.datasets import EvaluationOptions, Sample, evaluate
from toolworld.ground import JsonValue
from toolworld.judges import SampleJudge, judge_samples
from toolworld.llm import Request, ScriptedModel

SAMPLES = made_samples(12, with_output=True)


def opinion(right: str, why: str = "") -> JsonValue:
    return {"why": why, "right": right}


async def test_what_a_judge_says_of_calls_and_output_is_a_share_in_the_report() -> None:
    def answer(request: Request) -> JsonValue:
        text = request.messages[0].content or ""
        calls = opinion("no", "it books twice") if text.count("book(") > 1 else opinion("yes")
        return {"calls": calls, "output": opinion("unclear", "nobody could tell")}

    model = ScriptedModel(answer)
    done: list[int] = []
    judged = await judge_samples(SampleJudge(model), SAMPLES, most=8, seed=1, on_sample=lambda: done.append(1))
    found = [one for one in judged.samples if one.checks]
    assert (judged.asked, judged.unusable) == (8, 0) and len(found) == len(done) == len(model.asked) == 8
    assert all(one.checks.keys() == {"calls by judge"} for one in found)
    wrong = [one for one in found if not one.checks["calls by judge"]]
    assert all([call.name for call in one.calls].count("book") > 1 for one in wrong)
    report = evaluate(dataset(SAMPLES), dataset(judged.samples), options=EvaluationOptions(resamples=0)).report.by_name
    assert report["calls right by judge"].value == 1 - len(wrong) / 8
    assert "output right by judge" not in report


async def test_the_judge_is_shown_what_was_said_called_and_put_out() -> None:
    model = ScriptedModel([{"calls": opinion("yes"), "output": opinion("yes")}])
    checks = await SampleJudge(model).judge(SAMPLES[0])
    assert checks == {"calls by judge": True, "output by judge": True}
    text = model.asked[0].messages[0].content or ""
    assert SAMPLES[0].text in text and "find(id=" in text and "(not recorded)" in text


async def test_a_no_without_a_reason_is_asked_again_and_then_left_out() -> None:
    bare = {"calls": opinion("no"), "output": opinion("yes")}
    model = ScriptedModel([bare, bare, bare])
    judged = await judge_samples(SampleJudge(model), SAMPLES[:1], most=5)
    assert judged == (tuple(SAMPLES[:1]), 1, 1) and len(model.asked) == 3


async def test_a_sample_with_nothing_to_judge_costs_nothing() -> None:
    model = ScriptedModel([])
    assert await SampleJudge(model).judge(Sample(id="x")) == {}
