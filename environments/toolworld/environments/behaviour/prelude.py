"""The Starlark prelude: built-in helpers for behaviour programs, and the JSON bridge to their Python host functions."""

from datetime import UTC, date, datetime, timedelta
from typing import cast

from toolworld.environments.spec.clock import instant

# Every function that programs can call is defined here. Most forward to a Python function through `_host`, with
# arguments and result as JSON text, because the binding's own conversion, value by value, costs several times as
# much. (Starlark's JSON decoder sorts keys.) Functions that need nothing from Python stay in Starlark: one call of
# `_host` costs as much as some hundred instructions.
PRELUDE = """
def _ask(*question): return json.decode(_host(json.encode(question)))
def get(name: str, key: None | str = None) -> typing.Any: return _ask("get", name, key)
def find(collection: str, where: dict[str, typing.Any], fold: bool = False) -> list[typing.Any]:
    return _ask("find", collection, where, fold)
def rows(collection: str, fields: None | list[str] = None) -> list[typing.Any]: return _ask("rows", collection, fields)
def insert(collection: str, record: dict[str, typing.Any]) -> typing.Any: return _ask("insert", collection, record)
def update(collection: str, key: str, fields: dict[str, typing.Any]) -> typing.Any:
    return _ask("update", collection, key, fields)
def delete(collection: str, key: str) -> None: return _ask("delete", collection, key)
def set(name: str, value: typing.Any) -> None: return _ask("set", name, value)
def new_id(prefix: str = "") -> str: return _ask("new_id", prefix)
def now() -> str: return _now()
def today() -> str: return _today()
def fail(code: str, message: str) -> typing.Never: return _ask("fail", code, message)
def add_days(day: str, days: int) -> str: return _ask("add_days", day, days)
def add_minutes(moment: str, minutes: int) -> str: return _ask("add_minutes", moment, minutes)
def days_between(first: str, second: str) -> int: return _ask("days_between", first, second)
def minutes_between(first: str, second: str) -> int: return _ask("minutes_between", first, second)
def weekday(day: str) -> str: return _ask("weekday", day)
def sum(values: typing.Iterable) -> int | float:
    total = 0
    for value in values:
        total += value
    return total
def round(value: int | float, digits: int = 0) -> int | float:
    return value if type(value) == "int" and digits >= 0 else _ask("round", value, digits)
def decimal(value: int | float) -> str: return _ask("decimal", value)
"""
TYPE_STUBS = """
def _host(question: str) -> str: pass
def _now() -> str: pass
def _today() -> str: pass
"""
"""Declarations of the functions that are bound natively, for the type checker."""
PRIVATE_NAMES = frozenset({"_ask", "_host", "_now", "_today"})
"""Names of the prelude that programs must not use."""
JSON_BRIDGE = "def as_json_{name}(arguments):\n    return json.encode({name}(**json.decode(arguments)))\n"
"""Template of the function through which a tool is called, with arguments and result as JSON text."""


def add_days(day: str, days: int) -> str:
    """The date `days` days after a date, or before it if negative."""
    return (_parse_date(day) + timedelta(days=days)).isoformat()


def add_minutes(moment: str, minutes: int) -> str:
    """The instant `minutes` minutes after an instant, or before it if negative."""
    return instant(_parse_instant(moment) + timedelta(minutes=minutes))


def days_between(first: str, second: str) -> int:
    """The number of days from one date to another; negative if the second is earlier."""
    return (_parse_date(second) - _parse_date(first)).days


def minutes_between(first: str, second: str) -> int:
    """The number of whole minutes from one instant to another, rounded down."""
    return int((_parse_instant(second) - _parse_instant(first)).total_seconds() // 60)


def weekday(day: str) -> str:
    """The day of the week of a date: `Monday`."""
    return ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[_parse_date(day).weekday()]


def decimal(value: float) -> str:
    """A number as text with all its digits, as Python's `str`: `1234567.89`."""
    return str(value)


def round_to(value: float, digits: int = 0) -> float:
    """Round to `digits` decimal places, ties to even, as Python's `round`."""
    return round(value, digits)


def _parse_date(text: object) -> date:
    return date.fromisoformat(cast(str, text)[:10])


def _parse_instant(text: object) -> datetime:
    moment = datetime.fromisoformat(cast(str, text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
