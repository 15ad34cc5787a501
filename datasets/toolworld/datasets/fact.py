"""Facts that a user must be told, or must not be: typed values, answers, and statements."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, StringConstraints, Tag

from toolworld.ground import Record

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def _real_date(text: str) -> str:
    date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    return text


class _Value(Record):
    about: "Anchor | None" = None
    """What the value is said of, where several things have one of its kind: it stands nearest to this, in a sentence
    or line."""


class IdFact(_Value):
    """An id or code, in any case and with any marks between letters and digits."""

    id: Text


class NameFact(_Value):
    """A person: by full name, by title and last name, or by one of the names."""

    name: Text
    first: bool = False
    """For what must not be told: whether the first name alone gives it away."""


class TextFact(_Value):
    """Words as they are, such as a title: in any case, with any marks between them."""

    text: Text


class DateFact(_Value):
    """A date, `2026-03-23`, or a month, `2026-12`, which any day in it tells."""

    date: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}(-\d{2})?$"), AfterValidator(_real_date)]


class TimeFact(_Value):
    """A time of day, `14:30`; without a.m. or p.m. either half of the day tells it."""

    time: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Money(Record):
    """A sum, with its currency where it matters."""

    amount: Annotated[str, StringConstraints(pattern=r"^-?\d+(\.\d+)?$")]
    """In full units, such as `1.50`."""
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    """By default the environment's."""


class MoneyFact(_Value):
    """A sum of money."""

    money: Money


class NumberFact(_Value):
    """A plain number, in digits or words; those inside dates, sums and ids do not count."""

    number: int | float


class PercentFact(_Value):
    """A percentage."""

    percent: int | float


class DurationFact(_Value):
    """A duration in ISO 8601, `PT48H`; two days tell it as well."""

    duration: Annotated[str, StringConstraints(pattern=r"^P(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?$")]


class PhoneFact(_Value):
    """A telephone number, in international form or that of the environment's country."""

    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9() .-]{5,24}$")]


class EmailFact(_Value):
    """An e-mail address."""

    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]


class AnswerFact(Record):
    """The answer to a yes-or-no question of the user's."""

    answer: bool
    to: Text
    """The question, for readers of the task and of verdicts."""


class SaysFact(Record):
    """A statement in other words than its own; only a judge by model can tell whether it was made."""

    says: Text


class AnyFact(Record):
    """Facts of which any one is enough."""

    any: Annotated[tuple["Fact", ...], Field(min_length=2)]


def _form(value: Any) -> str | None:
    """The form of a fact: the one key that every form has of its own."""
    keys: set[str] = {*value} if isinstance(value, dict) else {*vars(value)} if isinstance(value, Record) else set()
    return next((form for form in FACT_FORMS if form in keys), None)


FACT_FORMS = (
    "any",
    "says",
    "answer",
    "date",
    "time",
    "money",
    "number",
    "percent",
    "duration",
    "id",
    "name",
    "text",
    "phone",
    "email",
)

Anchor = Annotated[
    Annotated[IdFact, Tag("id")] | Annotated[NameFact, Tag("name")] | Annotated[TextFact, Tag("text")],
    Discriminator(_form, custom_error_type="fact_form", custom_error_message="give one of: id, name, text"),
]
"""What a fact is about, where several things have a value of its kind."""

ValueFact = (
    Annotated[DateFact, Tag("date")]
    | Annotated[TimeFact, Tag("time")]
    | Annotated[MoneyFact, Tag("money")]
    | Annotated[NumberFact, Tag("number")]
    | Annotated[PercentFact, Tag("percent")]
    | Annotated[DurationFact, Tag("duration")]
    | Annotated[IdFact, Tag("id")]
    | Annotated[NameFact, Tag("name")]
    | Annotated[TextFact, Tag("text")]
    | Annotated[PhoneFact, Tag("phone")]
    | Annotated[EmailFact, Tag("email")]
)
"""A fact that is a value."""

Fact = Annotated[
    ValueFact
    | Annotated[AnswerFact, Tag("answer")]
    | Annotated[SaysFact, Tag("says")]
    | Annotated[AnyFact, Tag("any")],
    Discriminator(
        _form, custom_error_type="fact_form", custom_error_message=f"a fact has one of: {', '.join(FACT_FORMS)}"
    ),
]
"""What a user has to be told, in one of its forms."""

