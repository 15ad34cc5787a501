"""Keeping a store small: what it holds, which episodes can go, and the space they leave."""

import os
from collections.abc import Sequence
from pathlib import Path

from toolworld.ground import Record
from toolworld.server.store import Store, Value


class StoreFigures(Record):
    """What a store holds."""

    episodes: int
    closed: int
    forks: int
    calls: int
    environments: dict[str, int]
    """Episodes by environment."""
    bytes: int
    """Of the file and its journal."""
    reclaimable: int
    """Bytes of the file that `vacuum` would give back."""


class Pruned(Record):
    """What pruning came to; matched = removed + kept."""

    matched: int
    removed: int
    kept: int
    """Episodes that matched, but whose first calls a fork that stays still needs."""
    calls: int
    """Calls that went with the removed episodes."""


_DOOMED = """
WITH RECURSIVE
    matched (id) AS (SELECT id FROM episodes WHERE {condition}),
    needed (id) AS (
        SELECT parent FROM episodes WHERE parent IS NOT NULL AND id NOT IN (SELECT id FROM matched)
        UNION SELECT episodes.parent FROM episodes JOIN needed USING (id) WHERE episodes.parent IS NOT NULL
    ),
    doomed (id) AS (SELECT id FROM matched WHERE id NOT IN (SELECT id FROM needed))
"""


async def measure(store: Store, path: Path) -> StoreFigures:
    """Count what a store holds."""
    [counts] = await store.read(
        "SELECT count(*) AS episodes, coalesce(sum(closed), 0) AS closed, count(parent) AS forks,"
        " (SELECT count(*) FROM events) AS calls FROM episodes"
    )
    shares = await store.read("SELECT environment, count(*) AS number FROM episodes GROUP BY environment ORDER BY 1")
    free = await _number(store, "PRAGMA freelist_count") * await _number(store, "PRAGMA page_size")
    return StoreFigures(
        **{name: counts[name] for name in ("episodes", "closed", "forks", "calls")},
        environments={row["environment"]: row["number"] for row in shares},
        bytes=file_bytes(path),
        reclaimable=free,
    )


async def prune(
    store: Store,
    closed: bool = False,
    unused_since: int | None = None,
    environment: str | None = None,
    dry: bool = False,
) -> Pruned:
    """Remove the episodes that match all conditions, with their calls. A fork keeps its ancestors.

    Args:
        store: Where.
        closed: Only closed ones.
        unused_since: Only those not used since then (seconds since 1970); an episode of a store that an
            older toolworld wrote, and that nobody has called since, counts as unused.
        environment: Only those of one environment.
        dry: Count, and remove nothing.
    """
    conditions, values = _conditions(closed, unused_since, environment)
    doomed = _DOOMED.format(condition=" AND ".join(conditions))
    [counts] = await store.read(
        f"{doomed} SELECT (SELECT count(*) FROM matched) AS matched, (SELECT count(*) FROM doomed) AS removed,"
        " (SELECT count(*) FROM events WHERE episode IN (SELECT id FROM doomed)) AS calls",
        *values,
    )
    if not dry:
        await store.write(f"{doomed} DELETE FROM episodes WHERE id IN (SELECT id FROM doomed)", *values)
        await store.write(
            "DELETE FROM environments WHERE (id, version) NOT IN (SELECT environment, version FROM episodes)"
        )
    return Pruned(
        matched=counts["matched"],
        removed=counts["removed"],
        kept=counts["matched"] - counts["removed"],
        calls=counts["calls"],
    )


async def vacuum(store: Store, path: Path) -> tuple[int, int]:
    """Give free space back to the disk; returns the bytes before and after.

    Raises:
        StoreError: the disk has no room for the copy that is made, or another process has the store open.
    """
    before = file_bytes(path)
    await store.read("VACUUM")
    await store.read("PRAGMA wal_checkpoint(TRUNCATE)")
    return before, file_bytes(path)


def file_bytes(path: Path) -> int:
    """Give the size of a store on disk, journal included."""
    parts = (path, path.with_name(path.name + "-wal"))
    return sum(os.path.getsize(part) for part in parts if part.exists())


def _conditions(closed: bool, unused_since: int | None, environment: str | None) -> tuple[Sequence[str], list[Value]]:
    conditions, values = ["1"], list[Value]()
    if closed:
        conditions.append("closed = 1")
    if unused_since is not None:
        conditions.append("used < ?")
        values.append(unused_since)
    if environment is not None:
        conditions.append("environment = ?")
        values.append(environment)
    return conditions, values


async def _number(store: Store, query: str) -> int:
    return (await store.read(query))[0][0]
