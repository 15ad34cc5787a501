"""The file of an index of tools: SQLite's full-text search beside a pack, made again where the pack has changed."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from toolworld.environments.catalogue.find import find_environments
from toolworld.environments.catalogue.pack import beside
from toolworld.environments.spec.environment import Environment
from toolworld.ground import draft_beside

INDEX_SUFFIX = ".index.sqlite"
"""What is added to the name of a pack for the file of its index."""


_VERSION = 2


_SCHEMA = """
CREATE VIRTUAL TABLE tools USING fts5(
    name, description, title, parameters, entry UNINDEXED, domain UNINDEXED, effect UNINDEXED, size UNINDEXED,
    tokenize = 'porter unicode61'
);
CREATE TABLE made_of (stamp TEXT);
"""


def stamp_of(pack: Path) -> str:
    """What tells whether an index is of a pack as it is now."""
    status = pack.stat()
    return f"{_VERSION}:{status.st_mtime_ns}:{status.st_size}"


def open_index(names: Sequence[str], pack: Path) -> sqlite3.Connection:
    """The index of a pack: the file beside it if it is of the pack as it is now, else a new one."""
    stamp, path = stamp_of(pack), beside(pack, INDEX_SUFFIX)
    known = _known(path, stamp)
    if known is not None:
        return known
    try:
        with draft_beside(path) as draft:
            filled_index(names, str(draft), stamp).close()
            draft.replace(path)
    except (sqlite3.Error, OSError):
        return filled_index(names, ":memory:", stamp)
    return _known(path, stamp) or filled_index(names, ":memory:", stamp)


def _known(path: Path, stamp: str) -> sqlite3.Connection | None:
    """The index in a file, if it is one, and of that stamp."""
    if not path.is_file():
        return None
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        kinds = database.execute("SELECT DISTINCT type FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchall()
        if kinds:  # none of ours: what one does, and for how long, its author says
            database.close()
            return None
        row = database.execute("SELECT stamp FROM made_of").fetchone()
        damage = database.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error:
        return None
    if row is None or row[0] != stamp or damage[0] != "ok":
        database.close()
        return None
    return database


def filled_index(names: Sequence[str], place: str, stamp: str) -> sqlite3.Connection:
    database = sqlite3.connect(place)
    database.executescript(_SCHEMA)
    sources = (one.source() for one in find_environments(names))
    database.executemany("INSERT INTO tools VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _rows(sources))
    database.execute("INSERT INTO made_of VALUES (?)", [stamp])
    database.commit()
    return database


def _spoken(name: str) -> str:
    """The words of a name: FTS5 parts them at marks, and not at capitals."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)


def _rows(environments: Iterable[Environment]) -> Iterator[tuple[str | int, ...]]:
    for environment in environments:
        for tool in environment.tools:
            entry = {
                "environment": environment.id,
                "tool": tool.name,
                "title": environment.title,
                "domain": environment.domain,
                "effect": tool.effect,
                "description": " ".join(tool.description.split())[:200],
            }
            spoken = _spoken(f"{tool.name} {tool.original_name or ''}")
            title = f"{environment.title} {environment.domain}"
            parameters = _spoken(" ".join(tool.parameters))
            described = tool.description[:2000]
            size = len(environment.tools)
            yield spoken, described, title, parameters, json.dumps(entry), environment.domain, tool.effect, size
