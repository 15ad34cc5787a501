"""What a behaviour program has besides the state: dates, sums, and the door through which values cross."""

from datetime import UTC, date, datetime, timedelta
from typing import cast

from toolworld.environments.spec.clock import instant

# What programs reach is a line here. Most of it is a method or function in Python and goes through one door as
# JSON text: the binding's own way costs several times as much, value by value. (Starlark's decoder sorts keys.)
# What can be had without the door, is: a crossing costs as much as some hundred instructions.
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
STUBS = """
def _host(question: str) -> str: pass
def _now() -> str: pass
def _today() -> str: pass
"""
PRIVATE = frozenset({"_ask", "_host", "_now", "_today"})
JSON_BRIDGE = "def as_json_{name}(arguments):\n    return json.encode({name}(**json.decode(arguments)))\n"


def add_days(day: str, days: int) -> str:
    """Give the date so many days after a date; fewer than none is before it."""
    return (_day(day) + timedelta(days=days)).isoformat()


def add_minutes(moment: str, minutes: int) -> str:
    """Give the instant so many minutes after an instant."""
    return instant(_moment(moment) + timedelta(minutes=minutes))


def days_between(first: str, second: str) -> int:
    """Count the days from one date to another; negative if the second is earlier."""
    return (_day(second) - _day(first)).days


def minutes_between(first: str, second: str) -> int:
    """Count the whole minutes from one instant to another."""
    return int((_moment(second) - _moment(first)).total_seconds() // 60)


def weekday(day: str) -> str:
    """Name the day of the week of a date: `Monday`."""
    return ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[_day(day).weekday()]


def decimal(value: float) -> str:
    """Write a number with all its digits, as Python does: `1234567.89`."""
    return str(value)


def round_to(value: float, digits: int = 0) -> float:
    """Round to so many decimal places, a tie to the even neighbour, as Python's `round`."""
    return round(value, digits)


def _day(text: object) -> date:
    return date.fromisoformat(cast(str, text)[:10])


def _moment(text: object) -> datetime:
    moment = datetime.fromisoformat(cast(str, text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
