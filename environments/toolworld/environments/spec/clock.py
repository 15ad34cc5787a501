"""Simulated time and identity: both are functions of the episode, never of the machine."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from pydantic import AwareDatetime, PositiveInt

from toolworld.ground import Record


class Clock(Record):
    """The time in an environment: it starts at an instant and each call in the log takes a tick."""

    start: AwareDatetime
    tick_seconds: PositiveInt = 60

    def at(self, step: int) -> datetime:
        """Give the instant of a step."""
        return self.start.astimezone(UTC) + timedelta(seconds=step * self.tick_seconds)


def new_id(prefix: str, seed: int, number: int) -> str:
    """Give the id that an episode issues as its `number`-th: the same in any process, and not a plain count."""
    return prefix + _tail(seed, number)


@lru_cache(maxsize=8192)
def _tail(seed: int, number: int) -> str:
    return hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()[:8].upper()


def is_issued(key: str, seed: int, count: int) -> bool:
    """Tell whether a key is one of the first `count` ids that an episode with this seed issues."""
    return any(key.endswith(new_id("", seed, number)) for number in range(count))


def instant(moment: datetime) -> str:
    """Write an instant as tools show it: `2026-03-02T09:00:00Z`."""
    return f"{moment.isoformat(timespec='seconds')[:19]}Z"
