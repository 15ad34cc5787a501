"""Canonical forms, in which values are compared that people write in several ways.

A property of a schema says with `"compare"` which form it has: `phone`, `email`, `code` or `text`.
"""

import re
from collections.abc import Mapping
from typing import Literal, cast, get_args

from toolworld.ground import JsonObject, JsonValue

CompareForm = Literal["phone", "email", "code", "text"]
"""`phone`: its digits with the country's code. `email` and `text`: without case and doubled spaces. `code`: letters and
digits only, without case."""
COMPARE_FORMS: tuple[CompareForm, ...] = get_args(CompareForm)
SIGNIFICANT_DIGITS = 12
"""Of a number; sums of the same amounts in another order differ in the sixteenth."""


def phone_digits(text: str, country: str | None) -> str:
    """A telephone number in international form; one without a country code gets the country's, where it has one."""
    digits = re.sub(r"\D", "", text.replace("(0)", ""))
    if text.strip().startswith(("+", "00")):
        return "+" + (digits[2:] if digits.startswith("00") else digits)
    if digits.startswith("0"):
        return f"+{country}{digits[1:]}" if country else digits
    return f"+{digits}"


def plain_code(text: str) -> str:
    """A code without marks and case: `SO-7052` and `so7052` are the same."""
    return re.sub(r"[\W_]", "", text).casefold()


def canonical_form(value: JsonValue, form: JsonValue = None, country: str | None = None) -> JsonValue:
    """A value in the form in which it is compared.

    Args:
        value: The value; lists and objects element by element.
        form: A `CompareForm`; None compares texts as they are.
        country: The country code of telephone numbers without one.
    """
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, list):
        return [canonical_form(element, form, country) for element in value]
    if isinstance(value, dict):
        return {name: canonical_form(inner, form, country) for name, inner in value.items()}
    if not isinstance(value, str) or form is None:
        return value
    match form:
        case "phone":
            return phone_digits(value, country)
        case "code":
            return plain_code(value)
        case _:
            return " ".join(value.split()).casefold()


def canonical_fields(fields: JsonObject, shapes: Mapping[str, object], country: str | None) -> JsonObject:
    """The fields of a record or the arguments of a call, each in the form that its schema says."""
    return {name: canonical_form(value, _form(shapes.get(name)), country) for name, value in fields.items()}


def _form(shape: object) -> JsonValue:
    found = cast(JsonObject, shape) if isinstance(shape, dict) else {}
    inner = found.get("items")
    return found.get("compare") or (inner.get("compare") if isinstance(inner, dict) else None)
