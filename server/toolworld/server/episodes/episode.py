"""A live episode: the latest committed point of a log, and the lock under which its calls are made."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import anyio

from toolworld.datasets import EpisodeRecord, Exchange
from toolworld.environments import Call, Event, Op, Runtime, Simulator, Snapshot
from toolworld.ground import (
    BudgetError,
    ClosedError,
    ConflictError,
    ModelError,
    NotFoundError,
    QuarantineError,
    exact_digest,
)
from toolworld.server.episodes.exchanges import read_exchanges
from toolworld.server.episodes.log import (
    KEPT_SNAPSHOTS,
    LogTail,
    follow,
    follow_in_turns,
    most_bytes,
    parsed_events,
    read_log,
    read_row,
)
from toolworld.server.store.protocol import EpisodeRow, EpisodeStore
from toolworld.server.telemetry.metrics import Telemetry

MAX_RACES = 10_000
"""How often a call is tried again because another process took its step."""
USE_SECONDS = 60
"""How exactly the store knows when an episode was last used."""
EPISODE_BYTES, SNAPSHOT_BYTES = 3072, 110
"""About the memory of an episode, and of each changed record in each snapshot."""


class Episode:
    """A live episode.

    Args:
        row: What the store knows of it.
        runtime: Its environment, in the version that it was opened in.
        tail: The latest snapshots of its log.
        unanswered: Calls that no model answered.
        kept_bytes: Of the calls in its own log.
        store: Where its log is.
        clock: Seconds since 1970; the content of an episode does not depend on it.
        telemetry: Measures its calls.
        on_growth: Told of it after each call, so that memory can be kept within bounds.
    """

    def __init__(
        self,
        row: EpisodeRow,
        runtime: Runtime,
        tail: LogTail,
        *,
        unanswered: dict[str, str],
        kept_bytes: int,
        store: EpisodeStore,
        clock: Callable[[], int],
        telemetry: Telemetry,
        on_growth: Callable[["Episode"], object],
    ) -> None:
        self.row = row
        self.runtime = runtime
        self.closed = row.closed
        self.unanswered = unanswered
        """Calls that nobody answered: digest of the call -> `tool: reason`. A later call
        that succeeds removes its entry. Any entry voids the run."""
        self._snapshots = deque(tail.snapshots, KEPT_SNAPSHOTS)
        self._ops_bytes = tail.ops_bytes
        self._kept_bytes = kept_bytes
        self.gone = False
        """Whether it was found to be no more in the store."""
        self._store = store
        self._clock = clock
        self._telemetry = telemetry
        self._on_growth = on_growth
        self._used = 0
        self._lock = anyio.Lock(fast_acquire=True)
        self.speaking = anyio.Lock(fast_acquire=True)
        """Held while the user is spoken to, so that the user hears one thing at a time."""

    @property
    def id(self) -> str:
        """The episode's id."""
        return self.row.id

    @property
    def snapshot(self) -> Snapshot:
        """The latest committed point."""
        return self._snapshots[-1]

    async def at(self, step: int) -> Snapshot:
        """The point after so many calls.

        Raises:
            NotFoundError: there were fewer.
        """
        if step > self.snapshot.step:
            await self.catch_up()
        last = self.snapshot.step
        if not 0 <= step <= last:
            raise NotFoundError(f"this episode has steps 0 to {last}; there is no {step}")
        kept = step - (last - len(self._snapshots) + 1)
        if kept >= 0:
            return self._snapshots[kept]
        events = await read_log(self._store, self.id, end=step)
        return (await follow_in_turns(self.runtime, self.runtime.start, events)).snapshots[-1]

    @property
    def weight(self) -> int:
        """About how many bytes of memory the episode takes."""
        changed = self.snapshot.state.changed
        return EPISODE_BYTES + 4 * self._ops_bytes + SNAPSHOT_BYTES * changed * len(self._snapshots)

    @property
    def changes(self) -> tuple[Op, ...]:
        """The changes since the initial state."""
        return self.snapshot.state.diff(self.runtime.start.state)

    async def log(self) -> tuple[Event, ...]:
        """Every event, those shared with the episodes that it was forked from included."""
        return await read_log(self._store, self.id)

    async def record(self) -> EpisodeRecord:
        """The host's record of the episode, as of one committed point: what other processes have done is in it."""
        await self.catch_up()
        snapshot, start = self.snapshot, self.runtime.start.state
        # another process may have left a call or the agent's words unanswered, or got an answer
        self.unanswered = dict(await self._store.unanswered(self.id))
        return EpisodeRecord(
            id=self.id,
            environment=self.row.environment,
            environment_version=self.row.version,
            seed=self.row.seed,
            log=await read_log(self._store, self.id, end=snapshot.step),
            changes=snapshot.state.diff(start),
            initial_digest=start.digest,
            final_digest=snapshot.state.digest,
            unanswered=tuple(self.unanswered.values()),
        )

    async def call(self, call: Call, simulator: Simulator | None = None, step: int | None = None) -> Event:
        """Make a call. It returns only when its event is committed; until then nothing has happened.

        Args:
            call: The tool and its arguments.
            simulator: Who answers; by default the environment's own simulator.
            step: The step that the call is expected to be. A call that is that step already is answered
                from the log, so that it can be repeated safely.

        Raises:
            NotFoundError: there is no such tool.
            ClosedError: the episode is closed.
            ConflictError: the step is taken by another call, or is not reached yet.
            ModelError: a model has to answer and does not; this is kept, and voids the run.
            BudgetError: a model has to answer, and the budget is spent; kept as well.
            QuarantineError: the program is in quarantine; kept as well.
            StoreError: the event cannot be written; the episode is as it was.
        """
        async with self._lock:
            if step is not None and step < self.snapshot.step:
                return await self._made(call, step)
            if self.closed:
                raise ClosedError("this episode is closed")
            if step is not None and step > self.snapshot.step:  # others may have made the calls before it
                await self._catch_up()
                if step < self.snapshot.step:
                    return await self._made(call, step)
                if step > self.snapshot.step:
                    raise ConflictError(f"step {step} is not reached yet: the next one is {self.snapshot.step}")
            if self._kept_bytes >= most_bytes(self.id):
                raise ClosedError(f"this episode keeps {most_bytes(self.id) >> 20} MiB of calls, which is the most")
            with self._telemetry.call(self.row.environment, self.id, call.name) as report:
                try:
                    event = await self._make(call, simulator, step)
                except (ModelError, BudgetError, QuarantineError) as problem:
                    await self._note_unanswered(call, f"{call.name}: {problem}")
                    raise
                report.made(event)
                return event

    async def _make(self, call: Call, simulator: Simulator | None, step: int | None) -> Event:
        """Make the call at the latest step; if another process takes the step, catch up and make it at the next one."""
        for _ in range(MAX_RACES):
            event, after = await self.runtime.step(self.snapshot, call, self.row.seed, simulator)
            if event.injected is not None and event.injected.kind == "latency":
                await anyio.sleep(event.injected.seconds)
            try:
                with self._noticing_removal():
                    await self._commit(event, after)
            except (ConflictError, ClosedError):
                await self._catch_up()
                if self.closed:
                    raise
                if step is not None:
                    return await self._made(call, step)
                continue
            self._on_growth(self)
            return event
        raise ConflictError(f"other processes took {MAX_RACES} steps of this episode in a row")

    async def _commit(self, event: Event, after: Snapshot) -> None:
        document = event.json_bytes()
        may_answer = bool(self.unanswered) or self.runtime.may_ask_model
        answered = exact_digest(event.call.model_dump()) if may_answer else None
        with anyio.CancelScope(shield=True):  # written and taken up together, or neither
            self._note_use()
            await self._store.append_event(self.id, event.step, document, answered)
            self._snapshots.append(after)
            self._kept_bytes += len(document)
            self._ops_bytes += len(document) if event.ops else 0
            if answered is not None:
                self.unanswered.pop(answered, None)

    async def catch_up(self) -> None:
        """Read what other processes have done in this episode.

        Raises:
            NotFoundError: it was removed.
        """
        async with self._lock:
            await self._catch_up()

    async def look_again(self) -> None:
        """Catch up, but do not wait for a call that is being made here, however long it takes.

        Raises:
            NotFoundError: it was removed.
        """
        if not self._lock.locked():
            await self.catch_up()
            return
        await self.require_stored()

    async def require_stored(self) -> None:
        """Find out whether another process has removed it.

        Raises:
            NotFoundError: it was.
        """
        with self._noticing_removal():
            await read_row(self._store, self.id)

    @contextmanager
    def _noticing_removal(self) -> Generator[None]:
        """Note that the episode is gone where the store does not know it any more."""
        try:
            yield
        except NotFoundError:
            self.gone = True
            raise

    async def exchanges(self) -> tuple[Exchange, ...]:
        """What was said to the user, and what came back; what was said before a fork included."""
        return await read_exchanges(self._store, self.id)

    async def add_exchanges(self, first: int, exchanges: Sequence[Exchange]) -> None:
        """Keep exchanges with the episode.

        Args:
            first: The number of the first one, from 0.
            exchanges: In their order.

        Raises:
            ConflictError: there is one of that number.
        """
        await self._store.add_exchanges(self.id, first, [exchange.json_bytes() for exchange in exchanges])

    async def note_answer(self, answer: str) -> None:
        """Keep what the agent told the user with the episode, so that every later record of it has it."""
        if answer != self.row.answer:
            await self._store.note_answer(self.id, answer)
            self.row = replace(self.row, answer=answer)

    async def _catch_up(self) -> None:
        """Read the events that other processes have committed, and whether one of them closed the episode."""
        with self._noticing_removal():
            self.row = await read_row(self._store, self.id)
        found = await self._store.events(self.id, self.snapshot.step)  # those that it shares are known
        events = await parsed_events(found)
        tail = follow(self.runtime, self.snapshot, events)
        self._snapshots.extend(list(tail.snapshots)[1:] if len(events) < KEPT_SNAPSHOTS else tail.snapshots)
        self._ops_bytes += tail.ops_bytes
        self._kept_bytes += sum(len(document) for _, document in found)
        self.closed = self.row.closed

    async def _made(self, call: Call, step: int) -> Event:
        """The event of an earlier step, provided that it is of the same call."""
        with self._noticing_removal():
            [event] = await read_log(self._store, self.id, start=step, end=step + 1)
        if not event.is_of(call, self.runtime.tool(call.name)):
            raise ConflictError(f"step {step} is taken by another call, of {event.call.name}")
        return event

    async def note_unheard(self, exchange: int, reason: str) -> None:
        """Keep that the user could not be simulated in an exchange: this voids the run until it is."""
        await self._note(_unheard(exchange), reason)

    async def note_heard(self, exchange: int) -> None:
        """Forget that the user could not be simulated in an exchange, since it was."""
        if self.unanswered.pop(_unheard(exchange), None) is not None:
            await self._store.drop_unanswered(self.id, _unheard(exchange))

    async def _note_unanswered(self, call: Call, reason: str) -> None:
        await self._note(exact_digest(call.model_dump()), reason)

    async def _note(self, digest: str, reason: str) -> None:
        with anyio.CancelScope(shield=True):  # blame must not depend on whether the process lives on
            await self._store.add_unanswered(self.id, self.snapshot.step, digest, reason)
            self.unanswered.setdefault(digest, reason)

    def _note_use(self) -> None:
        now = self._clock()
        if now - self._used >= USE_SECONDS:
            self._used = now
            self._store.note_use(self.id, now)

    async def close(self) -> None:
        """Refuse calls from now on; this is done even if the caller is being cancelled, as at the end of a rollout.

        Raises:
            StoreError: it cannot be written; the episode is as it was.
        """
        with anyio.CancelScope(shield=True):
            async with self._lock:
                await self._store.close_episode(self.id)
                self.closed = True


def _unheard(exchange: int) -> str:
    """What stands for an exchange among the calls that nobody answered."""
    return exact_digest({"exchange": exchange})
