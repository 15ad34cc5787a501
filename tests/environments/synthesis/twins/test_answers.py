"""What captured answers say, how they look, and where in the recording they stand."""

from typing import Any

import pytest
from tests.support.recordings import capture_of, refused, text, told

from toolworld.environments import RecordedAnswer, ResultForm
from toolworld.environments.synthesis.twins.answers import form_of, has_form, read_answer, recorded_answers

ERROR: dict[str, Any] = {"error": {"code": -32602, "message": "no"}}
PICTURE: dict[str, Any] = {"content": [{"type": "image", "data": "eA==", "mimeType": "image/png"}]}


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (told({"a": 1}), ({"a": 1}, None)),
        (text('{"a": 1}'), ({"a": 1}, None)),
        (text("[half"), ("[half", None)),
        (text("12"), ("12", None)),
        (refused("gone"), (None, "gone")),
        (ERROR, (None, "no")),
        (PICTURE, (PICTURE["content"], None)),
    ],
)
def test_an_answer_is_a_result_or_a_refusal(answer: dict[str, Any], read: object) -> None:
    assert read_answer(answer) == read


@pytest.mark.parametrize(
    ("answer", "form"),
    [
        (told({"a": 1}), ResultForm(style="indented_json")),
        (text('{"a":1}'), ResultForm(style="json", structured=False)),
        (text('{"a": [1, "\\u00fc"]}'), ResultForm(style="python_json", structured=False)),
        (text("hello"), ResultForm(style="plain", structured=False)),
        ({**text("hello"), "structuredContent": {"said": "hello", "n": 1}}, ResultForm(style="plain", member="said")),
        ({**text('["x"]'), "structuredContent": {"rows": ["x"]}}, ResultForm(style="json", member="rows")),
    ],
)
def test_the_form_of_results_is_found_from_their_text(answer: dict[str, Any], form: ResultForm) -> None:
    assert form_of([answer]) == form
    assert has_form(answer, form)
    assert not has_form({**answer, "_meta": {"x": 1}}, form)


def test_what_has_no_form_is_kept_word_for_word() -> None:
    assert form_of([PICTURE]) is None
    assert form_of([refused("gone")]) is None
    assert not has_form(ERROR, None)
    assert has_form(refused("gone"), None)


def answers_of(*calls: tuple[str, dict[str, Any], dict[str, Any] | None]) -> tuple[RecordedAnswer, ...]:
    names = {"get": "get", "put": "put"}
    return recorded_answers(capture_of(*calls).calls, names, {"get": False, "put": True}, {})


def test_writing_calls_move_the_recording_on_and_refused_ones_do_not() -> None:
    made = answers_of(
        ("get", {}, text("1")), ("put", {}, refused("no")), ("put", {"n": 1}, text("ok")), ("get", {}, text("2"))
    )
    assert [(one.position, one.moves) for one in made] == [(0, False), (0, False), (0, True), (1, False)]


def test_the_same_question_at_the_same_place_is_kept_once() -> None:
    assert len(answers_of(("get", {}, text("1")), ("get", {}, text("1")))) == 1


def test_a_question_that_is_answered_otherwise_moves_the_recording_on_itself() -> None:
    made = answers_of(
        ("get", {}, text("1")), ("get", {"n": 1}, text("9")), ("get", {}, text("2")), ("get", {}, text("3"))
    )
    assert [(one.position, one.result, one.moves) for one in made] == [
        (0, "1", True),
        (1, "9", False),
        (1, "2", True),
        (2, "3", True),
    ]


def test_a_refusal_that_moves_the_recording_on_is_a_result_that_looks_like_one() -> None:
    first, second = answers_of(("get", {}, refused("wait")), ("get", {}, text("done")))
    assert (first.moves, first.refusal, first.result, first.answer) == (True, None, "wait", refused("wait"))
    assert second.position == 1


def test_a_change_whose_answer_could_not_be_kept_still_moves_the_recording_on() -> None:
    made = answers_of(("put", {}, None), ("get", {}, None), ("get", {}, text("1")))
    assert [(one.tool, one.position, one.moves) for one in made] == [("put", 0, True), ("get", 1, False)]


def test_a_result_with_a_part_called_error_is_no_error_of_the_protocol() -> None:
    odd: Any = {**text("ok"), "error": {"code": 1, "message": "none"}}
    assert read_answer(odd) == ("ok", None)
    [kept] = answers_of(("get", {}, odd))
    assert kept.answer == odd
