"""One lock per key, so that work which several tasks ask for at once is done once."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio


class KeyedLock:
    """A lock for each key. A lock exists only while a task holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[str, anyio.Lock] = {}

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncGenerator[None]:
        """Acquire the lock of a key, and release it at the end of the block."""
        lock = self._locks.setdefault(key, anyio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.statistics().tasks_waiting and not lock.locked():
                self._locks.pop(key, None)
