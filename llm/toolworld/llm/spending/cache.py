"""An on-disk cache of paid completions, keyed by the digest of the whole request, so none is paid for twice.

Only digests and answers are stored; requests cannot be recovered from the file. Writes are deferred,
many to one transaction, and completed before the cache is closed.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiosqlite
import anyio

from toolworld.ground import ModelError, parse_record, task_group
from toolworld.llm.model import Completion

WRITE_DELAY_SECONDS = 0.05
"""How long completions are collected before they are written in one transaction."""
_SCHEMA = "CREATE TABLE IF NOT EXISTS completions (key TEXT PRIMARY KEY, completion BLOB NOT NULL) WITHOUT ROWID"
_GET = "SELECT completion FROM completions WHERE key = ?"
_PUT = "INSERT OR REPLACE INTO completions (key, completion) VALUES (?, ?)"


class CompletionCache:
    """Completions by key.

    Args:
        keys: The keys in the file when it was opened, held in memory because a query to the file takes longer than most
            answers do.
    """

    def __init__(self, connection: aiosqlite.Connection, path: Path, keys: set[str]) -> None:
        self._connection = connection
        self._path = path
        self._keys = keys
        self._pending: dict[str, bytes] = {}
        self._writing: dict[str, bytes] = {}  # in a transaction that is not yet committed
        self._wake = anyio.Event()
        self._flushing = anyio.Lock()

    async def get(self, key: str) -> Completion | None:
        """The completion of a key, or None if it is not in the cache."""
        data = self._pending.get(key) or self._writing.get(key)
        if data is None and key in self._keys:
            try:
                rows = list(await self._connection.execute_fetchall(_GET, (key,)))
            except aiosqlite.Error as problem:
                raise self._unusable(problem) from None
            data = rows[0][0] if rows else None
        return None if data is None else parse_record(Completion, data, f"{self._path}: {key}", ModelError)

    def put(self, key: str, completion: Completion) -> None:
        """Store a completion; it is written to the file within moments, at the latest when the cache is closed."""
        self._pending[key] = completion.json_bytes()
        self._keys.add(key)
        self._wake.set()

    async def write_behind(self) -> None:
        """Write stored completions to the file, in an endless loop."""
        while True:
            await self._wake.wait()
            await anyio.sleep(WRITE_DELAY_SECONDS)
            # Renewed before the write, so that a completion stored during the write wakes the loop again.
            self._wake = anyio.Event()
            with suppress(ModelError):  # retried after the next `put`, and when the cache is closed
                await self.flush()

    async def flush(self) -> None:
        """Write all completions stored so far to the file.

        Raises:
            ModelError: the file cannot be written; the completions stay pending.
        """
        # Shielded, since a cancellation in mid-transaction would leave it open; and one at a time, since closing
        # the cache flushes while the loop may be in the middle of a transaction on the same connection.
        with anyio.CancelScope(shield=True):
            async with self._flushing:
                await self._flush()

    async def _flush(self) -> None:
        while self._pending:
            self._writing, self._pending = self._pending, {}
            try:
                await self._connection.execute("BEGIN IMMEDIATE")
                await self._connection.executemany(_PUT, list(self._writing.items()))
                await self._connection.commit()
            except aiosqlite.Error as problem:
                await self._connection.rollback()
                self._pending = {**self._writing, **self._pending}
                raise self._unusable(problem) from None
            finally:
                self._writing = {}

    def _unusable(self, problem: Exception) -> ModelError:
        return ModelError(f"the cache {self._path} cannot be used: {problem}")


@asynccontextmanager
async def open_cache(path: Path) -> AsyncGenerator[CompletionCache]:
    """Open a cache, and create its file if there is none; several processes may share a file.

    Raises:
        ModelError: the file cannot be opened, or is not a cache.
    """
    if path.is_dir():  # noqa: ASYNC240 - checked once, before anything is opened
        raise ModelError(f"the cache {path} is a folder; name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = await aiosqlite.connect(path, isolation_level=None, timeout=30)
    except (OSError, aiosqlite.Error) as problem:
        raise ModelError(f"the cache {path} cannot be opened: {problem}") from None
    try:
        cache = CompletionCache(connection, path, await _prepare(connection, path))
        async with task_group() as tasks:
            tasks.start_soon(cache.write_behind)
            try:
                yield cache
            finally:
                tasks.cancel_scope.cancel()
                await cache.flush()
    finally:
        with anyio.CancelScope(shield=True):
            await connection.close()


async def _prepare(connection: aiosqlite.Connection, path: Path) -> set[str]:
    try:
        await connection.execute("PRAGMA journal_mode = WAL")
        await connection.execute("PRAGMA synchronous = NORMAL")
        await connection.execute(_SCHEMA)
        return {row[0] for row in await connection.execute_fetchall("SELECT key FROM completions")}
    except aiosqlite.Error as problem:
        raise ModelError(f"the cache {path} cannot be opened: {problem}") from None
