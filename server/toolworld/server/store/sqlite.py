"""The SQLite store: one file, one writer, many episodes' events in one commit.

Verbs hand in statements and wait. A single task takes whatever has gathered, writes it in one
transaction, commits, and only then lets the verbs return. So an acknowledged call is a committed call,
and the cost of a commit is shared by all that wait for it. Reads have a connection of their own: they
see what is committed, and do not queue behind writes.
"""

import os
import sqlite3
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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
    mark_failed,
    span,
    task_group,
)
from toolworld.server.store.protocol import (
    EpisodeRow,
    PruneConditions,
    PruneResult,
    StoredEvent,
    StoreStats,
)
from toolworld.server.store.retention import count_pruned, prune, read_stats
from toolworld.server.store.schema import prepare_file, script

BUSY_SECONDS = 30
"""How long to wait for another process that has the file locked."""
MAX_EVENTS_READ = 1_000_000_000
"""Stands for no end in a query."""

Value = str | int | bytes | None

_ADD_ENVIRONMENT = "INSERT OR IGNORE INTO environments (id, version, document) VALUES (?, ?, ?)"
_ADD_EPISODE = (
    "INSERT INTO episodes (id, environment, version, seed, task, trial, parent, fork_step, closed, used)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_APPEND_EVENT = "INSERT INTO events (episode, step, event) VALUES (?, ?, ?)"
_EVENTS = "SELECT step, event FROM events WHERE episode = ? AND step >= ? AND step < ? ORDER BY step"
_ADD_UNANSWERED = "INSERT OR IGNORE INTO unanswered (episode, step, digest, reason) VALUES (?, ?, ?, ?)"
_COPY_UNANSWERED = (
    "INSERT INTO unanswered (episode, step, digest, reason)"
    " SELECT ?, step, digest, reason FROM unanswered WHERE episode = ? AND step < ?"
    " AND EXISTS (SELECT 1 FROM episodes WHERE id = ?) ORDER BY number"
)
_DROP_UNANSWERED = (
    "DELETE FROM unanswered WHERE episode = ? AND digest = ?"
    " AND EXISTS (SELECT 1 FROM events WHERE episode = ? AND step = ? AND event = ?)"
)
_DEFAULT = "SELECT episode FROM default_episodes WHERE environment = ? AND version = ? AND principal = ?"
_CLAIM_DEFAULT = (
    "INSERT INTO default_episodes (environment, version, principal, episode) VALUES (?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET episode = excluded.episode WHERE default_episodes.episode = ?"
)


@dataclass(slots=True)
class _Write:
    statement: str
    values: tuple[Value, ...]
    done: anyio.Event = field(default_factory=anyio.Event)
    problem: Exception | None = None


class SqliteStore:
    """An `EpisodeStore` in an SQLite file or in memory. Use `open_store`."""

    def __init__(self, writer: sqlite3.Connection, reader: aiosqlite.Connection | None, name: str) -> None:
        self._writer = writer
        # In memory there is one connection, and what takes microseconds need not go to another thread.
        self._reader = reader
        self._name = name
        # Transactions of one connection follow each other: a second BEGIN would fail, and its rollback undo the first.
        self._writing = anyio.Lock()
        self._closed = False
        self._waiting: list[_Write] = []
        self._wake = anyio.Event()
        self.commits = 0
        self.written = 0

    async def add_environment(self, name: str, version: str, document: bytes) -> None:
        """Keep a version of an environment."""
        await self._write(_ADD_ENVIRONMENT, name, version, document)

    async def environment(self, name: str, version: str) -> bytes | None:
        """The document of a version of an environment."""
        rows = await self._read("SELECT document FROM environments WHERE id = ? AND version = ?", name, version)
        return rows[0]["document"] if rows else None

    async def add_episode(self, row: EpisodeRow, used: int, with_unanswered: bool = False) -> None:
        """Add an episode."""
        origin = (row.environment, row.version, row.seed, row.task, row.trial, row.parent, row.fork_step)
        added = self._hand_in(_ADD_EPISODE, row.id, *origin, int(row.closed), used)
        if with_unanswered:  # in the same transaction, and only if the episode is there
            self._hand_in(_COPY_UNANSWERED, row.id, row.parent, row.fork_step, row.id)
        try:
            await self._finished(added)
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

    async def count_episodes(self) -> int:
        """The number of episodes."""
        return (await self._read("SELECT count(*) FROM episodes"))[0][0]

    async def close_episode(self, name: str) -> None:
        """Mark an episode as closed."""
        await self._write("UPDATE episodes SET closed = 1 WHERE id = ?", name)

    async def append_event(self, episode: str, step: int, document: bytes, answered: str | None = None) -> None:
        """Append an event."""
        appended = self._hand_in(_APPEND_EVENT, episode, step, document)
        if answered is not None:  # in the same transaction, and only if the event is there
            self._hand_in(_DROP_UNANSWERED, episode, answered, episode, step, document)
        try:
            await self._finished(appended)
        except StoreError as problem:
            match getattr(problem.__cause__, "sqlite_errorname", ""):
                case "SQLITE_CONSTRAINT_PRIMARYKEY":
                    raise ConflictError(f"step {step} is taken by another call") from None
                case "SQLITE_CONSTRAINT_FOREIGNKEY":  # pruned meanwhile
                    raise NotFoundError("there is no such episode") from None
                case _ if "the episode is closed" in str(problem.__cause__):
                    raise ClosedError("this episode is closed") from None
                case _:
                    raise

    async def events(self, episode: str, start: int = 0, end: int | None = None) -> Sequence[StoredEvent]:
        """Events of an episode's own log."""
        rows = await self._read(_EVENTS, episode, start, MAX_EVENTS_READ if end is None else end)
        return [StoredEvent(row["step"], row["event"]) for row in rows]

    def note_use(self, episode: str, used: int) -> None:
        """Keep the time of an episode's latest use with the next commit."""
        self._hand_in("UPDATE episodes SET used = ? WHERE id = ?", used, episode)

    async def note_answer(self, episode: str, answer: str) -> None:
        """Keep what the agent told the user."""
        await self._write("UPDATE episodes SET answer = ? WHERE id = ?", answer, episode)

    async def add_unanswered(self, episode: str, step: int, digest: str, reason: str) -> None:
        """Keep a call that no model answered."""
        await self._write(_ADD_UNANSWERED, episode, step, digest, reason)

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
        await self._write(_CLAIM_DEFAULT, environment, version, principal, episode, instead_of or "")
        return await self.default_episode(environment, version, principal) or episode

    async def add_session(self, environment: str, episode: str) -> None:
        """Let an episode be reached as an MCP session."""
        await self._write("INSERT INTO sessions (environment, episode) VALUES (?, ?)", environment, episode)

    async def is_session(self, environment: str, episode: str) -> bool:
        """Whether an episode was opened as an MCP session."""
        query = "SELECT 1 FROM sessions WHERE environment = ? AND episode = ?"
        return bool(await self._read(query, environment, episode))

    async def check(self, now: int) -> None:
        """Write something that does not matter."""
        await self._write("INSERT OR REPLACE INTO heartbeat (id, at) VALUES (1, ?)", now)

    async def stats(self) -> StoreStats:
        """Count what the store holds."""
        return await read_stats(self._read, self._bytes())

    async def prune(self, conditions: PruneConditions, dry: bool = False) -> PruneResult:
        """Remove episodes with their calls."""
        counted = await count_pruned(self._read, conditions)
        if not dry:
            await prune(self._write, conditions)
        return counted

    async def vacuum(self) -> tuple[int, int]:
        """Give free space back to the disk."""
        before = self._bytes()
        try:
            async with self._writing:
                await to_thread.run_sync(self._writer.executescript, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        except SqliteError as problem:
            raise StoreError(f"the store {self._name} cannot be vacuumed: {problem}") from problem
        return before, self._bytes()

    async def run(self) -> None:
        """Write what is handed in, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            with anyio.CancelScope(shield=True):
                await self.flush()

    async def flush(self) -> None:
        """Write everything that was handed in so far."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            problem = await self._commit(batch)
            if problem is not None and len(batch) > 1:
                for write in batch:  # one bad statement must not fail its neighbours
                    write.problem = await self._commit([write])
            elif problem is not None:
                batch[0].problem = problem
            for write in batch:
                write.done.set()

    async def _write(self, statement: str, *values: Value) -> None:
        """Execute a statement, and return when it is committed."""
        await self._finished(self._hand_in(statement, *values))

    async def _finished(self, write: _Write) -> None:
        await write.done.wait()
        if write.problem is not None:
            raise StoreError(f"the store {self._name} cannot be written: {write.problem}") from write.problem

    async def end(self) -> None:
        """Write everything that was handed in so far, and refuse what comes later."""
        self._closed = True
        with anyio.CancelScope(shield=True):
            await self.flush()

    def _hand_in(self, statement: str, *values: Value) -> _Write:
        self._require_open()
        write = _Write(statement, values)
        self._waiting.append(write)
        self._wake.set()
        return write

    async def _read(self, query: str, *values: Value) -> list[Row]:
        """Execute a query, and return its rows."""
        self._require_open()
        try:
            if self._reader is None:
                return self._writer.execute(query, values).fetchall()
            return list(await self._reader.execute_fetchall(query, values))
        except SqliteError as problem:
            raise StoreError(f"the store {self._name} cannot be read: {problem}") from problem

    async def _commit(self, batch: list[_Write]) -> Exception | None:
        with span("store.commit", db__system__name="sqlite", toolworld__writes=len(batch)) as opened:
            async with self._writing:
                try:
                    if self._reader is None:
                        self._execute(batch)
                    else:  # one hop to another thread for the whole transaction: the file may be locked
                        await to_thread.run_sync(self._execute, batch)
                except (SqliteError, ValueError, OverflowError) as problem:
                    mark_failed(opened, type(problem).__name__)
                    return problem
        self.commits += 1
        self.written += len(batch)
        return None

    def _execute(self, batch: list[_Write]) -> None:
        """Execute a batch as one transaction. A single statement is one by itself; equal ones are executed together."""
        if len(batch) == 1:
            self._writer.execute(batch[0].statement, batch[0].values)
            return
        grouped: dict[str, list[tuple[Value, ...]]] = {}
        for write in batch:
            grouped.setdefault(write.statement, []).append(write.values)
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in grouped.items():
                self._writer.executemany(statement, rows)
            self._writer.commit()
        except BaseException:
            self._writer.rollback()
            raise

    def _require_open(self) -> None:
        if self._closed:
            raise StoreError(f"the store {self._name} was closed")

    def _bytes(self) -> int:
        """The size of the file with its journal; 0 in memory."""
        return sum(os.path.getsize(part) for part in (self._name, f"{self._name}-wal") if os.path.exists(part))


@asynccontextmanager
async def open_store(path: Path | None, full: bool = False, make: bool = True) -> AsyncGenerator[SqliteStore]:
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
            if path is not None:  # before aiosqlite starts a thread that would outlive the failure
                await to_thread.run_sync(_prepare, name, make)
                reader = await aiosqlite.connect(name, timeout=BUSY_SECONDS, isolation_level=None)
                reader.row_factory = Row
            writer = await to_thread.run_sync(_connect_writer, name, full)
        except SqliteError as problem:
            raise StoreError(f"the store {name} cannot be opened: {problem}") from None
        store = SqliteStore(writer, reader, name)
        async with task_group() as tasks:
            tasks.start_soon(store.run)
            try:
                yield store
            finally:
                tasks.cancel_scope.cancel()
                await store.end()
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
    if name == ":memory:":
        connection.executescript(script())
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


def _episode(row: Row) -> EpisodeRow:
    return EpisodeRow(
        id=row["id"],
        environment=row["environment"],
        version=row["version"],
        seed=row["seed"],
        task=row["task"],
        parent=row["parent"],
        fork_step=row["fork_step"],
        trial=row["trial"],
        answer=row["answer"],
        closed=bool(row["closed"]),
    )
