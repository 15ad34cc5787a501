"""Search over the tools of many environments by words: a full-text index in SQLite, kept beside a pack.

Ranking is BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) as SQLite's FTS5 has it, with
English stems; a word of a tool's name counts more than one of its description.
"""

import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from toolworld.environments.catalogue.find import find_environments, find_folder
from toolworld.environments.catalogue.pack import PACK_SUFFIX
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import Effect
from toolworld.ground import Record, RecordError, UsageError

INDEX_SUFFIX = ".index.sqlite"
"""What is added to the name of a pack for the file of its index."""
_VERSION = 1
_WEIGHTS = (6.0, 2.0, 1.0, 0.5)
"""How much a word counts in the name, the description, the environment's title, and the parameters."""
_MOST_WORDS = 40
_SMALL = frozenset(
    re.findall(
        r"\w+",
        """a about after all an and any are as at be been by can could did do does for from get had has have he her his
        how i if in is it its let me my new no not of off on one or our out please she so that the their them they this
        to up us want was we what when where which who will with would you your""",
    )
)
"""Words that say nothing of what is wanted, where others do."""
_SCHEMA = """
CREATE VIRTUAL TABLE tools USING fts5(
    name, description, title, parameters, entry UNINDEXED, domain UNINDEXED, effect UNINDEXED,
    tokenize = 'porter unicode61'
);
CREATE TABLE made_of (stamp TEXT);
"""


class FoundTool(Record):
    """A tool that a search found."""

    environment: str
    tool: str
    title: str
    """Of the environment."""
    domain: str
    effect: Effect
    description: str
    score: float
    """How well it fits; higher fits better, and only the order means something."""


class ToolIndex:
    """The tools of a pack, or of folders and built-in environments, to be searched.

    The index of a pack is a file beside it, made at the first search and again when the pack has changed; where none
    can be written there, and for folders, it is made anew each time.

    Args:
        names: One pack; or folders and built-in names.

    Raises:
        SpecError: the environments cannot be read.
    """

    def __init__(self, names: Sequence[str]) -> None:
        path = find_folder(names[0])
        is_pack = len(names) == 1 and path.suffix == PACK_SUFFIX
        self._database = _open_index(names, path) if is_pack else _filled(names, ":memory:", "")

    def search(
        self, query: str, *, most: int = 10, domain: str | None = None, effect: Effect | None = None
    ) -> list[FoundTool]:
        """The tools that fit words best.

        Args:
            query: The words, such as `refund an order`.
            most: How many are wanted.
            domain: Only environments whose domain has these words.
            effect: Only tools that read, or only such that write.

        Raises:
            UsageError: there is no word in the query.
        """
        spoken = list(dict.fromkeys(re.findall(r"[^\W_]+", query.lower())))[:_MOST_WORDS]
        asked = [one for one in spoken if one not in _SMALL] or spoken
        if not asked:
            raise UsageError(f"{query!r} has no word to search for")
        where = (
            ["tools MATCH ?"]
            + ["domain LIKE ? ESCAPE '\\'"] * (domain is not None)
            + ["effect = ?"] * (effect is not None)
        )
        given = [" OR ".join(f'"{one}"' for one in asked)]
        given += ([f"%{_escaped(domain)}%"] if domain is not None else []) + ([effect] if effect is not None else [])
        score = f"bm25(tools, {', '.join(map(str, _WEIGHTS))})"
        rows = self._database.execute(
            f"SELECT entry, {score} FROM tools WHERE {' AND '.join(where)} ORDER BY {score}, rowid LIMIT ?",
            [*given, most],
        )
        try:
            return [FoundTool(**json.loads(entry), score=round(-found, 4)) for entry, found in rows]
        except sqlite3.DatabaseError as problem:
            raise RecordError(
                f"the index beside the pack is damaged ({problem}); delete it, and search again"
            ) from None

    def close(self) -> None:
        """Close the index."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def search_tools(
    query: str, names: Sequence[str], *, most: int = 10, domain: str | None = None, effect: Effect | None = None
) -> list[FoundTool]:
    """The tools of several folders, packs and built-in environments that fit words best; see `ToolIndex.search`."""
    names = list(dict.fromkeys(names))
    packs = [name for name in names if name.endswith(PACK_SUFFIX)]
    others = [name for name in names if not name.endswith(PACK_SUFFIX)]
    found: list[FoundTool] = []
    for together in ([one] for one in packs) if not others else (others, *([one] for one in packs)):
        with ToolIndex(together) as index:
            found += index.search(query, most=most, domain=domain, effect=effect)
    return sorted(found, key=lambda one: (-one.score, one.environment, one.tool))[:most]


def _open_index(names: Sequence[str], pack: Path) -> sqlite3.Connection:
    """The index of a pack: the file beside it if it is of the pack as it is now, else a new one."""
    status = pack.stat()
    stamp = f"{_VERSION}:{status.st_mtime_ns}:{status.st_size}"
    path = pack.with_name(f"{pack.name.removesuffix(PACK_SUFFIX)}{INDEX_SUFFIX}")
    known = _known(path, stamp)
    if known is not None:
        return known
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        _filled(names, str(draft), stamp).close()
        draft.replace(path)
    except (sqlite3.Error, OSError):
        return _filled(names, ":memory:", stamp)
    finally:
        draft.unlink(missing_ok=True)
    return _known(path, stamp) or _filled(names, ":memory:", stamp)


def _known(path: Path, stamp: str) -> sqlite3.Connection | None:
    """The index in a file, if it is one, and of that stamp."""
    if not path.is_file():
        return None
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        row = database.execute("SELECT stamp FROM made_of").fetchone()
        damage = database.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error:
        return None
    if row is None or row[0] != stamp or damage[0] != "ok":
        database.close()
        return None
    return database


def _filled(names: Sequence[str], place: str, stamp: str) -> sqlite3.Connection:
    database = sqlite3.connect(place)
    database.executescript(_SCHEMA)
    sources = (one.source() for one in find_environments(names))
    database.executemany("INSERT INTO tools VALUES (?, ?, ?, ?, ?, ?, ?)", _rows(sources))
    database.execute("INSERT INTO made_of VALUES (?)", [stamp])
    database.commit()
    return database


def _escaped(text: str) -> str:
    """A text without marks that mean something to LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def _spoken(name: str) -> str:
    """The words of a name: FTS5 parts them at marks, and not at capitals."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)


def _rows(environments: Iterable[Environment]) -> Iterator[tuple[str, ...]]:
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
            yield spoken, described, title, parameters, json.dumps(entry), environment.domain, tool.effect
