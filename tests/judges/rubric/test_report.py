"""The report: it counts every run once, and is enough only where each bar is met."""

from typing import Any

from toolworld.judges import ItemJudgement, Judgement, evaluation_report, load_rubric, report_page

RUBRIC = load_rubric("conversation")
NAMES = ("tool_correctness", "task_completion", "naturalness")


def judgement(*scores: float | None, **more: Any) -> Judgement:
    items = tuple(
        ItemJudgement(item=name, score=score, why="why", by="model") for name, score in zip(NAMES, scores, strict=False)
    )
    known = [one for one in scores if one is not None]
    mean = sum(known) / len(known) if known and len(known) == len(scores) else None
    given = {"run": "r", "rubric": RUBRIC.name, "judges": ("m",), "items": items, "mean": mean, **more}
    return Judgement.model_validate(given)


def test_each_run_is_counted_once() -> None:
    runs = [
        judgement(5, 5, 5, passed=True, environment="a", pattern="x"),
        judgement(1, 5, 5, passed=False, environment="a", failed_gates=("tool_correctness",)),
        judgement(5, None, 5, environment="b"),
        judgement(failure="away", environment="b"),
        judgement(failure="void", blame="user"),
    ]
    report = evaluation_report(runs, RUBRIC)
    assert (report.runs, report.passed, report.failed, report.unclear, report.not_judged) == (5, 1, 1, 1, 2)
    assert (report.pass_rate, report.by_blame, report.failed_gates) == (0.5, {"user": 1}, {"tool_correctness": 1})
    assert {name: (one.runs, one.judged, one.passed) for name, one in report.by_environment.items()} == {
        "a": (2, 2, 1),
        "b": (2, 0, 0),
    }
    assert report.means["tool_correctness"] == 3.6667


def test_the_bar_is_met_only_where_every_mean_is_high_enough_and_nothing_is_missing() -> None:
    good = judgement(4, 4, 4, passed=True)
    assert evaluation_report([good], RUBRIC).is_enough
    assert evaluation_report([judgement(3, 5, 5)], RUBRIC).below == ("tool_correctness",)
    assert evaluation_report([judgement(4, 4, 3)], RUBRIC).is_enough  # naturalness may lie half a point lower
    assert evaluation_report([judgement(4, 4, 2.5)], RUBRIC).below == ("naturalness",)
    assert evaluation_report([good, judgement(failure="away")], RUBRIC).below == ("not_judged",)
    assert evaluation_report([good, judgement(failure="void", blame="user")], RUBRIC).is_enough
    assert evaluation_report([], RUBRIC).below == ("not_judged",)


def test_the_page_tells_of_what_did_not_pass_without_markup_of_strangers() -> None:
    runs = [
        judgement(5, 5, 5, passed=True, run="fine"),
        judgement(1, 5, 5, passed=False, run="<b>bad</b>", failed_gates=("tool_correctness",)),
        judgement(run="gone", failure="the model\nis away"),
    ]
    page = report_page(evaluation_report(runs, RUBRIC), runs)
    assert "\\<b\\>bad" in page and "tool_correctness: 1 (model)" in page and "the model is away" in page
    assert "### fine" not in page
