"""Which episodes were forked from which."""

from collections import Counter

from toolworld.server.viewer.runs.row import RunRow
from toolworld.server.viewer.site.site import Site


def origins(site: Site) -> list[tuple[RunRow, int]]:
    """The episodes that others were forked from and that are no forks themselves, with how many came of each."""
    counts = Counter[tuple[str, str]]()
    found: dict[tuple[str, str], RunRow] = {}
    for row in site.archive.index.rows("parent != ''"):
        origin = origin_of(site, row)
        found[origin.place] = origin
        counts[origin.place] += origin.place != row.place
    return [(found[place], count) for place, count in counts.most_common()]


def parent_of(site: Site, row: RunRow) -> RunRow | None:
    """The episode that one was forked from, if it is still there."""
    found = site.archive.index.rows("source = ? AND run = ?", (row.source, row.parent)) if row.parent else []
    return found[0] if found else None


def origin_of(site: Site, row: RunRow) -> RunRow:
    """The first of the episodes that one was forked from, one after the other, that is still there."""
    origin, seen = row, {row.run}
    while (parent := parent_of(site, origin)) is not None and parent.run not in seen:
        seen.add(parent.run)
        origin = parent
    return origin
