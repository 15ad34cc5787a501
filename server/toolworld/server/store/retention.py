"""Queries that keep a store small, in SQL that each database understands: what it holds, and which episodes can go."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from toolworld.server.store.protocol import PruneConditions, PruneResult, StoreStats

Read = Callable[..., Awaitable[Sequence[Any]]]
"""Executes a query with its values, and returns the rows, whose columns are found by name."""
Placeholder = Callable[[int], str]
"""How the database writes the place of a value in a query, by its number from 1."""

# Episodes that match, less those that a fork which stays needs: its parent, the parent's parent, and so on. Sets are
# taken from each other by EXCEPT, which each database does in linear time; PostgreSQL's NOT IN is quadratic.
_REMOVABLE = """
WITH RECURSIVE
    matched (id) AS (SELECT id FROM episodes WHERE {condition}),
    staying (id) AS (SELECT id FROM episodes EXCEPT SELECT id FROM matched),
    needed (id) AS (
        SELECT episodes.parent FROM episodes JOIN staying USING (id) WHERE episodes.parent IS NOT NULL
        UNION SELECT episodes.parent FROM episodes JOIN needed USING (id) WHERE episodes.parent IS NOT NULL
    ),
    removable (id) AS (SELECT id FROM matched EXCEPT SELECT id FROM needed)
"""
_COUNT = """
SELECT (SELECT count(*) FROM matched) AS matched, (SELECT count(*) FROM removable) AS removed,
    (SELECT count(*) FROM events WHERE episode IN
        (SELECT number FROM episodes WHERE id IN (SELECT id FROM removable))) AS calls
"""
REMOVE_UNUSED_ENVIRONMENTS = (
    "DELETE FROM environments WHERE NOT EXISTS"
    " (SELECT 1 FROM episodes WHERE environment = environments.id AND version = environments.version)"
)
"""Removes the environments in which no episode is left."""


async def read_stats(read: Read, size: int, reclaimable: int) -> StoreStats:
    """Count what a store holds.

    Args:
        read: Executes a query.
        size: Bytes of the store on disk.
        reclaimable: Bytes of them that could be given back.
    """
    [counts] = await read(
        "SELECT count(*) AS episodes, count(*) FILTER (WHERE closed) AS closed, count(parent) AS forks,"
        " (SELECT count(*) FROM events) AS calls FROM episodes"
    )
    shares = await read("SELECT environment, count(*) AS number FROM episodes GROUP BY environment ORDER BY 1")
    [[completions]] = await read("SELECT count(*) FROM completions")
    spent = await read(
        "SELECT budget, sum(amount) AS amount FROM (SELECT budget, spent AS amount FROM spending"
        " UNION ALL SELECT budget, amount FROM reservations) AS parts GROUP BY budget ORDER BY budget"
    )
    return StoreStats(
        **{name: counts[name] for name in ("episodes", "closed", "forks", "calls")},
        environments={row["environment"]: row["number"] for row in shares},
        completions=completions,
        spent={row["budget"]: row["amount"] for row in spent},
        bytes=size,
        reclaimable=reclaimable,
    )


async def count_pruned(read: Read, conditions: PruneConditions, placeholder: Placeholder) -> PruneResult:
    """Count what pruning would remove."""
    beginning, values = removable(conditions, placeholder)
    [counts] = await read(f"{beginning} {_COUNT}", *values)
    return PruneResult(
        matched=counts["matched"],
        removed=counts["removed"],
        kept=counts["matched"] - counts["removed"],
        calls=counts["calls"],
    )


def removable(conditions: PruneConditions, placeholder: Placeholder) -> tuple[str, list[str | int]]:
    """The beginning of a statement about the episodes that can go, which it names `removable`, and its values."""
    clauses, values = ["true"], list[str | int]()
    if conditions.closed:
        clauses.append("closed")
    if conditions.unused_since is not None:
        values.append(conditions.unused_since)
        clauses.append(f"used < {placeholder(len(values))}")
    if conditions.environment is not None:
        values.append(conditions.environment)
        clauses.append(f"environment = {placeholder(len(values))}")
    return _REMOVABLE.format(condition=" AND ".join(clauses)), values
