"""Completions in an SQLite file, which several processes may share."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite
import anyio

from toolworld.ground import ModelError

_SCHEMA = "CREATE TABLE IF NOT EXISTS completions (key TEXT PRIMARY KEY, completion BLOB NOT NULL) WITHOUT ROWID"
_GET = "SELECT completion FROM completions WHERE key = ?"
_PUT = "INSERT OR REPLACE INTO completions (key, completion) VALUES (?, ?)"


class CompletionFile:
    """A `CompletionStore` in a file. Use `open_completion_file`.

    Args:
        connection: To the file.
        path: The file, for messages.
        keys: The keys in the file when it was opened, held in memory because a query to the file takes longer than most
            answers do.
    """

    def __init__(self, connection: aiosqlite.Connection, path: Path, keys: set[str]) -> None:
        self._connection = connection
        self._path = path
        self._keys = keys

    async def completion(self, key: str) -> bytes | None:
        """A completion of this process, or one that was in the file when it was opened."""
        if key not in self._keys:
            return None
        try:
            rows = list(await self._connection.execute_fetchall(_GET, (key,)))
        except aiosqlite.Error as problem:
            raise self._unusable(problem) from None
        return rows[0][0] if rows else None

    async def add_completions(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Keep completions, in one transaction."""
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
            await self._connection.executemany(_PUT, rows)
            await self._connection.commit()
        except aiosqlite.Error as problem:
            await self._connection.rollback()
            raise self._unusable(problem) from None
        self._keys.update(key for key, _ in rows)

    def _unusable(self, problem: Exception) -> ModelError:
        return ModelError(f"the cache {self._path} cannot be used: {problem}")


@asynccontextmanager
async def open_completion_file(path: Path) -> AsyncGenerator[CompletionFile]:
    """Open a file of completions, and create it if there is none.

    Raises:
        ModelError: the file cannot be opened, or is none of completions.
    """
    if path.is_dir():  # noqa: ASYNC240 - checked once, before anything is opened
        raise ModelError(f"the cache {path} is a folder; name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = await aiosqlite.connect(path, isolation_level=None, timeout=30)
    except (OSError, aiosqlite.Error) as problem:
        raise ModelError(f"the cache {path} cannot be opened: {problem}") from None
    try:
        yield CompletionFile(connection, path, await _prepare(connection, path))
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
