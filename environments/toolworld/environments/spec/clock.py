"""Simulated time and ids: both are functions of the episode, never of the machine that runs it."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from toolworld.ground import Record

MAX_TICK_SECONDS = 366 * 24 * 3600
"""The longest tick: a leap year."""
_LAST = datetime.max.replace(microsecond=0, tzinfo=UTC)
ID_DIGITS = 8
"""How many hexadecimal digits an id ends in."""


def _in_utc(start: datetime) -> datetime:
    """Refuse another time zone: days begin at midnight in UTC, so that a program would be told another day."""
    if start.utcoffset():
        try:
            same_instant = f", which is {instant(start.astimezone(UTC))}"
        except OverflowError:
            same_instant = ""
        raise ValueError(f"a clock is in UTC, and {start.isoformat()} is not{same_instant}")
    return start


class Clock(Record):
    """The simulated clock of an environment: it starts at `start`, and each call in the log advances it by a tick.

    It stands still at the end of the year 9999, the last that has a date.
    """

    start: Annotated[AwareDatetime, AfterValidator(_in_utc)]
    """The time of an episode's first call, in UTC."""
    tick_seconds: Annotated[int, Field(gt=0, le=MAX_TICK_SECONDS)] = 60
    """How much later each further call is."""

    def at(self, step: int) -> datetime:
        """The simulated time of a step, in UTC."""
        return self.moment(step)[0]

    def moment(self, step: int) -> tuple[datetime, str]:
        """The simulated time of a step, and the same as tools show it."""
        return _moment(self._start_in_utc, step * self.tick_seconds)

    @cached_property
    def _start_in_utc(self) -> datetime:
        return self.start.astimezone(UTC)


@lru_cache(maxsize=8192)  # episodes of an environment go through the same moments
def _moment(start: datetime, seconds: int) -> tuple[datetime, str]:
    left = (_LAST - start).total_seconds()
    now = start + timedelta(seconds=min(seconds, left))
    return now, instant(now)


def new_id(prefix: str, seed: int, number: int) -> str:
    """Return the `number`-th id that an episode issues: `prefix` and 8 hexadecimal digits.

    The digits are a hash, so that they are the same in any process and cannot be guessed by counting.
    """
    return prefix + _id_digits(seed, number)


@lru_cache(maxsize=8192)  # checks of ids compute the first few of an episode again and again
def _id_digits(seed: int, number: int) -> str:
    return hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()[:ID_DIGITS].upper()


def is_issued(key: str, seed: int, count: int) -> bool:
    """Whether `key` ends in one of the first `count` ids that an episode with this seed issues."""
    return key[-ID_DIGITS:] in _issued(seed, count)


@lru_cache(maxsize=256)  # a verdict asks for each new record, always with the same count
def _issued(seed: int, count: int) -> frozenset[str]:
    return frozenset(new_id("", seed, number) for number in range(count))


def instant(moment: datetime) -> str:
    """Format an instant in UTC as tools show it: `2026-03-02T09:00:00Z`."""
    return f"{moment.isoformat(timespec='seconds')[:19]}Z"
