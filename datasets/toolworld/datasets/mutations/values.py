"""Other values of the same kind, for calls with a wrong argument."""

import re

from toolworld.environments import ToolSpec
from toolworld.ground import JsonValue, same


def other_value(value: JsonValue, tool: ToolSpec, name: str) -> JsonValue:
    """A value that differs from an argument's, of the same kind and, where the schema lists some, among them."""
    allowed = tool.parameters.get(name, {}).get("enum")
    if isinstance(allowed, list):
        return next((other for other in allowed if not same(other, value)), None)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return _other_text(value)
    if isinstance(value, list) and value:
        last = value[-1]
        return [*value[:-1], _other_text(last) if isinstance(last, str) else None]
    return None


def _other_text(text: str) -> str:
    if text and text[-1].isdigit():
        return text[:-1] + str((int(text[-1]) + 1) % 10)
    return f"{text} 2"


def equal_value(value: JsonValue) -> JsonValue:
    """The same value written otherwise, as people do; None where there is no other way.

    Addresses of e-mail in capitals, numbers of telephones without spaces, 5 as 5.0 and 5.0 as 5.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return float(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if not isinstance(value, str):
        return None
    other = value.upper() if _EMAIL.fullmatch(value) else value.replace(" ", "") if _PHONE.fullmatch(value) else value
    return other if other != value else None


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+")
_PHONE = re.compile(r"\+?\d[\d ]{6,}\d")
