"""Quotas for clients without the token, where `serve --open` lets them open episodes at an environment's URL."""

import time
from collections.abc import Callable

from toolworld.ground import QuotaError

MAX_OPEN_EPISODES = 10_000
"""Of all episodes in the store, how many may have been opened without the token."""
_BURST, _A_SECOND = 100, 10.0
"""How many are opened at once, and how many a second after that."""


class OpenDoor:
    """Counts the episodes that clients without the token open.

    Args:
        clock: Seconds, for the rate.
        most: How many there may be in the store.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MAX_OPEN_EPISODES) -> None:
        self._clock = clock
        self._most = most
        self._left, self._at = float(_BURST), clock()

    def pass_one(self, known: int) -> None:
        """Let a client open an episode.

        Args:
            known: How many of such episodes there are.

        Raises:
            QuotaError: there are too many, or too many were opened just now.
        """
        now = self._clock()
        self._left, self._at = min(_BURST, self._left + (now - self._at) * _A_SECOND), now
        if known >= self._most:
            raise QuotaError(f"there are {self._most:,} episodes that were opened without the token, which is the most")
        if self._left < 1:
            raise QuotaError("too many episodes were opened without the token just now; try again in a second")
        self._left -= 1
