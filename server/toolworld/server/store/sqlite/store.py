"""The SQLite store: one file, one writer, many episodes' events in one commit.

Reads have a connection of their own: they see what is committed, and do not queue behind writes.
"""

import os
import sqlite3
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from sqlite3 import Error as SqliteError
from sqlite3 import IntegrityError, Row
from time import monotonic, sleep

import aiosqlite
import anyio
from anyio import to_thread

from toolworld.ground import (
    ClosedError,
    ConflictError,
    NotFoundError,
    StoreError,
    require_regular,
    task_group,
)
from toolworld.llm import Spending
from toolworld.server.store.protocol import (
    EpisodeOutline,
    EpisodeRow,
    PruneConditions,
    PruneResult,
    StoredEvent,
    StoreStats,
)
from toolworld.server.store.retention import REMOVE_UNUSED_ENVIRONMENTS, count_pruned, read_stats, removable
from toolworld.server.store.sqlite.file_watch import FileWatch
from toolworld.server.store.sqlite.schema import prepare_file, script
from toolworld.server.store.sqlite.writer import BUSY_SECONDS, SQLITE_ERRORS, GroupWriter, Value

MAX_NUMBER = 2**63 - 1
"""Stands for no end among the numbers of episodes."""
MAX_EVENTS_READ = 1_000_000_000
"""Stands for no end in a query."""

