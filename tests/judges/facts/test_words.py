"""Typed facts in free text: wordings that tell a value, and wordings that do not, beyond the shared corpus too."""

from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.trials.words import CORPUS, corpus, read_cases

from toolworld.datasets import Fact
from toolworld.environments import Reads
from toolworld.judges import Heard, read_message, tell_in

FACT: TypeAdapter[Fact] = TypeAdapter(Fact)
TODAY = date(2026, 3, 2)
BRITISH = Reads(dates="dmy", country="44", currency="GBP")


def outcome(fact: dict[str, Any], *messages: str, results: tuple[Any, ...] = (), reads: Reads = BRITISH) -> str:
    readings = [read_message(message, TODAY, reads) for message in messages]
    heard = Heard((), results, TODAY, reads)
    return tell_in(FACT.validate_python(fact), readings, heard.was_said).outcome


def test_the_shared_corpus_is_read_with_the_precision_and_recall_that_are_the_goal() -> None:
    if not CORPUS.is_file():
        pytest.skip("the corpus of words is not on this machine (set TOOLWORLD_SHARED)")
    found = read_cases(corpus(100_000))
    assert found.cases > 500 and found.faults == [], found.misread


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ({"date": "2026-03-23"}, "It's all yours until Monday 23rd."),
        ({"date": "2026-03-23"}, "Due: 23/03/26"),
        ({"date": "2026-03-23"}, "That'd be three weeks today."),
        ({"date": "2026-03-23"}, "Bring it back on the 23rd of this month, please."),
        ({"date": "2026-12"}, "You can ask again in December."),
        ({"date": "2026-12"}, "Try again on 14 December 2026."),
        ({"date": "1958-09-05"}, "You were born on 5 September 1958."),
        ({"date": "1949-07-16"}, "I have 16/7/49 on your record."),
        ({"date": "1949-07"}, "You joined us in July 1949."),
        ({"date": "2028-11"}, "The card runs until November, 2028."),
        ({"time": "14:30"}, "He'll ring at half past two."),
        ({"time": "15:40"}, "It's at twenty to four on Tuesday."),
        ({"time": "12:00"}, "Be there at noon."),
        ({"money": {"amount": "1140.20"}}, "You owe £1,140.20p at present."),
        ({"money": {"amount": "1140.20"}}, "You owe 1140 pounds and 20p."),
        ({"money": {"amount": "0.50"}}, "That comes to £.50."),
        ({"money": {"amount": "-25.50"}}, "The difference is −£25.50."),
        ({"money": {"amount": "0.00"}}, "It won't cost you anything."),
        ({"money": {"amount": "7.49"}}, "There are seven pounds 49 left to pay."),
        ({"number": 3}, "You're third in the queue."),
        ({"number": 12}, "A dozen cases fit."),
        ({"percent": 15}, "We deduct fifteen per cent."),
        ({"duration": "PT72H"}, "You have three days."),
        ({"duration": "P365D"}, "You can ask again in a year."),
        ({"id": "SO-7052"}, "Order so 7052 has gone out."),
        ({"name": "Siân O'Brien"}, "Dr O’Brien will see you."),
        ({"name": "Callum Reid"}, "You asked on 17 Feb. Reid has to approve it."),
        ({"name": "Callum Reid"}, "Ask Hallam. Reid approves it on Monday."),
        ({"text": "Howards End"}, "_Howards End_ is on the shelf."),
        ({"email": "a_b@x.example"}, r"Write to a\_b@x.example."),
        ({"phone": "+44 1632 960444"}, "Ring us on 01632 960 444."),
        ({"answer": False, "to": "Does it count as missed?"}, "I've cancelled it. It won't count as missed."),
        ({"any": [{"number": 7}, {"duration": "P7D"}]}, "They have a week."),
        ({"date": "2026-03-23"}, "We aren't able to go past 23 March."),
        ({"date": "2026-03-23"}, "If you can't finish it by 23 March, tell us."),
        ({"says": "The charge stays."}, "I am sorry. The charge stays."),
    ],
)
def test_a_value_is_told_in_many_words(fact: dict[str, Any], message: str) -> None:
    assert outcome(fact, message) == "told"


