"""Repair: the better version is kept, calls never change unseen, and what was tried is told either way."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from toolworld.ground import BudgetError, JsonValue, ModelError
from toolworld.judges import Judgement, Repaired, Repairer, RepairSource, RubricJudge, ShownRun, Version, load_rubric
from toolworld.judges.repair.repairer import problems_of
from toolworld.judges.repair.texts import frozen_parts, rebuilt, writable_turns
from toolworld.llm import Message, Request, ScriptedModel, ToolCall

CONVERSATION = load_rubric("conversation")
TALK = (
    Message(role="user", content="Renew Middlemarch, please."),
    Message(
        role="assistant", content="BAD loan?", tool_calls=(ToolCall(id="1", name="renew", arguments={"loan": "L1"}),)
    ),
    Message(role="tool", content='{"due":"2026-03-23"}', tool_call_id="1"),
    Message(role="assistant", content="BAD. Done did it."),
)
RUN = ShownRun(id="r", messages=TALK)


def said(messages: tuple[Message, ...]) -> str:
    return " ".join(one.content or "" for one in messages)


def judge() -> RubricJudge:
    """A judge that gives 5 for what has no BAD in it, 3 for one, and 1 for more."""

    def answer(request: Request) -> JsonValue:
        text = request.messages[0].content or ""
        bad = text.split("The run:")[1].split("Questions:")[0].count("BAD")
        one: JsonValue = {"why": "It is as it is.", "turns": [0], "answer": (5, 3, 1)[min(bad, 2)]}
        return {"q1": one, "q2": one, "q3": one}

    return RubricJudge([ScriptedModel(answer, name="judge")], CONVERSATION)


def source(
    speakers: tuple[str, ...] = ("user", "assistant"), again: Callable[[str], Any] | None = None
) -> RepairSource[str]:
    async def reworded(_: str, messages: tuple[Message, ...]) -> Version[str]:
        return Version(replace(RUN, messages=messages), said(messages))

    return RepairSource(Version(RUN, said(TALK)), frozenset(speakers), reworded, again)


async def repaired(*answers: Any, most: int = 2, of: RepairSource[str] | None = None) -> Repaired[str]:
    before = await judge().judge(RUN)
    model = ScriptedModel([*answers], name="mender")
    return await Repairer(model, judge(), most=most).repair(of or source(), before)


def texts(**by_turn: str) -> JsonValue:
    return {"turns": [{"turn": int(turn[1:]), "text": text} for turn, text in by_turn.items()]}


async def test_some_words_are_written_anew_and_the_run_passes() -> None:
    found = await repaired(texts(t1="One moment.", t3="It is renewed until 23 March."))
    assert (found.judgement.passed, found.history.repaired) == (True, True)
    [attempt] = found.history.attempts
    assert (attempt.way, attempt.kept, attempt.turns, attempt.calls_again) == ("surgical", True, (1, 3), False)
    assert (attempt.mean_before, attempt.mean_after, attempt.by) == (1.0, 5.0, "mender")
    assert frozen_parts(found.version.shown.messages)[1:] == frozen_parts(TALK)[1:]
    assert (
        found.version.kept
        == 'Renew Middlemarch, please. One moment. {"due":"2026-03-23"} It is renewed until 23 March.'
    )


async def test_what_is_a_little_better_is_kept_and_gone_on_from_and_worse_is_not() -> None:
    worse: JsonValue = {"messages": [{"by": "user", "text": "BAD"}, {"calls": 0}, {"by": "agent", "text": "BAD BAD"}]}
    found = await repaired(texts(t3="It is renewed."), worse)
    first, second = found.history.attempts
    assert (first.kept, first.mean_after, second.kept, second.mean_after) == (True, 3.0, False, 1.0)
    assert found.judgement.mean == 3.0 and not found.history.repaired
    assert "It is renewed." in found.version.kept


async def test_a_whole_conversation_is_written_anew_around_its_calls() -> None:
    whole: JsonValue = {
        "messages": [
            {"by": "user", "text": "Could you renew Middlemarch?"},
            {"by": "agent", "text": "Of course."},
            {"calls": 0},
            {"by": "agent", "text": "It is yours until 23 March."},
        ]
    }
    talk = (TALK[0], TALK[1].model_copy(update={"content": None}), *TALK[2:])
    run = replace(RUN, messages=talk)

    async def reworded(_: str, messages: tuple[Message, ...]) -> Version[str]:
        return Version(replace(run, messages=messages), said(messages))

    before = await judge().judge(run)
    one = RepairSource(Version(run, said(talk)), frozenset({"user", "assistant"}), reworded)
    model = ScriptedModel([texts(t3="BAD still BAD"), whole])
    found = await Repairer(model, judge()).repair(one, before)
    assert [attempt.way for attempt in found.history.attempts] == ["surgical", "full"] and found.history.repaired
    assert frozen_parts(found.version.shown.messages) == frozen_parts(talk)


@pytest.mark.parametrize(
    "parts",
    [
        [{"by": "user", "text": "Hello."}],  # a call is lost
        [{"calls": 0}, {"calls": 0}],  # made twice
        [{"calls": 0, "text": "x"}],
        [{"by": "tool", "text": '{"due":"2027-01-01"}'}, {"calls": 0}],  # a result is made up
    ],
)
async def test_calls_are_never_lost_repeated_or_made_up(parts: list[JsonValue]) -> None:
    wrong: JsonValue = {"messages": parts}
    found = await repaired(texts(t3="BAD still"), wrong, wrong, wrong)
    assert found.history.attempts[1].refused == "the model gave no answer that can be used"
    assert frozen_parts(found.version.shown.messages)[1:] == frozen_parts(TALK)[1:] and not found.history.repaired


@pytest.mark.parametrize("answer", [texts(t2="made up"), texts(t9="nowhere"), {"turns": []}, "no JSON", {}])
async def test_an_answer_that_cannot_be_used_leaves_the_run_and_is_told(answer: Any) -> None:
    found = await repaired(answer, answer, answer, most=1)
    [attempt] = found.history.attempts
    assert attempt.refused == "the model gave no answer that can be used" and not attempt.kept
    assert found.version.shown is RUN


async def test_where_the_user_may_not_be_rewritten_the_task_is_played_again() -> None:
    told: list[str] = []

    async def again(problems: str) -> Version[str]:
        told.append(problems)
        new = (TALK[0], Message(role="assistant", content="It was renewed by another call."))
        return Version(replace(RUN, messages=new), said(new))

    found = await repaired(texts(t3="BAD"), of=source(("assistant",), again))
    last = found.history.attempts[-1]
    assert (last.way, last.calls_again, last.kept, found.history.repaired) == ("full", True, True, True)
    assert '"score":1.0' in told[0]
    nobody = await repaired(texts(t3="BAD"), of=source(("assistant",)))
    assert "nobody plays the task again" in (nobody.history.attempts[-1].refused or "")


async def test_what_passes_or_cannot_be_judged_is_left_alone() -> None:
    model = ScriptedModel([])
    for passed in (True, None):
        judgement = Judgement(run="r", rubric="conversation", judges=("judge",), passed=passed)
        found = await Repairer(model, judge()).repair(source(), judgement)
        assert found.history.attempts == () and not found.history.repaired and not model.asked


def test_new_words_stand_where_they_are_put_and_problems_are_lines_of_json() -> None:
    made = rebuilt(TALK, [{"by": "agent", "text": "Hello."}, {"calls": 0}, {"calls": 7}])
    assert [one.role for one in made] == ["assistant", "assistant", "tool"]
    judgement = Judgement(run="r", rubric="conversation", judges=(), passed=False)
    assert problems_of(judgement) == ""


async def test_what_the_user_agreed_to_is_never_written_anew() -> None:
    asked = Message(role="assistant", content="BAD. I would close your account. Shall I?")
    run = replace(RUN, messages=(TALK[0], asked, Message(role="user", content="Yes.", agrees="yes"), *TALK[1:]))
    assert writable_turns(run.messages, {"assistant"}) == [3, 5]
    assert writable_turns(run.messages[:2], {"assistant"}) == [1]
    assert writable_turns(run.messages, {"user", "assistant"}) == [0, 2, 3, 5]
    model = ScriptedModel([texts(t1="I would renew Middlemarch. Shall I?")] * 3)
    before = await judge().judge(run)
    source_of = replace(source(("assistant",)), version=Version(run, ""))
    found = await Repairer(model, judge(), most=1).repair(source_of, before)
    assert found.history.attempts[0].refused == "the model gave no answer that can be used"
    assert found.version.shown.messages[1] is asked


@pytest.mark.parametrize("problem", [ModelError("m does not answer"), BudgetError("the budget is spent")])
async def test_a_model_that_fails_is_a_try_that_came_to_nothing(problem: Exception) -> None:
    found = await repaired(problem, problem, problem, problem)
    assert str(problem) in (found.history.attempts[0].refused or "") and found.version.shown is RUN
    assert len(found.history.attempts) == 2 and not found.history.repaired
