"""Ways to say the same: facts, answers, and proposals of changes, in many phrasings and in several forms of a value."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from string import Template

from toolworld.datasets.fact import (
    AnswerFact,
    AnyFact,
    DateFact,
    Fact,
    MoneyFact,
    PercentFact,
    SaysFact,
    TimeFact,
    ValueFact,
    fact_form,
    wording_of,
)

_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


@cache
def _templates() -> Mapping[str, tuple[str, ...]]:
    text = (files("toolworld.datasets.mutations") / "paraphrases.toml").read_text(encoding="utf-8")
    return {kind: tuple(table["all"]) for kind, table in tomllib.loads(text).items()}


def paraphrases(fact: Fact, name: str) -> list[str]:
    """Sentences that tell a fact, twenty and more; its own words alone where it is a statement.

    Args:
        fact: The fact.
        name: What its value is called, such as `pick-up day`.
    """
    if isinstance(fact, AnyFact):
        return paraphrases(fact.any[0], name)
    if isinstance(fact, SaysFact):
        return [fact.says]
    if isinstance(fact, AnswerFact):
        found = _templates()["yes" if fact.answer else "no"]
        return [Template(one).substitute(question=fact.to.rstrip("?")) for one in found]
    forms = [*value_forms(fact)]
    found = (*_templates()["value"], *_templates().get(fact_form(fact), ()))
    return [Template(one).substitute(name=name, value=forms[number % len(forms)]) for number, one in enumerate(found)]


def proposals(what: str) -> list[str]:
    """Sentences that propose a change and ask for a yes, twenty and more.

    Args:
        what: The change in words: `renew loan: loan id L5148`.
    """
    return [Template(one).substitute(what=what) for one in _templates()["proposal"]]


def value_forms(fact: ValueFact) -> Iterator[str]:
    """The forms in which people write a value."""
    yield wording_of(fact)
    match fact:
        case DateFact(date=day) if len(day) == len("2026-12-01"):
            given = date.fromisoformat(day)
            yield f"{given.day} {given:%B %Y}"
            yield f"{given:%A}, {given.day} {given:%B %Y}"
            yield f"{given:%B} {given.day}, {given.year}"
        case TimeFact(time=time):
            given = datetime.strptime(time, "%H:%M")
            yield f"{int(f'{given:%I}')}:{given:%M} {given:%p}".lower()
        case MoneyFact(money=money) if money.currency in _SYMBOLS:
            yield f"{_SYMBOLS[money.currency]}{money.amount}"
        case PercentFact(percent=percent):
            yield f"{percent} percent"
        case _:
            pass
