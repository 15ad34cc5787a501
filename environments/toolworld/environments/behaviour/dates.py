"""The host functions about dates and instants."""

from datetime import UTC, date, datetime, timedelta

from toolworld.environments.spec.clock import instant

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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
    return WEEKDAYS[_parse_date(day).weekday()]


def _parse_date(text: str) -> date:
    return date.fromisoformat(_require_text(text)[:10])


def _parse_instant(text: str) -> datetime:
    moment = datetime.fromisoformat(_require_text(text))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _require_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a date or an instant is text, not {type(value).__name__}")
    return value
