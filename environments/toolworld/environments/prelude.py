"""What a behaviour program has besides the state: dates, sums, and the door through which values cross."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import cast

from toolworld.environments.clock import instant

# Values cross the border as JSON text, several times as fast as value by value (its decoder sorts keys).
PRELUDE = """
def get(name, key = None):
    return json.decode(_get(name, key))
def find(collection, where, fold = False):
    return json.decode(_find(collection, json.encode(where), fold))
def rows(collection, fields = None):
    return json.decode(_rows(collection, fields))
def insert(collection, record):
    return json.decode(_insert(collection, json.encode(record)))
def update(collection, key, fields):
    return json.decode(_update(collection, key, json.encode(fields)))
def set(name, value):
    _set(name, json.encode(value))
"""
DOOR = "def as_json_{name}(arguments):\n    return json.encode({name}(**json.decode(arguments)))\n"


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


def sum_of(values: Iterable[float]) -> float:
    """Add up numbers from left to right, as `+` does."""
    total: float = 0
    for value in values:
        total += value
    return total


def round_to(value: float, digits: int = 0) -> float:
    """Round to so many decimal places, a tie to the even neighbour, as Python's `round`."""
    return round(value, digits)


def _day(text: object) -> date:
    return date.fromisoformat(cast(str, text)[:10])


def _moment(text: object) -> datetime:
    moment = datetime.fromisoformat(cast(str, text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
