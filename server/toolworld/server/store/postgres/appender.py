"""Appends events to logs: those of many episodes in one statement, which is one way to the database and back.

Verbs hand in events and wait. A single task takes whatever has gathered, at most one event of an episode, and appends
it all at once; what comes meanwhile is the next batch. So the cost of a commit is shared by all that wait for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import anyio
import asyncpg  # pyright: ignore[reportMissingTypeStubs]

from toolworld.ground import ClosedError, ConflictError, NotFoundError, StoreError, mark_failed, span
from toolworld.server.store.postgres.database import Database

BATCH_EVENTS, BATCH_BYTES = 256, 4 << 20
"""How many events one statement appends, and of how many bytes, at most."""

# The lock on the episodes' rows keeps them open until the events are there: who closes one waits, and no event comes
# later. The rows are locked in the order of their numbers, and so are the events, so that no two batches wait for each
# other. A step that is taken is left out, and the answer says which are not.
APPEND = """
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::integer[], $3::bytea[], $4::text[]) AS given (id, step, event, answered)
), unlocked AS MATERIALIZED (
    SELECT number, id FROM episodes WHERE id = ANY ($1::text[]) AND NOT closed ORDER BY number FOR SHARE
), added AS (
    INSERT INTO events (episode, step, event, writer)
    SELECT number, step, event, $5::bigint FROM given JOIN unlocked USING (id) ORDER BY number, step
    ON CONFLICT DO NOTHING RETURNING episode, step
), dropped AS (
    DELETE FROM unanswered USING added, unlocked, given
    WHERE unlocked.number = added.episode AND given.id = unlocked.id AND given.step = added.step
    AND unanswered.episode = given.id AND unanswered.digest = given.answered
)
SELECT id FROM added JOIN unlocked ON number = episode
"""
_LOOK = """
SELECT given.id, closed, events.writer IS NOT DISTINCT FROM $4::bigint AND events.event = given.event AS own
FROM unnest($1::text[], $2::integer[], $3::bytea[]) AS given (id, step, event)
JOIN episodes ON episodes.id = given.id
LEFT JOIN (SELECT episode, step, event, writer FROM events) AS events
    ON events.episode = episodes.number AND events.step = given.step
"""
# A row that somebody else is at is left out: it does not matter when exactly an episode was used.
_NOTE_USES = """
UPDATE episodes SET used = noted.used FROM (
    SELECT number, given.used FROM unnest($1::text[], $2::bigint[]) AS given (id, used)
    JOIN episodes USING (id) ORDER BY number FOR NO KEY UPDATE OF episodes SKIP LOCKED
) AS noted WHERE episodes.number = noted.number AND episodes.used < noted.used
"""

_REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError)
"""What a statement raises that one of its events is to blame for."""

Outcome = Literal["appended", "taken", "closed", "absent"]


@dataclass(slots=True)
class _Append:
    """An event that waits to be committed."""

    episode: str
    step: int
    document: bytes
    answered: str | None
    done: anyio.Event = field(default_factory=anyio.Event)
    outcome: Outcome | StoreError = "absent"


class EventAppender:
    """The one that appends events for a server.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writer: int | None = None
        self._waiting: list[_Append] = []
        self._uses: dict[str, int] = {}
        self._wake = anyio.Event()
        self._closed = False

    async def append(self, episode: str, step: int, document: bytes, answered: str | None) -> None:
        """Append an event, as `EpisodeStore.append_event` does."""
        if self._closed:
            raise StoreError(f"the store {self._database.name} was closed")
        waiting = _Append(episode, step, document, answered)
        self._waiting.append(waiting)
        self._wake.set()
        await waiting.done.wait()
        match waiting.outcome:
            case "appended":
                return
            case "taken":
                raise ConflictError(f"step {step} is taken by another call")
            case "closed":
                raise ClosedError("this episode is closed")
            case "absent":
                raise NotFoundError("there is no such episode")
            case problem:
                raise problem

    async def writer(self) -> int:
        """A number that no other server on the store has, by which what is written is known as one's own.

        It is taken at the first write, so that a store can be read with no right to write.
        """
        if self._writer is not None:
            return self._writer
        [row] = await self._database.write("SELECT nextval('writers') AS number")
        self._writer = writer = int(row["number"])
        return writer

    def note_use(self, episode: str, used: int) -> None:
        """Keep the time of an episode's latest use behind the next events."""
        self._uses[episode] = used

    async def run(self) -> None:
        """Append what is handed in, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            with anyio.CancelScope(shield=True):
                await self.flush()

    async def aclose(self) -> None:
        """Append everything that was handed in so far, and refuse what comes later."""
        self._closed = True
        with anyio.CancelScope(shield=True):
            await self.flush()

    async def flush(self) -> None:
        """Append everything that was handed in so far."""
        while self._waiting:
            batch = self._next_batch()
            try:
                await self._append(batch)
            except StoreError as problem:
                await self._append_apart(batch, problem)
            for one in batch:
                one.done.set()
        await self._note_uses()

    def _next_batch(self) -> list[_Append]:
        """What is appended next, at most one event of each episode: of two of one step, one wins."""
        batch, rest, taken, size = list[_Append](), list[_Append](), set[str](), 0
        for one in self._waiting:
            fits = len(batch) < BATCH_EVENTS and size < BATCH_BYTES
            if fits and one.episode not in taken:
                batch.append(one)
                size += len(one.document)
                taken.add(one.episode)
            else:
                rest.append(one)
        self._waiting = rest
        return batch

    async def _append_apart(self, batch: Sequence[_Append], problem: StoreError) -> None:
        """Append each event by itself where one of them was refused; else all fail for the same reason."""
        for one in batch:
            one.outcome = problem
        for one in batch if len(batch) > 1 and isinstance(problem.__cause__, _REFUSED) else ():
            try:
                await self._append([one])
            except StoreError as own:
                one.outcome = own

    async def _append(self, batch: Sequence[_Append]) -> None:
        with span("store.commit", db__system__name="postgresql", toolworld__writes=len(batch)) as opened:
            try:
                own = await self.writer()
                await self._database.write_with(partial(self._try, batch, own), len(batch))
            except StoreError as problem:
                mark_failed(opened, type(problem.__cause__ or problem).__name__)
                raise

    async def _try(self, batch: Sequence[_Append], writer: int, connection: Any, tries: int) -> None:
        """Append events; what an earlier try has appended, whose answer was lost, counts as appended."""
        columns = ([one.episode for one in batch], [one.step for one in batch], [one.document for one in batch])
        rows = await connection.fetch(APPEND, *columns, [one.answered for one in batch], writer)
        appended = {row["id"] for row in rows}
        found: dict[str, Any] = {}
        if len(appended) < len(batch):
            found = {row["id"]: row for row in await connection.fetch(_LOOK, *columns, writer)}
        for one in batch:
            row = found.get(one.episode)
            if one.episode in appended or (tries > 1 and row is not None and row["own"]):
                one.outcome = "appended"
            elif row is None:
                one.outcome = "absent"
            else:
                one.outcome = "closed" if row["closed"] else "taken"

    async def _note_uses(self) -> None:
        uses, self._uses = self._uses, {}
        if uses:
            try:
                await self._database.write_with(
                    lambda connection, _: connection.fetch(_NOTE_USES, list(uses), list(uses.values())), seconds=0
                )
            except StoreError:
                return  # it does not matter
