"""Whether calls can be made and kept now: checked when somebody asks, and not waited for."""

from collections.abc import Awaitable, Callable

import anyio

from toolworld.ground import StoreError

CHECK_SECONDS = 1.0
"""How long a check may take: a store that does not answer for so long keeps no call in time."""


class HealthCheck:
    """Checks health; those who ask while a check is made are all told what the next one finds.

    Args:
        check: Writes something, or raises StoreError.
    """

    def __init__(self, check: Callable[[], Awaitable[None]]) -> None:
        self._check = check
        self._lock = anyio.Lock()
        self._problem: StoreError | None = None
        self._began_at = float("-inf")

    async def require(self) -> None:
        """Return if calls can be made and kept.

        Raises:
            StoreError: they cannot.
        """
        asked_at, problem = anyio.current_time(), None
        with anyio.move_on_after(CHECK_SECONDS) as limit:
            async with self._lock:
                if self._began_at < asked_at:
                    self._began_at = anyio.current_time()
                    self._problem = await self._found()
                problem = self._problem
        if limit.cancelled_caught:
            problem = StoreError(f"the store did not answer for {CHECK_SECONDS:g} s")
        if problem is not None:
            raise problem

    async def _found(self) -> StoreError | None:
        try:
            await self._check()
        except StoreError as problem:
            return problem
        return None
