"""A live episode: the latest committed point of a log, and the turn of its callers."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from sqlite3 import IntegrityError

import anyio

from toolworld.environments import Call, Event, Op, Runtime, Simulator, Snapshot
from toolworld.ground import BudgetError, ModelError, NotFoundError, StoreError, exact_digest
from toolworld.server.store import Store
from toolworld.server.telemetry import Telemetry

KEPT = 64
"""How many points of an episode stay at hand for forks; earlier ones are read back from the log."""
USED_SECONDS = 60
"""How exactly the store knows when an episode was used last."""

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


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What was read back of an episode: its latest points, and what they weigh."""

    snapshots: Sequence[Snapshot]
    """The latest of them; at most as many as are kept."""
    ops_bytes: int = 0
    """Bytes of the events that changed something."""
    closed: bool = False


class Episode:
    """A live episode."""

    def __init__(
        self,
        row: EpisodeRow,
        runtime: Runtime,
        read: ReadBack,
        store: Store,
        read_back: Callable[[int | None], Awaitable[ReadBack]],
        clock: Callable[[], int],
        telemetry: Telemetry,
        on_growth: Callable[["Episode"], object],
    ) -> None:
        self.row = row
        self.runtime = runtime
        self._moments = deque(read.snapshots, KEPT)
        self._clock = clock
        self._telemetry = telemetry
        self._on_growth = on_growth
        self._used = 0
        self._ops_bytes = read.ops_bytes
        self._store = store
        self._read_back = read_back
        self._turn = anyio.Lock()
        self.closed = row.closed
        self.unmade: dict[str, str] = {}
        """Calls that a model should have answered and did not, with the reason, until they are made."""

    @property
    def snapshot(self) -> Snapshot:
        """The latest committed point."""
        return self._moments[-1]

    async def at(self, step: int) -> Snapshot:
        """Give the point after so many calls.

        Raises:
            AccessError: there were fewer.
        """
        last = self.snapshot.step
        if not 0 <= step <= last:
            raise NotFoundError(f"this episode has steps 0 to {last}; there is no {step}")
        kept = step - (last - len(self._moments) + 1)
        return self._moments[kept] if kept >= 0 else (await self._read_back(step)).snapshots[-1]

    @property
    def weight(self) -> int:
        """About how many bytes of memory the episode takes."""
        return 3072 + 4 * self._ops_bytes + 110 * self.snapshot.state.changed * len(self._moments)

    @property
    def changes(self) -> tuple[Op, ...]:
        """What the episode has changed so far."""
        return self.snapshot.state.diff(self.runtime.start.state)

    async def call(self, call: Call, simulator: Simulator | None = None) -> Event:
        """Make a call. It returns only when its event is committed; until then nothing has happened.

        Raises:
            AccessError: there is no such tool, or the episode is closed.
            StoreError: the event cannot be written; the episode is as it was.
        """
        async with self._turn:
            if self.closed:
                raise NotFoundError("this episode is closed")
            with self._telemetry.call(self.row.environment, self.row.id, call.name) as report:
                asked = exact_digest(call.model_dump())
                try:
                    event = await self._make_in_turn(call, simulator)
                except (ModelError, BudgetError) as problem:
                    self.unmade[asked] = f"{call.name}: {problem}"
                    raise
                self.unmade.pop(asked, None)
                report.made(event)
                return event

    async def _make_in_turn(self, call: Call, simulator: Simulator | None) -> Event:
        try:
            return await self._make(call, simulator)
        except StoreError as problem:
            if not isinstance(problem.__cause__, IntegrityError):
                raise
        now = await self._read_back(None)  # another process was faster at this step, or has closed the episode
        self._moments, self._ops_bytes, self.closed = deque(now.snapshots, KEPT), now.ops_bytes, now.closed
        if self.closed:
            raise NotFoundError("this episode is closed")
        return await self._make(call, simulator)

    async def _make(self, call: Call, simulator: Simulator | None) -> Event:
        event, after = await self.runtime.step(self.snapshot, call, self.row.seed, simulator)
        if event.injected is not None and event.injected.kind == "latency":
            await anyio.sleep(event.injected.seconds)
        document = event.json_bytes()
        with anyio.CancelScope(shield=True):  # written and taken up together, or neither
            self._note_use()
            await self._store.write(_INSERT_EVENT, self.row.id, event.step, document)
            self._moments.append(after)
            self._ops_bytes += len(document) if event.ops else 0
        self._on_growth(self)
        return event

    def _note_use(self) -> None:
        now = self._clock()
        if now - self._used >= USED_SECONDS:
            self._used = now
            self._store.note("UPDATE episodes SET used = ? WHERE id = ?", now, self.row.id)

    async def close(self) -> None:
        """Refuse calls from now on.

        Raises:
            StoreError: it cannot be written; the episode is as it was.
        """
        async with self._turn:
            with anyio.CancelScope(shield=True):
                await self._store.write("UPDATE episodes SET closed = 1 WHERE id = ?", self.row.id)
                self.closed = True
