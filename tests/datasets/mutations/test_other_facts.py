"""Other values in the place of a fact's: of its kind, valid, and different."""

import pytest
from pydantic import TypeAdapter

from toolworld.datasets import ValueFact, other_facts
from toolworld.ground import JsonValue

_FACT: TypeAdapter[ValueFact] = TypeAdapter(ValueFact)


@pytest.mark.parametrize(
    "value",
    [
        {"date": "2026-12-31"},
        {"date": "2026-12"},
        {"time": "23:50"},
        {"money": {"amount": "0.50", "currency": "EUR"}},
        {"number": 9},
        {"percent": 12.5},
        {"duration": "PT48H"},
        {"id": "SO7059"},
        {"id": "$4.dispute_id"},
        {"id": "teal"},
        {"name": "Ivy Pemberton"},
        {"text": "Emma"},
        {"phone": "07700 900129"},
        {"email": "ivy@example.org"},
    ],
)
def test_it_is_another_of_the_same_kind(value: dict[str, JsonValue]) -> None:
    fact = _FACT.validate_python({**value, "about": {"text": "this"}} if "number" in value else value)
    first, second = other_facts(fact)
    assert type(first) is type(second) is type(fact) and first != second != fact != first
    assert first.about == fact.about
