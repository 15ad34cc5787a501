"""Completions that were paid for, on disk: by the digest of the whole request, so no request is paid for twice.

Only digests and answers are kept; what was asked cannot be read back. Puts are written behind, many
in one transaction, and all of them before the cache is closed.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiosqlite
import anyio

from toolworld.ground import ModelError, parse_record, task_group
from toolworld.llm.model import Completion

GATHERED = 0.05
"""For how many seconds puts are gathered before they are written."""
_SCHEMA = "CREATE TABLE IF NOT EXISTS completions (key TEXT PRIMARY KEY, completion BLOB NOT NULL) WITHOUT ROWID"
_GET = "SELECT completion FROM completions WHERE key = ?"
_PUT = "INSERT OR REPLACE INTO completions (key, completion) VALUES (?, ?)"


class CompletionCache:
    """Completions by key.

    Args:
        keys: Those that were in the file when it was opened; a look into the file costs more than most answers do.
    """

    def __init__(self, connection: aiosqlite.Connection, path: Path, keys: set[str]) -> None:
        self._connection = connection
        self._path = path
        self._keys = keys
        self._waiting: dict[str, bytes] = {}
        self._writing: dict[str, bytes] = {}
        self._wake = anyio.Event()

    async def get(self, key: str) -> Completion | None:
        """Give a completion, or None if it is not here."""
        data = self._waiting.get(key) or self._writing.get(key)
        if data is None and key in self._keys:
            try:
                rows = list(await self._connection.execute_fetchall(_GET, (key,)))
            except aiosqlite.Error as problem:
                raise self._unusable(problem) from None
            data = rows[0][0] if rows else None
        return None if data is None else parse_record(Completion, data, f"{self._path}: {key}", ModelError)

    def put(self, key: str, completion: Completion) -> None:
        """Keep a completion; it is written soon, and before the cache is closed."""
        self._waiting[key] = completion.json_bytes()
        self._keys.add(key)
        self._wake.set()

    async def write_behind(self) -> None:
        """Write what was put, for ever."""
        while True:
            await self._wake.wait()
            await anyio.sleep(GATHERED)
            self._wake = anyio.Event()
            with suppress(ModelError):  # it is tried again with the next, and when the cache is closed
                await self.flush()

    async def flush(self) -> None:
        """Write what was put so far.

        Raises:
            ModelError: it cannot be written.
        """
        with anyio.CancelScope(shield=True):
            while self._waiting:
                self._writing, self._waiting = self._waiting, {}
                try:
                    await self._connection.execute("BEGIN IMMEDIATE")
                    await self._connection.executemany(_PUT, list(self._writing.items()))
                    await self._connection.commit()
                except aiosqlite.Error as problem:
                    await self._connection.rollback()
                    self._waiting = {**self._writing, **self._waiting}
                    raise self._unusable(problem) from None
                finally:
                    self._writing = {}

    def _unusable(self, problem: Exception) -> ModelError:
        return ModelError(f"the cache {self._path} cannot be used: {problem}")


@asynccontextmanager
async def open_cache(path: Path) -> AsyncGenerator[CompletionCache]:
    """Open a cache, making the file if need be; several processes may use one.

    Raises:
        ModelError: the file cannot be opened, or is something else.
    """
    if path.is_dir():  # noqa: ASYNC240 - looked at once, before anything is opened
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
