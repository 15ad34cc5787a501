"""How many requests an endpoint gets at a time: fewer when it says that there are too many, slowly more afterwards."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

_SHARE, _SUCCESSES = 0.5, 25
"""Additive increase, multiplicative decrease: to this share after a refusal, and one more after so many answers."""


class AdaptiveLimit:
    """A limit of simultaneous requests that follows what the endpoint bears.

    Args:
        most: The limit to begin with, and at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._slots = anyio.CapacityLimiter(most)
        self._answered = 0
        self._paused_until = 0.0
        self._lowered_until = 0.0
        """Until when further refusals are of the same wave."""

    @property
    def now(self) -> int:
        """The limit at this time."""
        return int(self._slots.total_tokens)

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None]:
        """One of the places for requests."""
        async with self._slots:
            yield

    async def wait_while_paused(self) -> None:
        """Wait as long as the endpoint asked everybody to wait."""
        while anyio.current_time() < self._paused_until:  # noqa: ASYNC110 - others may make it longer meanwhile
            await anyio.sleep_until(self._paused_until)

    def lower(self, seconds: float) -> bool:
        """Lower the limit, since the endpoint said that there are too many; refusals within one wait lower it once.

        Args:
            seconds: How long everybody waits now.

        Returns:
            Whether the limit could be lowered: as long as it can, asking less may help.
        """
        now, before = anyio.current_time(), self.now
        if now >= self._lowered_until:
            self._lowered_until = now + seconds
            self._slots.total_tokens = max(1, int(before * _SHARE))
            self._answered = 0
        self._paused_until = max(self._paused_until, now + seconds)
        return before > 1

    def count_answer(self) -> None:
        """The endpoint answered."""
        self._answered += 1
        if self._answered >= _SUCCESSES and self._slots.total_tokens < self._most:
            self._answered = 0
            self._slots.total_tokens += 1