_ADD_ENVIRONMENT = "INSERT OR IGNORE INTO environments (id, version, document) VALUES (?, ?, ?)"
_ADD_EPISODE = (
    "INSERT INTO episodes (id, environment, version, seed, task, trial, parent, fork_step, fork_exchange, closed, used)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# None stands for an episode that is closed or not there, and an event must have one.
_APPEND_EVENT = (
    "INSERT INTO events (episode, step, event) VALUES ((SELECT number FROM episodes WHERE id = ? AND closed = 0), ?, ?)"
)
_NUMBER = "(SELECT number FROM episodes WHERE id = ?)"
_EVENTS = f"SELECT step, event FROM events WHERE episode = {_NUMBER} AND step >= ? AND step < ? ORDER BY step"
_OUTLINES = (
    "SELECT episodes.*, verdict, fork_step + (SELECT count(*) FROM events WHERE episode = episodes.number) AS calls,"
    " (SELECT count(*) FROM exchanges WHERE episode = episodes.number) AS spoken"
    " FROM episodes LEFT JOIN verdicts ON verdicts.episode = episodes.number"
    " WHERE episodes.number < ? ORDER BY episodes.number DESC LIMIT ?"
)
_ADD_EXCHANGE = f"INSERT INTO exchanges (episode, number, exchange) VALUES ({_NUMBER}, ?, ?)"
_EXCHANGES = f"SELECT exchange FROM exchanges WHERE episode = {_NUMBER} AND number < ? ORDER BY number"
_NOTE_VERDICT = f"INSERT OR REPLACE INTO verdicts (episode, verdict) VALUES ({_NUMBER}, ?)"
_ADD_UNANSWERED = "INSERT OR IGNORE INTO unanswered (episode, step, digest, reason) VALUES (?, ?, ?, ?)"
_COPY_UNANSWERED = (
    "INSERT INTO unanswered (episode, step, digest, reason)"
    " SELECT ?, step, digest, reason FROM unanswered WHERE episode = ? AND step < ?"
    " AND EXISTS (SELECT 1 FROM episodes WHERE id = ?) ORDER BY number"
)
_DROP_UNANSWERED = (
    "DELETE FROM unanswered WHERE episode = ? AND digest = ?"
    f" AND EXISTS (SELECT 1 FROM events WHERE episode = {_NUMBER} AND step = ? AND event = ?)"
)
_PRUNE = "DELETE FROM episodes WHERE id IN (SELECT id FROM removable)"
_SPENT = "coalesce((SELECT spent FROM spending WHERE budget = ?), 0)"
_RESERVE = (
    "INSERT INTO reservations (name, budget, amount, until) SELECT ?, ?, ?, ?"
    f" WHERE {_SPENT} + (SELECT coalesce(sum(amount), 0) FROM reservations WHERE budget = ?) + ? <= ?"
)
_SPENDING = (
    "SELECT coalesce(sum(amount), 0) AS reserved, count(*) FILTER (WHERE until > ?) AS open,"
    f" count(*) FILTER (WHERE name = ?) AS is_reserved, {_SPENT} AS spent FROM reservations WHERE budget = ?"
)
_BOOK = (
    "INSERT INTO spending (budget, spent) SELECT budget, ? FROM reservations WHERE name = ?"
    " ON CONFLICT DO UPDATE SET spent = spent + excluded.spent"
)
_DEFAULT = "SELECT episode FROM default_episodes WHERE environment = ? AND version = ? AND principal = ?"
_CLAIM_DEFAULT = (
    "INSERT INTO default_episodes (environment, version, principal, episode) VALUES (?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET episode = excluded.episode WHERE default_episodes.episode = ?"
)


class SqliteStore:
    """An `EpisodeStore` in an SQLite file or in memory. Use `open_sqlite_store`."""

    def __init__(self, writer: GroupWriter, reader: aiosqlite.Connection | None) -> None:
        self._writer = writer
        # In memory there is one connection, and what takes microseconds need not go to another thread.
        self._reader = reader

    @property
    def commits(self) -> int:
        """Transactions committed."""
        return self._writer.commits

    @property
    def written(self) -> int:
        """Statements committed by them."""
        return self._writer.written

    async def add_environment(self, name: str, version: str, document: bytes) -> None:
        """Keep a version of an environment."""
        await self._writer.write(_ADD_ENVIRONMENT, name, version, document)

    async def environment(self, name: str, version: str) -> bytes | None:
        """The document of a version of an environment."""
        rows = await self._read("SELECT document FROM environments WHERE id = ? AND version = ?", name, version)
        return rows[0]["document"] if rows else None

    async def add_episode(self, row: EpisodeRow, used: int, with_unanswered: bool = False) -> None:
        """Add an episode."""
        origin = (row.environment, row.version, row.seed, row.task, row.trial, row.parent)
        added = self._writer.hand_in(
            _ADD_EPISODE, row.id, *origin, row.fork_step, row.fork_exchange, int(row.closed), used
        )
        if with_unanswered:  # in the same transaction, and only if the episode is there
            self._writer.hand_in(_COPY_UNANSWERED, row.id, row.parent, row.fork_step, row.id)
        try:
            await self._writer.wait_for(added)
        except StoreError as problem:
            if not isinstance(problem.__cause__, IntegrityError):
                raise
            if await self.episode(row.id) is not None:
                raise ConflictError(f"there is an episode {row.id} already") from None
            if row.parent is not None and await self.episode(row.parent) is None:
                raise NotFoundError("there is no such episode") from None
            raise NotFoundError(f"the store lacks version {row.version} of environment {row.environment}") from None

    async def episode(self, name: str) -> EpisodeRow | None:
        """An episode."""
        rows = await self._read("SELECT * FROM episodes WHERE id = ?", name)
        return _episode(rows[0]) if rows else None

    async def episodes(self, after: str = "", limit: int = 100) -> Sequence[EpisodeRow]:
        """Episodes by id."""
        rows = await self._read("SELECT * FROM episodes WHERE id > ? ORDER BY id LIMIT ?", after, limit)
        return [_episode(row) for row in rows]

    async def outlines(self, before: int | None = None, limit: int = 100) -> Sequence[EpisodeOutline]:
        """Episodes, the latest first."""
        rows = await self._read(_OUTLINES, MAX_NUMBER if before is None else before, limit)
        return [
            EpisodeOutline(row["number"], _episode(row), row["spoken"], row["calls"], row["verdict"]) for row in rows
        ]

    async def data_version(self) -> int:
        """A number that is another one when anybody has written since."""
        # of the reader, whose own reads do not count: the writer's commits are another connection's to it
        return self.commits if self._reader is None else (await self._read("PRAGMA data_version"))[0][0]

    async def count_episodes(self) -> int:
        """The number of episodes."""
        return (await self._read("SELECT count(*) FROM episodes"))[0][0]

    async def close_episode(self, name: str) -> None:
        """Mark an episode as closed."""
        await self._writer.write("UPDATE episodes SET closed = 1 WHERE id = ?", name)

    async def append_event(self, episode: str, step: int, document: bytes, answered: str | None = None) -> None:
        """Append an event."""
        appended = self._writer.hand_in(_APPEND_EVENT, episode, step, document)
        if answered is not None:  # in the same transaction, and only if the event is there
            self._writer.hand_in(_DROP_UNANSWERED, episode, answered, episode, step, document)
        try:
            await self._writer.wait_for(appended)
        except StoreError as problem:
            match getattr(problem.__cause__, "sqlite_errorname", ""):
                case "SQLITE_CONSTRAINT_UNIQUE":
                    raise ConflictError(f"step {step} is taken by another call") from None
                case "SQLITE_CONSTRAINT_NOTNULL" if await self.episode(episode) is None:  # pruned meanwhile
                    raise NotFoundError("there is no such episode") from None
                case "SQLITE_CONSTRAINT_NOTNULL":
                    raise ClosedError("this episode is closed") from None
                case _:
                    raise

    async def events(self, episode: str, start: int = 0, end: int | None = None) -> Sequence[StoredEvent]:
        """Events of an episode's own log."""
        rows = await self._read(_EVENTS, episode, start, MAX_EVENTS_READ if end is None else end)
        return [StoredEvent(row["step"], row["event"]) for row in rows]

    async def log_bytes(self, episode: str) -> int:
        """How many bytes the events of an episode's own log take."""
        query = f"SELECT coalesce(sum(length(event)), 0) FROM events WHERE episode = {_NUMBER}"
        return (await self._read(query, episode))[0][0]

    async def count_beginning(self, prefix: str) -> int:
        """The number of episodes whose id begins so."""
        query = "SELECT count(*) FROM episodes WHERE id >= ? AND id < ?"
        return (await self._read(query, prefix, f"{prefix}\U0010ffff"))[0][0]

    def note_use(self, episode: str, used: int) -> None:
        """Keep the time of an episode's latest use with the next commit."""
        self._writer.hand_in("UPDATE episodes SET used = ? WHERE id = ?", used, episode)

    async def note_answer(self, episode: str, answer: str) -> None:
        """Keep what the agent told the user."""
        await self._writer.write("UPDATE episodes SET answer = ? WHERE id = ?", answer, episode)

    async def add_exchanges(self, episode: str, first: int, documents: Sequence[bytes]) -> None:
        """Append exchanges with the user."""
        added = [
            self._writer.hand_in(_ADD_EXCHANGE, episode, number, document)
            for number, document in enumerate(documents, start=first)
        ]
        for one in added:
            try:
                await self._writer.wait_for(one)
            except StoreError as problem:
                if not isinstance(problem.__cause__, IntegrityError):
                    raise
                raise ConflictError("somebody else has spoken to the user meanwhile") from None

    async def exchanges(self, episode: str, end: int | None = None) -> Sequence[bytes]:
        """The exchanges of an episode's own conversation."""
        rows = await self._read(_EXCHANGES, episode, MAX_EVENTS_READ if end is None else end)
        return [row["exchange"] for row in rows]

    async def note_verdict(self, episode: str, document: bytes) -> None:
        """Keep the verdict of an episode."""
        await self._writer.write(_NOTE_VERDICT, episode, document)

    async def verdict(self, episode: str) -> bytes | None:
        """The verdict that was kept with an episode."""
        rows = await self._read(f"SELECT verdict FROM verdicts WHERE episode = {_NUMBER}", episode)
        return rows[0]["verdict"] if rows else None

    async def add_unanswered(self, episode: str, step: int, digest: str, reason: str) -> None:
        """Keep a call that no model answered."""
        await self._writer.write(_ADD_UNANSWERED, episode, step, digest, reason)

    async def drop_unanswered(self, episode: str, digest: str) -> None:
        """Forget what nobody answered."""
        await self._writer.write("DELETE FROM unanswered WHERE episode = ? AND digest = ?", episode, digest)

    async def unanswered(self, episode: str) -> Mapping[str, str]:
        """Reasons of unanswered calls by digest."""
        rows = await self._read("SELECT digest, reason FROM unanswered WHERE episode = ? ORDER BY number", episode)
        return {row["digest"]: row["reason"] for row in rows}

    async def default_episode(self, environment: str, version: str, principal: str) -> str | None:
        """The default episode of a principal."""
        rows = await self._read(_DEFAULT, environment, version, principal)
        return rows[0]["episode"] if rows else None

    async def claim_default(
        self, environment: str, version: str, principal: str, episode: str, instead_of: str | None
    ) -> str:
        """Make an episode a principal's default, unless another process was faster."""
        await self._writer.write(_CLAIM_DEFAULT, environment, version, principal, episode, instead_of or "")
        return await self.default_episode(environment, version, principal) or episode

    async def add_session(self, environment: str, episode: str) -> None:
        """Let an episode be reached as an MCP session."""
        await self._writer.write("INSERT INTO sessions (environment, episode) VALUES (?, ?)", environment, episode)

    async def is_session(self, environment: str, episode: str) -> bool:
        """Whether an episode was opened as an MCP session."""
        query = "SELECT 1 FROM sessions WHERE environment = ? AND episode = ?"
        return bool(await self._read(query, environment, episode))

    async def completion(self, key: str) -> bytes | None:
        """A completion of a model that was paid for."""
        rows = await self._read("SELECT completion FROM completions WHERE key = ?", key)
        return rows[0]["completion"] if rows else None

    async def add_completions(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Keep completions by their keys."""
        statement = "INSERT OR REPLACE INTO completions (key, completion) VALUES (?, ?)"
        for added in [self._writer.hand_in(statement, key, completion) for key, completion in rows]:
            await self._writer.wait_for(added)

    async def reserve_spending(
        self, budget: str, name: str, amount: float, limit: float, *, now: int, until: int
    ) -> Spending:
        """Reserve a part of a budget."""
        await self._writer.write(_RESERVE, name, budget, amount, until, budget, budget, amount, limit)
        [row] = await self._read(_SPENDING, now, name, budget, budget)
        return Spending(bool(row["is_reserved"]), row["spent"], row["reserved"], row["open"])

    async def book_spending(self, name: str, amount: float) -> None:
        """End a reservation, and book what was used."""
        self._writer.hand_in(_BOOK, amount, name)  # in the same transaction, and before it
        await self._writer.write("DELETE FROM reservations WHERE name = ?", name)

    async def check(self, now: int) -> None:
        """Write something that does not matter."""
        self._writer.require_room()
        await self._writer.write("INSERT OR REPLACE INTO heartbeat (id, at) VALUES (1, ?)", now)

    async def stats(self) -> StoreStats:
        """Count what the store holds."""
        [[free_pages]], [[page_size]] = await self._read("PRAGMA freelist_count"), await self._read("PRAGMA page_size")
        return await read_stats(self._read, self._bytes(), free_pages * page_size)

    async def prune(self, conditions: PruneConditions, dry: bool = False) -> PruneResult:
        """Remove episodes with their calls."""
        counted = await count_pruned(self._read, conditions, _placeholder)
        if not dry:
            beginning, values = removable(conditions, _placeholder)
            await self._writer.write(f"{beginning} {_PRUNE}", *values)
            await self._writer.write(REMOVE_UNUSED_ENVIRONMENTS)
        return counted

    async def vacuum(self) -> tuple[int, int]:
        """Give free space back to the disk."""
        before = self._bytes()
        try:
            await self._writer.vacuum()
        except SqliteError as problem:
            raise StoreError(f"the store {self._writer.name} cannot be vacuumed: {problem}") from problem
        return before, self._bytes()

    async def _read(self, query: str, *values: Value) -> list[Row]:
        """Execute a query, and return its rows."""
        self._writer.require_open()
        try:
            if self._reader is None:
                return self._writer.read_in_memory(query, values)
            return list(await self._reader.execute_fetchall(query, values))
        except SQLITE_ERRORS as problem:
            raise StoreError(f"the store {self._writer.name} cannot be read: {problem}") from problem

    def _bytes(self) -> int:
        """The size of the file with its journal; 0 in memory."""
        return sum(
            os.path.getsize(part) for part in (self._writer.name, f"{self._writer.name}-wal") if os.path.exists(part)
        )


@asynccontextmanager
async def open_sqlite_store(path: Path | None, full: bool = False, make: bool = True) -> AsyncGenerator[SqliteStore]:
    """Open a store, or make a new one; without a path it lives in memory, for as long as it is open.

    Args:
        path: The SQLite file.
        full: Sync each commit to the disk, so that even a loss of power loses nothing. Without it a
            commit survives the death of the process, not that of the machine.
        make: Whether to make a store where there is none.

    Raises:
        StoreError: the file cannot be opened, is not a toolworld store, or is of a newer toolworld.
    """
    name = ":memory:" if path is None else str(path)
    writer: sqlite3.Connection | None = None
    reader: aiosqlite.Connection | None = None
    try:
        try:
            if path is not None and path.exists():  # noqa: ASYNC240 - a look takes no time
                require_regular(path, StoreError)
            if path is not None:  # before aiosqlite starts a thread that would outlive the failure
                await to_thread.run_sync(_prepare, name, make)
                reader = await aiosqlite.connect(name, timeout=BUSY_SECONDS, isolation_level=None)
                reader.row_factory = Row
            writer = await to_thread.run_sync(_connect_writer, name, full)
            watch = None if path is None else FileWatch(name)
        except (*SQLITE_ERRORS, OSError) as problem:
            raise StoreError(f"the store {name} cannot be opened: {problem}") from None
        group = GroupWriter(writer, name, full=full, watch=watch)
        async with task_group() as tasks:
            tasks.start_soon(group.run)
            if watch is not None:
                tasks.start_soon(group.look_after_files)
            try:
                yield SqliteStore(group, reader)
            finally:
                tasks.cancel_scope.cancel()
                await group.aclose()
    finally:
        with anyio.CancelScope(shield=True):
            if reader is not None:
                await reader.close()
            if writer is not None:
                writer.close()


def _connect_writer(name: str, full: bool) -> sqlite3.Connection:
    # threads take turns with it, under a lock
    connection = sqlite3.connect(name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = Row
    connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
    connection.execute("PRAGMA foreign_keys = ON")
    # a checkpoint waits for the disk: the writer makes it in a thread
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    if name == ":memory:":
        connection.executescript(script())
    connection.execute("SELECT count(*) FROM episodes").fetchone()  # opens the write-ahead log
    connection.execute("PRAGMA busy_timeout = 0")  # from now on the writer decides where it waits
    return connection


def _prepare(name: str, make: bool) -> None:
    """Prepare a file, and try again while other processes are at it: not every lock is waited for by SQLite itself."""
    deadline = monotonic() + BUSY_SECONDS
    while True:
        try:
            prepare_file(name, make, BUSY_SECONDS)
            return
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or monotonic() > deadline:
                raise
            sleep(0.02)


def _placeholder(_: int) -> str:
    return "?"


def _episode(row: Row) -> EpisodeRow:
    try:
        return EpisodeRow.of_columns(row, row["answer"])
    except IndexError:  # a file in which names of columns are damaged
        raise StoreError("the store is damaged: its table of episodes has other columns than a store has") from None
