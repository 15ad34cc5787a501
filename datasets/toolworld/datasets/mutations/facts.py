"""Other values in the place of a fact's."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from toolworld.datasets.fact import (
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

_OTHER_NAMES = {1: "Rosalind Quill", 5: "Barnaby Thrupp"}
"""By how much values are shifted, each with another name."""


def other_facts(fact: ValueFact) -> Iterator[ValueFact]:
    """Two other values of a fact's kind."""
    for shift in _OTHER_NAMES:
        yield fact.model_validate({**fact.model_dump(), **_other(fact, shift)})


def _other(fact: ValueFact, shift: int) -> dict[str, object]:
    """The field that is different."""
    match fact:
        case DateFact(date=day):
            is_month = len(day) == len("2026-12")
            later = date.fromisoformat(f"{day}-01" if is_month else day) + timedelta(31 * shift if is_month else shift)
            return {"date": later.isoformat()[: len(day)]}
        case TimeFact(time=time):
            return {"time": f"{datetime.strptime(time, '%H:%M') + timedelta(minutes=shift * 25):%H:%M}"}
        case MoneyFact(money=money):
            return {"money": {**money.model_dump(), "amount": f"{float(money.amount) + shift:.2f}"}}
        case NumberFact(number=number):
            return {"number": number + shift}
        case PercentFact(percent=percent):
            return {"percent": percent + shift}
        case DurationFact(duration=duration):
            return {"duration": re.sub(r"\d+", lambda found: str(int(found[0]) + shift), duration, count=1)}
        case IdFact(id=code):
            return {"id": _other_digits(code, shift) if re.search(r"\d", code) else f"XQ-{shift}47"}
        case PhoneFact(phone=phone):
            return {"phone": _other_digits(phone, shift)}
        case EmailFact(email=email):
            return {"email": f"other{shift}.{email}"}
        case NameFact():
            return {"name": _OTHER_NAMES[shift]}
        case TextFact():
            return {"text": f"something else {shift}"}


def _other_digits(text: str, shift: int) -> str:
    return re.sub(r"\d(?=\D*$)", lambda found: str((int(found[0]) + shift) % 10), text)
