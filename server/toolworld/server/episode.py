"""A live episode: the latest committed point of a log, and the turn of its callers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from sqlite3 import IntegrityError

import anyio

from toolworld.environments import Call, Event, Moment, Op, Runtime, Simulator
from toolworld.ground import AccessError, StoreError
from toolworld.server.store import Store

_INSERT_EVENT = "INSERT INTO events (episode, step, event) VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """What the store knows of an episode besides its log."""

    id: str
    environment: str
    version: str
    seed: int
    task: str | None
    parent: str | None
    fork_step: int
    closed: bool


class Episode:
    """A live episode."""

    def __init__(
        self,
        row: EpisodeRow,
        runtime: Runtime,
        moments: list[Moment],
        store: Store,
        read_back: Callable[[], Awaitable[list[Moment]]],
    ) -> None:
        self.row = row
        self.runtime = runtime
        self.moments = moments
        """Every point from the start to the latest committed one; they share all that did not change between them."""
        self._store = store
        self._read_back = read_back
        self._turn = anyio.Lock()
        self.closed = row.closed

    @property
    def moment(self) -> Moment:
        """The latest committed point."""
        return self.moments[-1]

    @property
    def changes(self) -> tuple[Op, ...]:
        """What the episode has changed so far."""
        return self.moment.state.diff(self.runtime.start.state)

    async def call(self, call: Call, simulator: Simulator | None = None) -> Event:
        """Make a call. It returns only when its event is committed; until then nothing has happened.

        Raises:
            AccessError: there is no such tool, or the episode is closed.
            StoreError: the event cannot be written; the episode is as it was.
        """
        async with self._turn:
            if self.closed:
                raise AccessError("this episode is closed")
            try:
                return await self._make(call, simulator)
            except StoreError as problem:
                if not isinstance(problem.__cause__, IntegrityError):
                    raise
            self.moments = await self._read_back()  # another process was faster at this step
            return await self._make(call, simulator)

    async def _make(self, call: Call, simulator: Simulator | None) -> Event:
        event, after = await self.runtime.perform(self.moment, call, self.row.seed, simulator)
        with anyio.CancelScope(shield=True):  # written and taken up together, or neither
            await self._store.write(_INSERT_EVENT, self.row.id, event.step, event.json_bytes())
            self.moments.append(after)
        return event

    async def close(self) -> None:
        """Refuse calls from now on.

        Raises:
            StoreError: it cannot be written; the episode is as it was.
        """
        async with self._turn:
            with anyio.CancelScope(shield=True):
                await self._store.write("UPDATE episodes SET closed = 1 WHERE id = ?", self.row.id)
                self.closed = True
