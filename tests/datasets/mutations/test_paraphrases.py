"""Paraphrases: many of each kind, each of which tells its fact and tells no other value."""

from datetime import date

import pytest

from toolworld.datasets import (
    AnswerFact,
    DateFact,
    DurationFact,
    EmailFact,
    Fact,
    IdFact,
    Money,
    MoneyFact,
    NameFact,
    NumberFact,
    PercentFact,
    PhoneFact,
    SaysFact,
    TextFact,
    TimeFact,
    equal_value,
    other_facts,
    paraphrases,
    proposals,
    value_facts,
)
from toolworld.environments import Reads
from toolworld.ground import JsonValue
from toolworld.judges import ANYTHING_SAID, read_message, tell_in

TODAY = date(2026, 3, 2)
READS = Reads(country="44", currency="GBP")
FACTS: tuple[Fact, ...] = (
    DateFact(date="2026-05-17"),
    TimeFact(time="14:30"),
    MoneyFact(money=Money(amount="23.50", currency="GBP")),
    NumberFact(number=14),
    PercentFact(percent=12),
    DurationFact(duration="P3W"),
    IdFact(id="LT-4471"),
    PhoneFact(phone="01632 960118"),
    EmailFact(email="m.rossi@example.org"),
    NameFact(name="Marta Rossi"),
    TextFact(text="Howards End"),
    AnswerFact(answer=True, to="Is it still on the shelf?"),
    AnswerFact(answer=False, to="Can it be renewed again?"),
)


@pytest.mark.parametrize("fact", FACTS, ids=lambda one: str(type(one).__name__))
def test_each_of_twenty_and_more_tells_its_fact(fact: Fact) -> None:
    found = paraphrases(fact, "entry")
    assert len({*found}) >= 20
    misread = [one for one in found if told(fact, one) != "told"]
    assert misread == []


@pytest.mark.parametrize("fact", FACTS[:11], ids=lambda one: str(type(one).__name__))
def test_none_of_them_tells_another_value(fact: Fact) -> None:
    [value] = value_facts(fact)
    for other in other_facts(value):
        assert not [one for one in paraphrases(fact, "entry") if told(other, one) == "told"]


def test_a_yes_is_no_no() -> None:
    yes, no = AnswerFact(answer=True, to="Is it open?"), AnswerFact(answer=False, to="Is it open?")
    for one, other in ((yes, no), (no, yes)):
        assert not [text for text in paraphrases(one, "") if told(other, text) == "told"]


def test_a_statement_has_its_own_words_only_and_a_proposal_has_many() -> None:
    assert paraphrases(SaysFact(says="The fee stays."), "fee") == ["The fee stays."]
    made = proposals("renew loan: loan id L5148")
    assert len({*made}) >= 20 and all("renew loan: loan id L5148" in one and "?" in one for one in made)


def test_equal_values_are_other_ways_to_write_the_same() -> None:
    assert (equal_value(5), equal_value(5.0), equal_value("a@b.org")) == (5.0, 5, "A@B.ORG")
    assert equal_value("01632 960118") == "01632960118"
    others: list[JsonValue] = [True, 5.5, "Howards End", "01632960118", None, [1]]
    assert [equal_value(one) for one in others] == [None] * 6


def told(fact: Fact, message: str) -> str:
    return tell_in(fact, [read_message(message, TODAY, READS)], ANYTHING_SAID).outcome
