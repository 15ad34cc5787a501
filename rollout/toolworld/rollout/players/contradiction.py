"""Whether a proposal has another sum, telephone number or e-mail address than the call that it seems to propose."""

import re
from collections.abc import Iterator, Sequence, Set

from toolworld.environments import Call, phone_digits
from toolworld.ground import JsonValue

_MONEY_WORDS = {"amount", "cost", "credit", "fee", "fine", "limit", "payment", "price", "refund", "sum"}
_SUM = re.compile(r"[£$€]\s?\d|\d (?:pounds|euros?|dollars)\b")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_PHONE = re.compile(r"(?<![\w-])\+?\d(?:[ ()-]?\d){8,13}(?![\w-])")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_MAX_SUMS = 8
"""Of how many sums totals are made."""
_SAME_DIGITS = 9
"""How many digits at the end make two telephone numbers the same, however their beginnings are written."""


def contradicts(text: str, call: Call, wanted: Sequence[Call]) -> bool:
    """Whether a text has values of the form that an argument has, and none of them is the argument's.

    Args:
        text: The proposal.
        call: The call that it seems to propose.
        wanted: All calls that are wanted: a total of their sums is said of each.
    """
    return any(said and not said & fitting for said, fitting in _compared(text, call, wanted))


def _compared(text: str, call: Call, wanted: Sequence[Call]) -> Iterator[tuple[Set[str | float], Set[str | float]]]:
    """For each argument with a form of its own: the values of that form in the text, and those that would fit."""
    for name, value in call.arguments.items():
        if _is_sum(name, value):
            yield _sums_in(text), _totals(wanted)
        elif isinstance(value, str) and _PHONE.fullmatch(value):
            yield {_last_digits(one) for one in _PHONE.findall(text)}, {_last_digits(value)}
        elif isinstance(value, str) and _EMAIL.fullmatch(value):
            yield {one.casefold() for one in _EMAIL.findall(text)}, {value.casefold()}


def _totals(wanted: Sequence[Call]) -> set[float]:
    """Every sum of some of the sums that are wanted."""
    sums = [float(str(value)) for call in wanted for name, value in call.arguments.items() if _is_sum(name, value)]
    found = {0.0}
    for one in sums[:_MAX_SUMS]:
        found |= {round(total + one, 2) for total in found}
    return found - {0.0}


def _is_sum(name: str, value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(_MONEY_WORDS & {*name.split("_")})


def _sums_in(text: str) -> set[float]:
    """The numbers of a text that has a sum with its currency; others may be sums as well."""
    return {_number(digits) for digits in _NUMBER.findall(text)} if _SUM.search(text) else set()


def _number(digits: str) -> float:
    return round(float(digits.replace(",", "")), 2)


def _last_digits(number: str) -> str:
    return phone_digits(number, None)[-_SAME_DIGITS:]
