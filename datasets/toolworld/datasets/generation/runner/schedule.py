"""Which candidate is begun when, so that what comes out does not depend on how fast replies come.

Candidates are numbered. They are begun in their order, answered in any, and *settled* in their order again: only then
is one accepted, so that a near duplicate is always the later one. No more are in flight than may still be needed:
then none is drawn in vain, and the candidates that are drawn are the same at any concurrency.

A candidate may be shown rows that were accepted before it. Which ones must not depend on timing either, so it sees
those of whole windows: all but the one before its own, which may still be in flight.
"""

from dataclasses import dataclass, field

import anyio


@dataclass(slots=True)
class Schedule:
    """The candidates of a run."""

    wanted: int
    bound: int
    """Candidates that may be drawn, at most."""
    window: int | None
    """Candidates of a window; None where none is shown what was accepted."""
    begun: int = 0
    settled: int = 0
    accepted: int = 0
    stopped: bool = False
    _accepted_at: list[int] = field(default_factory=list[int])
    """How many had been accepted when each window was settled."""
    _changed: anyio.Event = field(default_factory=anyio.Event)

    async def next(self) -> int | None:
        """The number of the candidate to begin; None when no more are needed or allowed."""
        while True:
            if self.stopped or self.accepted >= self.wanted or self.begun >= self.bound:
                return None
            in_flight = self.begun - self.settled
            if self.accepted + in_flight < self.wanted and self._window_is_settled():
                self.begun += 1
                return self.begun - 1
            await self._changed.wait()

    def visible(self, candidate: int) -> int:
        """How many accepted rows a candidate may be shown: the first so many."""
        if self.window is None:
            return 0
        windows = candidate // self.window - 1
        return self._accepted_at[windows - 1] if windows > 0 else 0

    def settle(self, accepted: bool) -> None:
        """Settle the next candidate."""
        self.settled += 1
        self.accepted += accepted
        if self.window is not None and self.settled % self.window == 0:
            self._accepted_at.append(self.accepted)
        self.wake()

    def stop(self) -> None:
        """Begin no more candidates."""
        self.stopped = True
        self.wake()

    def wake(self) -> None:
        """Have those that wait look again."""
        self._changed.set()
        self._changed = anyio.Event()

    def _window_is_settled(self) -> bool:
        return self.window is None or self.settled >= (self.begun // self.window - 1) * self.window
