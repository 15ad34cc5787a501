"""Queries that keep an SQLite store small: what it holds, and which episodes can go."""

from collections.abc import Awaitable, Callable
from sqlite3 import Row

from toolworld.server.store.protocol import PruneConditions, PruneResult, StoreStats
from toolworld.server.store.writer import Value

Read = Callable[..., Awaitable[list[Row]]]
"""Executes a query with its values, and returns the rows."""
Write = Callable[..., Awaitable[None]]
"""Executes a statement with its values, and returns when it is committed."""

# Episodes that match, less those that a fork which stays needs: its parent, the parent's parent, and so on.
_REMOVABLE = """
WITH RECURSIVE
    matched (id) AS (SELECT id FROM episodes WHERE {condition}),
    needed (id) AS (
        SELECT parent FROM episodes WHERE parent IS NOT NULL AND id NOT IN (SELECT id FROM matched)
        UNION SELECT episodes.parent FROM episodes JOIN needed USING (id) WHERE episodes.parent IS NOT NULL
    ),
    removable (id) AS (SELECT id FROM matched WHERE id NOT IN (SELECT id FROM needed))
"""


async def read_stats(read: Read, size: int) -> StoreStats:
    """Count what a store holds.

    Args:
        read: Executes a query.
        size: Bytes of the store on disk.
    """
    [counts] = await read(
        "SELECT count(*) AS episodes, coalesce(sum(closed), 0) AS closed, count(parent) AS forks,"
        " (SELECT count(*) FROM events) AS calls FROM episodes"
    )
    shares = await read("SELECT environment, count(*) AS number FROM episodes GROUP BY environment ORDER BY 1")
    [[free_pages]], [[page_size]] = await read("PRAGMA freelist_count"), await read("PRAGMA page_size")
    return StoreStats(
        **{name: counts[name] for name in ("episodes", "closed", "forks", "calls")},
        environments={row["environment"]: row["number"] for row in shares},
        bytes=size,
        reclaimable=free_pages * page_size,
    )


async def count_pruned(read: Read, conditions: PruneConditions) -> PruneResult:
    """Count what pruning would remove."""
    removable, values = _removable(conditions)
    [counts] = await read(
        f"{removable} SELECT (SELECT count(*) FROM matched) AS matched, (SELECT count(*) FROM removable) AS removed,"
        " (SELECT count(*) FROM events WHERE episode IN"
        " (SELECT number FROM episodes WHERE id IN (SELECT id FROM removable))) AS calls",
        *values,
    )
    return PruneResult(
        matched=counts["matched"],
        removed=counts["removed"],
        kept=counts["matched"] - counts["removed"],
        calls=counts["calls"],
    )


async def prune(write: Write, conditions: PruneConditions) -> None:
    """Remove episodes with their calls, and the environments in which no episode is left."""
    removable, values = _removable(conditions)
    await write(f"{removable} DELETE FROM episodes WHERE id IN (SELECT id FROM removable)", *values)
    await write("DELETE FROM environments WHERE (id, version) NOT IN (SELECT environment, version FROM episodes)")


def _removable(conditions: PruneConditions) -> tuple[str, list[Value]]:
    clauses, values = ["1"], list[Value]()
    if conditions.closed:
        clauses.append("closed = 1")
    if conditions.unused_since is not None:
        clauses.append("used < ?")
        values.append(conditions.unused_since)
    if conditions.environment is not None:
        clauses.append("environment = ?")
        values.append(conditions.environment)
    return _REMOVABLE.format(condition=" AND ".join(clauses)), values
