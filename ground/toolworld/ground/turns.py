"""Turns at a key: what is asked for twice at once is worked out once."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio


class Turns:
    """One lock a key, kept only as long as somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[str, anyio.Lock] = {}

    @asynccontextmanager
    async def of(self, key: str) -> AsyncGenerator[None]:
        """Wait for the turn at a key, and hold it."""
        lock = self._locks.setdefault(key, anyio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.statistics().tasks_waiting and not lock.locked():
                self._locks.pop(key, None)