@pytest.mark.parametrize(
    ("fact", "message", "expected"),
    [
        ({"date": "2026-03-23"}, "It isn't due on 23 March.", "not_told"),
        ({"date": "2026-03-23"}, "If you like: it is not due on 23 March.", "not_told"),
        ({"date": "2026-03-23"}, "Tuesday 23 March.", "not_told"),  # a Monday
        ({"date": "2026-03-23"}, "Is 23 March all right for you?", "not_told"),
        ({"date": "2026-03-23"}, "<think>23 March</think>All done.", "not_told"),
        ({"date": "2026-03-23"}, "23 March it is, thinks the model.</think>All done.", "not_told"),
        ({"date": "2026-03-23"}, "Either 23 March or 6 April, take your pick.", "unclear"),
        ({"date": "2026-03-23"}, "Perhaps 23 March.", "unclear"),
        ({"time": "14:30"}, "That's £14.30.", "not_told"),
        ({"money": {"amount": "1.50"}}, "It isn't £1.50.", "not_told"),
        ({"money": {"amount": "3.00"}}, "It is 3 pounds and 20p.", "not_told"),
        ({"money": {"amount": "1.50"}}, "No charge of £1.50 was made.", "not_told"),
        ({"money": {"amount": "1.50"}}, "It would have been £1.50.", "unclear"),
        ({"money": {"amount": "5.00"}}, "There are 5 cases.", "not_told"),
        ({"number": 14}, "1.14 kg", "not_told"),
        ({"id": "SO7052"}, "SO70521 is done.", "not_told"),
        ({"name": "Yusuf Demir"}, "Yusuf Khan signed it.", "not_told"),
        ({"answer": True, "to": "Can it be done?"}, "I'm afraid not. It can't be done.", "not_told"),
        ({"says": "The charge stays."}, "All done.", "unclear"),
        ({"date": "2026-03-23"}, "23 March. " * 30, "unclear"),
        ({"number": 14}, ", ".join(map(str, range(300))), "unclear"),
        ({"number": 14}, "x" * 5_000 + " 14", "unclear"),
        ({"number": 14}, '{"a": 14, "b": 2, "c": 3}', "unclear"),
    ],
)
def test_what_does_not_tell_a_value(fact: dict[str, Any], message: str, expected: str) -> None:
    assert outcome(fact, message) == expected


def test_the_last_message_that_speaks_of_a_fact_decides() -> None:
    fact = {"date": "2026-03-23"}
    assert outcome(fact, "It is due on 23 March.", "Thank you, goodbye.") == "told"
    assert outcome(fact, "It is due on 23 March.", "I was wrong: it is not due on 23 March.") == "not_told"
    assert outcome(fact, "It is not due on 23 March.", "I have renewed it; it is due on 23 March now.") == "told"
    assert outcome(fact, "It is due on 23 March.", "You asked about 23 March?") == "told"


def test_a_value_beside_one_that_nobody_said_is_unclear() -> None:
    fact = {"money": {"amount": "1.50"}}
    assert outcome(fact, "You pay £1.50, and £500.00 for the damage.") == "unclear"
    assert outcome(fact, "You pay £1.50, and £500.00 for the damage.", results=({"damage": 500.0},)) == "told"
    assert outcome(fact, "You pay £1.50, and £4.50 in all.", results=({"charge": 1.5, "other": 3.0},)) == "told"


def test_a_fact_may_say_what_it_is_about() -> None:
    message = "Persuasion is due on 23 March, and Emma is due on 30 March."
    known = ("2026-03-23", "2026-03-30")
    for title, day, expected in (("Persuasion", "23", "told"), ("Emma", "30", "told"), ("Emma", "23", "unclear")):
        fact = {"date": f"2026-03-{day}", "about": {"text": title}}
        assert outcome(fact, message, results=known) == expected, (title, day)


def test_figures_are_read_as_the_environment_says() -> None:
    fourth_of_march, third_of_april = {"date": "2026-03-04"}, {"date": "2026-04-03"}
    american, either = Reads(dates="mdy"), Reads()
    assert outcome(fourth_of_march, "Due 03/04/2026", reads=american) == "told"
    assert outcome(fourth_of_march, "Due 03/04/2026") == "not_told"
    assert outcome(third_of_april, "Due 03/04/2026") == "told"
    assert outcome(third_of_april, "Due 03/04/2026", reads=either) == "told"
    assert outcome({"phone": "+49301234567"}, "030 1234567", reads=Reads(country="49")) == "told"


def test_hostile_text_is_read_without_a_crash() -> None:
    pieces = [
        "one ",
        "1, 2, 3, ",
        "a.b.",
        "[[[",
        "23rd ",
        "£",
        "-",
        "half past ",
        "<b>",
        "> ",
        "½",
        "Yusuf ",
        "@",
        "\\_",
    ]
    facts = [{"name": "Yusuf Demir"}, {"number": 14}, {"date": "2026-03-23"}, {"money": {"amount": "1.50"}}]
    for piece in pieces:
        for fact in facts:
            assert outcome(fact, (piece * 4_000)[:4_000]) in ("told", "not_told", "unclear")


@pytest.mark.parametrize(("text", "times"), [("The price goes from 18 to 11.", 0), ("Come at ten to eleven.", 1)])
def test_a_range_is_surely_no_time_of_day(text: str, times: int) -> None:
    reading = read_message(text, TODAY, BRITISH)
    assert len([span for span in reading.spans if span.kind == "time" and not span.weak]) == times
