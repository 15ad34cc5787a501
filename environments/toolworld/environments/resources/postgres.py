"""A PostgreSQL database that can only be read: each query in a transaction that is read-only and bounded in time."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import anyio

from toolworld.environments.resources.database import Column, Reference, Rows, Table
from toolworld.environments.resources.resource import RefusedCallError
from toolworld.ground import SimulationError, SpecError, reason_of

_COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type, EXISTS (
    SELECT 1 FROM information_schema.key_column_usage k JOIN information_schema.table_constraints t
    ON t.constraint_name = k.constraint_name AND t.table_schema = k.table_schema AND t.constraint_type = 'PRIMARY KEY'
    WHERE k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
) FROM information_schema.columns c WHERE c.table_schema = 'public' ORDER BY c.table_name, c.ordinal_position
"""
_REFERENCES = """
SELECT k.table_name, k.column_name, u.table_name, u.column_name
FROM information_schema.referential_constraints r
JOIN information_schema.key_column_usage k ON k.constraint_name = r.constraint_name
JOIN information_schema.constraint_column_usage u ON u.constraint_name = r.unique_constraint_name
WHERE k.table_schema = 'public' ORDER BY 1, 2
"""
_CONNECT_SECONDS = 10.0
_AT_ONCE, _MAX_RESULT = 16, 4 << 20
"""How many rows are fetched at once, and bytes of all rows."""


class PostgresEngine:
    """A PostgreSQL database; each query on a connection of its own, so that it may be used from any event loop.

    Args:
        dsn: Its address, with the key in it.
        seconds: How long a query may take.
    """

    def __init__(self, dsn: str, seconds: float) -> None:
        try:
            self._asyncpg: Any = import_module("asyncpg")
        except ImportError:
            raise SpecError("database: PostgreSQL needs `pip install toolworld[postgres]`") from None
        self._dsn = dsn
        self._seconds = seconds
        self._tables: Sequence[Table] | None = None

    async def tables(self) -> Sequence[Table]:
        """Its tables in the schema `public`."""
        if self._tables is None:
            columns = await self._rows(_COLUMNS)
            references = await self._rows(_REFERENCES)
            names = dict.fromkeys(str(row[0]) for row in columns)
            self._tables = [
                Table(
                    name,
                    [Column(str(row[1]), str(row[2]), bool(row[3])) for row in columns if row[0] == name],
                    [Reference(str(row[1]), str(row[2]), str(row[3])) for row in references if row[0] == name],
                )
                for name in names
            ]
        return self._tables

    async def _rows(self, query: str) -> Sequence[Sequence[object]]:
        return (await self.execute(query, 10_000)).rows

    async def execute(self, query: str, limit: int) -> Rows:
        """Run a query, which a cursor reads, so that no more rows than the limit are sent."""
        connection = await self._connect()
        limit_seconds = self._seconds + _CONNECT_SECONDS  # the server's own limit does not see the network
        errors = (self._asyncpg.PostgresError, self._asyncpg.InterfaceError, TimeoutError, ValueError)
        try:
            with anyio.fail_after(limit_seconds):
                async with connection.transaction(readonly=True):
                    await connection.execute(f"SET LOCAL statement_timeout = {int(self._seconds * 1000)}")
                    prepared = await connection.prepare(query)
                    cursor = await prepared.cursor()
                    rows = await _fetched(cursor, limit + 1)
                    names = [str(one.name) for one in prepared.get_attributes()]
        except errors as problem:
            raise RefusedCallError("query_failed", f"the query failed: {reason_of(problem)}") from None
        finally:
            connection.terminate()  # it is used once, and a polite end may take as long as the network does
        if not names:
            raise RefusedCallError("query_failed", "the query failed: write one statement that reads")
        return Rows(names, [tuple(row) for row in rows[:limit]], len(rows) > limit)

    async def _connect(self) -> Any:
        try:
            return await self._asyncpg.connect(self._dsn, timeout=_CONNECT_SECONDS)
        except (self._asyncpg.PostgresError, OSError, TimeoutError, ValueError) as problem:
            raise SimulationError(f"the database is away: {reason_of(problem)}") from None


async def _fetched(cursor: Any, limit: int) -> list[Any]:
    """The first rows, a few at a time, bounded in bytes."""
    rows: list[Any] = []
    size = 0
    while len(rows) < limit:
        part: list[Any] = await cursor.fetch(min(_AT_ONCE, limit - len(rows)))
        size += sum(len(cell) for row in part for cell in row if isinstance(cell, str | bytes))
        if size > _MAX_RESULT:
            raise ValueError(f"its rows have more than {_MAX_RESULT} bytes; ask for less")
        rows += part
        if len(part) < _AT_ONCE:
            break
    return rows
