"""Removing episodes while servers go on: some at a time, so that nobody waits for long.

A fork that is made meanwhile of an episode that was to go is found by the database, which refuses to remove its parent:
then fewer are removed at a time, until only that parent stays.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs]

from toolworld.server.store.postgres.database import Database
from toolworld.server.store.protocol import PruneConditions, PruneResult
from toolworld.server.store.retention import REMOVE_UNUSED_ENVIRONMENTS, count_pruned, removable

AT_ONCE = 1_000
"""How many episodes one statement removes."""
LONG_SECONDS = 3600
"""How long it may take to find out which episodes can go, of a large store."""

_REMOVE = """
WITH going AS MATERIALIZED (
    SELECT number FROM episodes WHERE id = ANY ($1::text[]) AND NOT EXISTS (
        SELECT 1 FROM episodes AS fork WHERE fork.parent = episodes.id AND fork.id <> ALL ($1::text[])
    )
), calls AS MATERIALIZED (SELECT count(*) AS number FROM events WHERE episode IN (SELECT number FROM going)
), gone AS (DELETE FROM episodes WHERE number IN (SELECT number FROM going) RETURNING number)
SELECT (SELECT count(*) FROM gone) AS episodes, (SELECT number FROM calls) AS calls
"""


async def prune_episodes(database: Database, conditions: PruneConditions, dry: bool) -> PruneResult:
    """Remove episodes with their calls, and the environments in which no episode is left."""
    counted = await database.run(lambda connection, _: _counted(connection, conditions), "pruned")
    if dry:
        return counted
    names = await database.run(lambda connection, _: _names(connection, conditions), "pruned")
    episodes = calls = 0
    for start in range(0, len(names), AT_ONCE):
        removed = await _remove(database, names[start : start + AT_ONCE])
        episodes, calls = episodes + removed[0], calls + removed[1]
    await database.write_with(
        lambda connection, _: connection.execute(REMOVE_UNUSED_ENVIRONMENTS),
        passing=(asyncpg.ForeignKeyViolationError,),
    )
    kept = max(0, counted.matched - episodes)
    return PruneResult(matched=episodes + kept, removed=episodes, kept=kept, calls=calls)


async def _counted(connection: Any, conditions: PruneConditions) -> PruneResult:
    async with connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0")

        async def read(query: str, *values: object) -> Sequence[Any]:
            return await connection.fetch(query, *values, timeout=LONG_SECONDS)

        return await count_pruned(read, conditions, placeholder)


async def _names(connection: Any, conditions: PruneConditions) -> Sequence[str]:
    """The episodes that can go, forks before their parents."""
    query, values = removable(conditions, placeholder)
    query += " SELECT id FROM episodes WHERE id IN (SELECT id FROM removable) ORDER BY number DESC"
    async with connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0")
        return [row["id"] for row in await connection.fetch(query, *values, timeout=LONG_SECONDS)]


async def _remove(database: Database, names: Sequence[str]) -> tuple[int, int]:
    """Remove episodes, but none of which somebody has made a fork since; their number, and that of their calls."""

    async def remove(connection: Any, _: int) -> tuple[int, int] | None:
        try:
            row = await connection.fetchrow(_REMOVE, names)
        except asyncpg.ForeignKeyViolationError:
            return None
        return row["episodes"], row["calls"]

    removed = await database.write_with(remove)
    if removed is not None:
        return removed
    if len(names) == 1:
        return 0, 0
    middle = len(names) // 2
    first, second = await _remove(database, names[:middle]), await _remove(database, names[middle:])
    return first[0] + second[0], first[1] + second[1]


def placeholder(number: int) -> str:
    """How PostgreSQL writes the place of a value."""
    return f"${number}"
