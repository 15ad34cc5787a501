"""The durable store: one SQLite file, one writer, many episodes' events in one commit.

Writers hand in statements and wait; a single task takes whatever has gathered, writes it in one
transaction, commits, and only then lets the writers go on. So an acknowledged call is a committed
call, and the cost of a commit is shared by all that wait for it.
"""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Error as SqliteError
from sqlite3 import Row

import aiosqlite
import anyio
from anyio import to_thread

from toolworld.ground import StoreError, mark_failed, span, task_group
from toolworld.server.store_schema import APPLICATION_ID, SCHEMA_VERSION, bring_up_to_date

BUSY_SECONDS = 5
"""How long to wait for another process that holds the file locked."""

Value = str | int | bytes | None


@dataclass(slots=True)
class _Write:
    statement: str
    values: tuple[Value, ...]
    done: anyio.Event = field(default_factory=anyio.Event)
    problem: Exception | None = None


class Store:
    """Reads and durable writes. Use `open_store`."""

    def __init__(self, connection: aiosqlite.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._waiting: list[_Write] = []
        self._wake = anyio.Event()
        self.commits = 0
        """Transactions committed."""
        self.written = 0
        """Statements committed by them."""

    async def write(self, statement: str, *values: Value) -> None:
        """Execute a statement and return when it is committed.

        Raises:
            StoreError: it could not be written; nothing of it is there.
        """
        write = _Write(statement, values)
        self._waiting.append(write)
        self._wake.set()
        await write.done.wait()
        if write.problem is not None:
            raise StoreError(f"the store {self._path} cannot be written: {write.problem}") from write.problem

    def note(self, statement: str, *values: Value) -> None:
        """Have a statement executed with the next commit, without waiting; it is of no matter if it is lost."""
        self._waiting.append(_Write(statement, values))
        self._wake.set()

    async def read(self, statement: str, *values: Value) -> list[Row]:
        """Execute a query and give its rows.

        Raises:
            StoreError: the store cannot be read.
        """
        try:
            return list(await self._connection.execute_fetchall(statement, values))
        except SqliteError as problem:
            raise StoreError(f"the store {self._path} cannot be read: {problem}") from problem

    async def run(self) -> None:
        """Write what is handed in, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            with anyio.CancelScope(shield=True):
                await self.flush()

    async def flush(self) -> None:
        """Write everything that waits."""
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

    async def _commit(self, batch: list[_Write]) -> Exception | None:
        with span("store.commit", db__system__name="sqlite", toolworld__writes=len(batch)) as opened:
            try:
                await self._execute(batch)
            except (SqliteError, ValueError, OverflowError) as problem:
                mark_failed(opened, type(problem).__name__)
                await self._connection.rollback()
                return problem
        self.commits += 1
        self.written += len(batch)
        return None

    async def _execute(self, batch: list[_Write]) -> None:
        """Execute a batch as one transaction; a single statement is one by itself, which saves hops between threads."""
        if len(batch) == 1:
            await self._connection.execute(batch[0].statement, batch[0].values)
            return
        grouped: dict[str, list[tuple[Value, ...]]] = {}
        for write in batch:
            grouped.setdefault(write.statement, []).append(write.values)
        await self._connection.execute("BEGIN IMMEDIATE")
        for statement, rows in grouped.items():
            await self._connection.executemany(statement, rows)
        await self._connection.commit()


@asynccontextmanager
async def open_store(path: Path | None, full: bool = False, make: bool = True) -> AsyncGenerator[Store]:
    """Open a store, or make a new one; with no path it lives in memory, for as long as it is open.

    Args:
        path: The SQLite file.
        full: Sync each commit to the disk, so that even a loss of power loses nothing. Without it a
            commit survives the death of the process, not that of the machine.
        make: Whether to make a store where there is none.

    Raises:
        StoreError: the file cannot be opened, is not a toolworld store, or is of a newer toolworld.
    """
    name = ":memory:" if path is None else str(path)
    try:
        await to_thread.run_sync(_probe, name, make)  # before aiosqlite starts a thread that would outlive the failure
        connection = await aiosqlite.connect(name, timeout=BUSY_SECONDS, isolation_level=None)
    except SqliteError as problem:
        raise StoreError(f"the store {name} cannot be opened: {problem}") from None
    try:
        await _prepare(connection, name, full)
        store = Store(connection, name)
        async with task_group() as tasks:
            tasks.start_soon(store.run)
            try:
                yield store
            finally:
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await store.flush()
    finally:
        with anyio.CancelScope(shield=True):
            await connection.close()


def _probe(name: str, make: bool) -> None:
    """Find out whether a file can be opened and written, and is not another program's."""
    with closing(sqlite3.connect(name, timeout=BUSY_SECONDS)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        connection.rollback()
    if empty and not make:
        raise StoreError(f"{name} is empty: no store")


async def _prepare(connection: aiosqlite.Connection, name: str, full: bool) -> None:
    try:
        connection.row_factory = Row
        tables = await _number(connection, "SELECT count(*) FROM sqlite_master")
        kind = await _number(connection, "PRAGMA application_id")
        version = await _number(connection, "PRAGMA user_version")
        if tables and kind != APPLICATION_ID:
            raise StoreError(f"{name} is an SQLite file, but not a toolworld store")
        if version > SCHEMA_VERSION:
            raise StoreError(f"{name} was written by a newer toolworld (store version {version})")
        await connection.execute("PRAGMA journal_mode = WAL")
        await connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
        if not tables or version < SCHEMA_VERSION:
            await bring_up_to_date(connection, version if tables else None)
        await connection.execute("PRAGMA foreign_keys = ON")
    except SqliteError as problem:
        raise StoreError(f"the store {name} cannot be opened: {problem}") from None


async def _number(connection: aiosqlite.Connection, query: str) -> int:
    return next(iter(await connection.execute_fetchall(query)))[0]
