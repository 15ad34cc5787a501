"""Writes to an SQLite file: statements of many callers in one transaction.

Verbs hand in statements and wait. A single task takes whatever has gathered, writes it in one
transaction, commits, and only then lets the verbs return. So an acknowledged call is a committed call,
and the cost of a commit is shared by all that wait for it.
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from sqlite3 import Error as SqliteError
from sqlite3 import Row

import anyio
from anyio import to_thread

from toolworld.ground import StoreError, mark_failed, span
from toolworld.server.store.sqlite.file_watch import FileWatch

BUSY_SECONDS = 30
"""How long to wait for another process that has the file locked."""
CHECKPOINT_BYTES = 4 << 20
"""About how much is written before the journal is copied into the file."""
WATCH_SECONDS = 0.25
"""How often it is looked whether the files are still there, while nothing is written."""
_STATEMENT_BYTES, _COMMIT_BYTES = 512, 16 << 10
"""About what a statement writes besides its values, and a commit, which writes whole pages."""

SQLITE_ERRORS = (SqliteError, UnicodeDecodeError)
"""What SQLite raises; of a damaged file its texts and messages may be no UTF-8."""
Value = str | int | float | bytes | None


@dataclass(slots=True)
class Write:
    """A statement that waits to be committed."""

    statement: str
    values: tuple[Value, ...]
    done: anyio.Event = field(default_factory=anyio.Event)
    problem: Exception | None = None

    @property
    def size(self) -> int:
        """About how much it writes."""
        return _STATEMENT_BYTES + sum(len(value) for value in self.values if isinstance(value, str | bytes))


class GroupWriter:
    """The one writer of a store.

    Args:
        connection: Its connection, used by nobody else; one to a file has no busy time-out and no automatic checkpoint.
        name: The file, for messages.
        full: Whether each commit is synced to the disk.
        watch: Tells whether the files are still those that were opened; None where there is no file.
    """

    def __init__(
        self, connection: sqlite3.Connection, name: str, *, full: bool, watch: FileWatch | None = None
    ) -> None:
        self.commits = 0
        """Transactions committed."""
        self.written = 0
        """Statements committed by them."""
        self.name = name
        """The file, for messages."""
        self._connection = connection
        self._watch = watch
        self._in_memory = watch is None
        self._is_saved = False
        """Whether what was committed was copied into the file, since one of the files was lost."""
        self._full = full
        # Transactions of one connection follow each other: a second BEGIN would fail, and its rollback undo the first.
        self._writing = anyio.Lock()
        self._closed = False
        self._waiting: list[Write] = []
        self._wake = anyio.Event()
        self._journalled = 0

    def require_open(self) -> None:
        """Raise StoreError once the store is closed."""
        if self._closed:
            raise StoreError(f"the store {self.name} was closed")

    def hand_in(self, statement: str, *values: Value) -> Write:
        """Have a statement executed with the next transaction."""
        self.require_open()
        write = Write(statement, values)
        self._waiting.append(write)
        self._wake.set()
        return write

    async def wait_for(self, write: Write) -> None:
        """Return when a statement is committed.

        Raises:
            StoreError: it is not; the cause is SQLite's error.
        """
        await write.done.wait()
        if isinstance(write.problem, StoreError):
            raise write.problem
        if write.problem is not None:
            raise StoreError(f"the store {self.name} cannot be written: {write.problem}") from write.problem

    async def write(self, statement: str, *values: Value) -> None:
        """Execute a statement, and return when it is committed."""
        await self.wait_for(self.hand_in(statement, *values))

    def read_in_memory(self, query: str, values: tuple[Value, ...]) -> list[Row]:
        """Execute a query, where there is only one connection."""
        return self._connection.execute(query, values).fetchall()

    async def vacuum(self) -> None:
        """Give free space back to the disk.

        Raises:
            sqlite3.Error: it cannot be done.
        """
        async with self._writing:
            await to_thread.run_sync(self._execute_waiting, "VACUUM")
            await to_thread.run_sync(self._execute_waiting, "PRAGMA wal_checkpoint(TRUNCATE)")

    async def run(self) -> None:
        """Write what is handed in, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            with anyio.CancelScope(shield=True):
                await self.flush()

    async def aclose(self) -> None:
        """Write everything that was handed in so far, and refuse what comes later."""
        self._closed = True
        with anyio.CancelScope(shield=True):
            await self.flush()

    async def flush(self) -> None:
        """Write everything that was handed in so far."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            problem = await self._commit(batch)
            if problem is not None and len(batch) > 1 and not _concerns_all(problem):
                for write in batch:  # one bad statement must not fail its neighbours
                    write.problem = await self._commit([write])
            elif problem is not None:
                for write in batch:
                    write.problem = problem
            for write in batch:
                write.done.set()
        if self._journalled > CHECKPOINT_BYTES:
            await self._checkpoint()

    async def _commit(self, batch: list[Write]) -> Exception | None:
        with span("store.commit", db__system__name="sqlite", toolworld__writes=len(batch)) as opened:
            async with self._writing:
                try:
                    await self._execute(batch)
                except (*SQLITE_ERRORS, StoreError, ValueError, OverflowError) as problem:
                    mark_failed(opened, type(problem).__name__)
                    return problem
        self.commits += 1
        self.written += len(batch)
        self._journalled += 0 if self._in_memory else _COMMIT_BYTES + sum(write.size for write in batch)
        return None

    async def _execute(self, batch: list[Write]) -> None:
        """Execute a batch: here, which takes microseconds, or in a thread where the disk or a process is waited for.

        It counts only if the files were the same before and after: else nobody would find what was written.
        """
        await self._require_same_files()
        await self._transact(batch)
        await self._require_same_files()

    async def _transact(self, batch: list[Write]) -> None:
        if self._in_memory or not self._full:
            try:
                _transact(self._connection, batch)
                return
            except SqliteError as problem:
                if not _is_busy(problem):
                    raise
        await to_thread.run_sync(self._transact_waiting, batch)

    async def look_after_files(self) -> None:
        """Look again and again whether the files are still there, so that what was committed is saved soon."""
        while True:
            await anyio.sleep(WATCH_SECONDS)
            with suppress(StoreError):
                async with self._writing:
                    await self._require_same_files()

    async def _require_same_files(self) -> None:
        """Raise StoreError where a file was lost; what was committed is saved first, however often that takes."""
        try:
            if self._watch is not None:
                self._watch.require_same()
            self._is_saved = False
        except StoreError:
            if not self._is_saved:
                with suppress(*SQLITE_ERRORS, StoreError):
                    self._is_saved = await to_thread.run_sync(self._save)
            raise

    def _save(self) -> bool:
        """Save what is in the log; whether all of it is saved. Nothing is taken out of the log, wherever it is.

        Both files are still open here, whatever they are called now. A log that was removed is written anew; where the
        file was moved, the log is copied into it, as far as no other process reads an earlier state.
        """
        if self._watch is not None and self._watch.restore_log():
            return True
        busy, frames, copied = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return not busy and frames == copied

    def require_room(self) -> None:
        """Raise StoreError where the disk is full, or nearly."""
        if self._watch is not None:
            self._watch.require_room()

    def _transact_waiting(self, batch: list[Write]) -> None:
        with self._waiting_for_locks():
            _transact(self._connection, batch)

    def _execute_waiting(self, statement: str) -> None:
        with self._waiting_for_locks():
            self._connection.execute(statement).fetchall()

    @contextmanager
    def _waiting_for_locks(self) -> Generator[None]:
        """Wait for other processes that have the file locked, instead of failing at once."""
        self._connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        try:
            yield
        finally:
            self._connection.execute("PRAGMA busy_timeout = 0")

    async def _checkpoint(self) -> None:
        """Copy the journal into the file. It waits for the disk, so that it is done in a thread; if it fails, later."""
        self._journalled = 0
        async with self._writing:
            with suppress(SqliteError):
                await to_thread.run_sync(self._execute_waiting, "PRAGMA wal_checkpoint(PASSIVE)")


def _concerns_all(problem: Exception) -> bool:
    """Whether a batch failed for a reason that each of its writes would fail for."""
    return isinstance(problem, StoreError) or _is_busy(problem)


def _is_busy(problem: Exception) -> bool:
    """Whether another process has the file locked; the low byte says so of one that is recovered, too."""
    return getattr(problem, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _transact(connection: sqlite3.Connection, batch: list[Write]) -> None:
    """Execute a batch as one transaction. A single statement is one by itself; equal ones are executed together."""
    if len(batch) == 1:
        connection.execute(batch[0].statement, batch[0].values)
        return
    grouped: dict[str, list[tuple[Value, ...]]] = {}
    for write in batch:
        grouped.setdefault(write.statement, []).append(write.values)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement, rows in grouped.items():
            connection.executemany(statement, rows)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
