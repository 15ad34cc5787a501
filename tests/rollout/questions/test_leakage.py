"""Leakage and verbosity: AgentFlow's cases, and those it gets wrong."""

import time

import pytest

from toolworld.rollout.questions.leakage import leaks, same_answer, verbosity, words_in_answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which city hosted the 2004 final?", "Athens"),
        ("How many winners in 2010?", "1"),
        ("Does she know Python?", "No"),
        ("Is it yes or no?", "No"),
        ("Who chairs the northern board?", "North"),
        ("東京はどこですか", "大阪"),
    ],
)
def test_a_question_that_does_not_say_its_answer_leaks_nothing(question: str, answer: str) -> None:
    assert leaks(question, answer) is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which city, Athens or Rome, hosted it?", "Athens"),
        ("Was ATHENS the host?", "athens."),
        ("Who founded the Slate Society of Tornby?", "The Slate Society"),
        ("What happened on 4 May 2026?", "2026-05-04"),
        ("Who paid 12000 crowns?", "12,000"),
        ("Did the UNO meet?", "United Nations Organisation"),
        ("Where is Malmo?", "Malmö"),
        ("Was it on_loan?", "on loan"),
        ("Is 東京都 large?", "東京"),
        ("Is it Ring workshop?", "Ring workshop (Tornby)"),
        ("Were there 1,234 sales?", "1234"),
        ("Was it $5,000?", "5000"),
        ("Was it on 5th January 2026?", "2026-01-05"),
        ("Was it on 2026-01-05?", "5 January 2026"),
        ("Is it in the U.S. today?", "US"),
        ("Did the United States of America vote?", "USA"),
        ("Was it Ives, Ann?", "Ann Ives"),
        ("Is Lodz large?", "Łódź"),
        ("Is it to\u200bkyo?", "Tokyo"),
    ],
)
def test_an_answer_that_stands_in_its_question_in_any_form_leaks(question: str, answer: str) -> None:
    assert leaks(question, answer) is not None


def test_another_name_of_the_answer_leaks_too() -> None:
    assert leaks("Who is customer C-17?", "Ann Ives") is None
    assert leaks("Who is customer C-17?", "Ann Ives", ["C-17"]) == "C-17"


@pytest.mark.parametrize(
    ("answer", "is_long"),
    [
        (" ".join(["word"] * 85), False),
        (" ".join(["word"] * 86), True),
        ("x" * 500, False),
        ("x" * 501, True),
        ("字" * 499, True),
        ("字" * 170, False),
        ("слово " * 86, True),
    ],
)
def test_length_is_counted_in_words_of_any_script(answer: str, is_long: bool) -> None:
    assert (verbosity(answer) is not None) is is_long


def test_words_with_an_apostrophe_are_one_and_two_characters_without_spaces_are_one() -> None:
    assert words_in_answer("the keeper's boat") == 3
    assert words_in_answer("東京都 is big") == 2 + 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Slate Society.", "slate society"),
        ("12,000", "12000"),
        ("0.10", "0.1"),
        ("12.0", "12"),
        ("5 January 2026", "January 5, 2026"),
        ("2026-01-05", "5 Jan 2026"),
        ("Malmö", "Malmo"),
    ],
)
def test_answers_that_differ_in_form_only_are_the_same(one: str, other: str) -> None:
    assert same_answer(one, other) and same_answer(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tornby", "Port Ansel"),
        ("", ""),
        ("New York City", "North Yorkshire Council"),
        ("-5", "5"),
        ("5%", "5"),
        ("1.500", "1500"),
        ("1.000", "1,000"),
        ("C++", "C#"),
        ("Paris (Texas)", "Paris (France)"),
        ("दिन", "दान"),
        ("ดี", "ดิ"),
        ("x²", "x2"),
    ],
)
def test_answers_that_say_something_else_are_not_the_same(one: str, other: str) -> None:
    assert not same_answer(one, other)


@pytest.mark.parametrize("text", ["Aa" * 50_000, "A-" * 50_000, "1," * 50_000, "a." * 50_000, "A of " * 20_000])
def test_odd_texts_take_little_time(text: str) -> None:
    began = time.process_time()
    leaks(text, text[:400])
    assert time.process_time() - began < 10
