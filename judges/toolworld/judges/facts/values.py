"""The values of facts as spans have them, and where a message has one."""

from collections.abc import Hashable
from decimal import Decimal
from typing import cast

from toolworld.datasets import (
    DateFact,
    DurationFact,
    EmailFact,
    IdFact,
    MoneyFact,
    NameFact,
    NumberFact,
    PercentFact,
    PhoneFact,
    TextFact,
    TimeFact,
    ValueFact,
)
from toolworld.environments import Reads, plain_code
from toolworld.judges.facts.codes import id_spans, text_spans
from toolworld.judges.facts.contacts import phone_readings
from toolworld.judges.facts.durations import seconds_of
from toolworld.judges.facts.names import name_spans
from toolworld.judges.facts.reading import Reading
from toolworld.judges.facts.span import Span, SpanKind
from toolworld.judges.facts.visible import plain_value

_Sum = tuple[Decimal, str | None]
DURATION_SLACK = 0.01
"""Share by which durations may differ: 365 days, a year and 12 months are the same."""


def kind_of(fact: ValueFact) -> SpanKind:
    """The kind of spans that tell a fact."""
    return _KINDS[type(fact)]


_KINDS: dict[type[ValueFact], SpanKind] = {
    DateFact: "date",
    TimeFact: "time",
    MoneyFact: "money",
    NumberFact: "number",
    PercentFact: "percent",
    DurationFact: "duration",
    IdFact: "id",
    NameFact: "name",
    TextFact: "text",
    PhoneFact: "phone",
    EmailFact: "email",
}


def readings_of_fact(fact: ValueFact, reads: Reads) -> frozenset[Hashable]:
    """All that a fact's value may be read as: a telephone number with its country and without."""
    if isinstance(fact, PhoneFact):
        return frozenset(phone_readings(fact.phone, reads.country))
    return frozenset({value_of_fact(fact, reads)})


def value_of_fact(fact: ValueFact, reads: Reads) -> Hashable:
    """A fact's value in the form that spans have it."""
    match fact:
        case DateFact():
            return fact.date
        case TimeFact():
            return fact.time
        case MoneyFact():
            return (Decimal(fact.money.amount), fact.money.currency or reads.currency)
        case NumberFact():
            return Decimal(str(fact.number))
        case PercentFact():
            return Decimal(str(fact.percent))
        case DurationFact():
            return seconds_of(fact.duration)
        case IdFact():
            return plain_code(fact.id)
        case NameFact():
            return plain_value(fact.name).casefold()
        case TextFact():
            return plain_value(fact.text).casefold()
        case PhoneFact():
            return frozenset(phone_readings(fact.phone, reads.country))
        case EmailFact():
            return plain_value(fact.email).casefold()


def same_value(kind: SpanKind, wanted: Hashable, reading: Hashable) -> bool:
    """Whether a reading is the wanted value: sums in the same currency, a month by any of its days."""
    if kind == "money":
        (amount, currency), (other, other_currency) = cast(_Sum, wanted), cast(_Sum, reading)
        return amount == other and (None in (currency, other_currency) or currency == other_currency)
    if kind == "duration" and isinstance(wanted, int) and isinstance(reading, int):
        return abs(wanted - reading) <= wanted * DURATION_SLACK
    if kind == "phone" and isinstance(wanted, frozenset):
        return reading in wanted
    if kind == "date":
        return str(reading).startswith(str(wanted))
    return wanted == reading


def spans_of(fact: ValueFact, reading: Reading) -> list[Span]:
    """Where a message has a fact's value, whatever it says of it."""
    match fact:
        case IdFact():
            return id_spans(plain_value(fact.id), reading.text)
        case TextFact():
            return text_spans(plain_value(fact.text), reading.text)
        case NameFact():
            return name_spans(plain_value(fact.name), reading.text, reading.language)
        case _:
            kind, wanted = kind_of(fact), value_of_fact(fact, reading.reads)
            return [
                span
                for span in reading.spans
                if span.kind == kind and any(same_value(kind, wanted, value) for value in span.readings)
            ]
