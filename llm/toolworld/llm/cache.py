"""Completions that were paid for, on disk: by the digest of the whole request, so no request is paid for twice.

Only digests and answers are kept; what was asked cannot be read back from it.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite

from toolworld.ground import ModelError, parse_record
from toolworld.llm.model import Completion

_SCHEMA = "CREATE TABLE IF NOT EXISTS completions (key TEXT PRIMARY KEY, completion BLOB NOT NULL) WITHOUT ROWID"


class CompletionCache:
    """Completions by key."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    async def get(self, key: str) -> Completion | None:
        """Give a completion, or None if it is not here."""
        async with self._guarded("SELECT completion FROM completions WHERE key = ?", key) as cursor:
            row = await cursor.fetchone()
        return None if row is None else parse_record(Completion, row[0], f"{self._path}: {key}", ModelError)

    async def put(self, key: str, completion: Completion) -> None:
        """Keep a completion; it is on disk when this returns."""
        statement = "INSERT OR REPLACE INTO completions (key, completion) VALUES (?, ?)"
        async with self._guarded(statement, key, completion.json_bytes()):
            pass

    @asynccontextmanager
    async def _guarded(self, statement: str, *values: str | bytes) -> AsyncGenerator[aiosqlite.Cursor]:
        try:
            async with self._connection.execute(statement, values) as cursor:
                yield cursor
        except aiosqlite.Error as problem:
            raise ModelError(f"the cache {self._path} cannot be used: {problem}") from None


@asynccontextmanager
async def open_cache(path: Path) -> AsyncGenerator[CompletionCache]:
    """Open a cache, making the file if need be; several processes may use one.

    Raises:
        ModelError: the file cannot be opened, or is something else.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = await aiosqlite.connect(path, isolation_level=None, timeout=30)
    except (OSError, aiosqlite.Error) as problem:
        raise ModelError(f"the cache {path} cannot be opened: {problem}") from None
    try:
        try:
            await connection.execute("PRAGMA journal_mode = WAL")
            await connection.execute("PRAGMA synchronous = NORMAL")
            await connection.execute(_SCHEMA)
        except aiosqlite.Error as problem:
            raise ModelError(f"the cache {path} cannot be opened: {problem}") from None
        yield CompletionCache(connection, path)
    finally:
        await connection.close()