Secret = Annotated[
    ValueFact,
    Discriminator(
        _form, custom_error_type="fact_form", custom_error_message=f"give one of: {', '.join(FACT_FORMS[3:])}"
    ),
]
"""A value that a user must not be told."""

for _model in (IdFact, NameFact, TextFact, DateFact, TimeFact, MoneyFact, NumberFact, PercentFact, DurationFact):
    _model.model_rebuild()
for _model in (PhoneFact, EmailFact, AnyFact):
    _model.model_rebuild()

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_NUMBER = re.compile(r"-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
_CODE_OF_DIGITS = re.compile(r"0\d+")
_CODE = re.compile(r"[A-Za-z]{1,5}-?\d[\w-]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def fact_of(wording: str) -> "ValueFact | AnyFact":
    """A fact as the words of one value, or of several with `|` between them, in the form that they are of."""
    forms = [form for part in wording.split("|") if part.strip() for form in _forms(part.strip())]
    if not forms:
        raise ValueError("a fact is not empty")
    return forms[0] if len(forms) == 1 else AnyFact(any=tuple(forms))


def _forms(wording: str) -> "list[ValueFact]":
    if _DATE.fullmatch(wording) and _is_real(wording):
        return [DateFact(date=wording)]
    if _TIME.fullmatch(wording):
        return [TimeFact(time=wording)]
    if _NUMBER.fullmatch(wording) and not _CODE_OF_DIGITS.fullmatch(wording):  # it may be a sum as well
        digits = wording.replace(",", "")
        number = float(digits) if "." in digits else int(digits)
        return [NumberFact(number=number), MoneyFact(money=Money(amount=digits))]
    if _EMAIL.fullmatch(wording):
        return [EmailFact(email=wording)]
    is_code = _CODE.fullmatch(wording) or _CODE_OF_DIGITS.fullmatch(wording)
    return [IdFact(id=wording) if is_code else TextFact(text=wording)]


def _is_real(day: str) -> bool:
    try:
        _real_date(day)
    except ValueError:
        return False
    return True


def _from_wording(value: Any) -> Any:
    return fact_of(value) if isinstance(value, str) else value


Facts = tuple[Annotated[Fact, BeforeValidator(_from_wording, json_schema_input_type=Fact | str)], ...]
"""Facts of a task; plain words are read as the value that they are, else as a text."""


def fact_form(fact: "Fact") -> str:
    """The form of a fact, such as `date`."""
    return _form(fact) or ""


def value_facts(fact: "Fact") -> Iterator["ValueFact"]:
    """The values of a fact; none for statements and answers."""
    if isinstance(fact, AnyFact):
        for one in fact.any:
            yield from value_facts(one)
    elif not isinstance(fact, SaysFact | AnswerFact):
        yield fact


def statements(fact: "Fact") -> Iterator[str]:
    """The statements of a fact."""
    if isinstance(fact, SaysFact):
        yield fact.says
    elif isinstance(fact, AnyFact):
        for one in fact.any:
            yield from statements(one)


def wording_of(fact: "Fact") -> str:
    """A fact in words that tell it, as a scripted agent says it."""
    match fact:
        case AnyFact():
            return wording_of(fact.any[0])
        case SaysFact():
            return fact.says
        case AnswerFact():
            return f"{fact.to.rstrip('?')}: {'yes' if fact.answer else 'no'}."
        case MoneyFact():
            return f"{fact.money.amount}{f' {fact.money.currency}' if fact.money.currency else ''}"
        case PercentFact():
            return f"{fact.percent}%"
        case DurationFact():
            return _duration_in_words(fact.duration)
        case _:
            return str(getattr(fact, _form(fact) or ""))


def _duration_in_words(duration: str) -> str:
    units = dict(zip("YMWD", ("years", "months", "weeks", "days"), strict=True))
    day, _, time = duration[1:].partition("T")
    parts = [f"{number} {units[unit]}" for number, unit in re.findall(r"(\d+)([YMWD])", day)]
    names = dict(zip("HMS", ("hours", "minutes", "seconds"), strict=True))
    return " and ".join([*parts, *(f"{number} {names[unit]}" for number, unit in re.findall(r"(\d+)([HMS])", time))])
