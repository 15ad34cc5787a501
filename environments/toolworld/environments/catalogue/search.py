"""Search over the tools of many environments, by words and by meaning: indexes kept beside a pack.

By words: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) as SQLite's FTS5 has it, with
English stems; a word of a tool's name counts more than one of its description. By meaning: the cosine of embeddings.
By both: the two orders joined (reciprocal rank fusion: Cormack, Clarke and Buettcher, 2009).
"""

import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from toolworld.environments.catalogue.find import find_environments, find_folder
from toolworld.environments.catalogue.pack import PACK_SUFFIX, beside
from toolworld.environments.catalogue.vectors import VECTORS_SUFFIX, OnEmbedded, vectors_of
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import Effect
from toolworld.ground import Record, RecordError, UsageError
from toolworld.llm import EMBEDDINGS_NEEDED, Embedder, load_embedder

INDEX_SUFFIX = ".index.sqlite"
"""What is added to the name of a pack for the file of its index."""
_VERSION = 2
_WEIGHTS = (6.0, 2.0, 1.0, 0.5)
"""How much a word counts in the name, the description, the environment's title, and the parameters."""
_MOST_WORDS = 40
_MOST_DESCRIBED = 160
"""How much of a description is embedded."""
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
    name, description, title, parameters, entry UNINDEXED, domain UNINDEXED, effect UNINDEXED, size UNINDEXED,
    tokenize = 'porter unicode61'
);
CREATE TABLE made_of (stamp TEXT);
"""


SearchBy = Literal["words", "meaning", "both"]
_FUSION = 60
"""The constant of reciprocal rank fusion: the larger, the less the first ranks count."""
_DEPTH = 50
"""How deep into each order the two are joined."""
Size = Literal["small", "medium", "large"]
_SIZES: dict[Size, tuple[int, int]] = {"small": (0, 5), "medium": (6, 20), "large": (21, 1 << 30)}
"""Sizes of environments, by the number of their tools."""


class Wanted(Record):
    """What found tools have to be."""

    domain: str | None = None
    """The domain of their environment has these words."""
    effect: Effect | None = None
    """They read, or they write."""
    size: Size | None = None
    """Their environment is `small` (up to 5 tools), `medium` (up to 20) or `large`."""


class Facets(Record):
    """How many tools fit, and of which kinds they are."""

    fitting: int
    effects: dict[str, int]
    sizes: dict[str, int]
    domains: dict[str, int]
    """The most frequent first."""


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
        embedder: Finds by meaning; None if it is not wanted.
        on_embedded: Told of progress where vectors are made, which takes long for many tools.

    Raises:
        SpecError: the environments cannot be read.
    """

    def __init__(
        self, names: Sequence[str], embedder: Embedder | None = None, on_embedded: OnEmbedded | None = None
    ) -> None:
        path = find_folder(names[0])
        self._pack = path if len(names) == 1 and path.suffix == PACK_SUFFIX else None
        self._database = _open_index(names, path) if self._pack is not None else _filled(names, ":memory:", "")
        self._embedder = embedder
        self._on_embedded = on_embedded
        self._made: Any = None
        """The vectors, once they were asked for."""

    def search(
        self, query: str, *, by: SearchBy = "words", most: int = 10, wanted: Wanted | None = None
    ) -> list[FoundTool]:
        """The tools that fit a query best.

        Args:
            query: What is looked for, such as `refund an order`.
            by: How: by its words, by its meaning, or by both.
            most: How many are wanted.
            wanted: What they have to be.

        Raises:
            UsageError: there is no word in the query, or embeddings are not installed.
            RecordError: the index is damaged.
        """
        wanted = wanted or Wanted()
        if by == "words":
            return self._entries(self._by_words(query, most, wanted))
        if by == "meaning":
            return self._entries(self._by_meaning(query, most, wanted))
        joined: dict[int, float] = {}
        for found in (self._by_words(query, _DEPTH, wanted), self._by_meaning(query, _DEPTH, wanted)):
            for rank, (row, _) in enumerate(found, start=1):
                joined[row] = joined.get(row, 0.0) + 1 / (_FUSION + rank)
        best = sorted(joined.items(), key=lambda one: (-one[1], one[0]))
        return self._entries(best[:most])

    def facets(self, query: str, wanted: Wanted | None = None) -> Facets:
        """How many tools have a word of a query, and of which kinds they are."""
        where, given = _conditions(wanted or Wanted())
        rows = self._run(
            f"SELECT effect, size, domain FROM tools WHERE {' AND '.join(['tools MATCH ?', *where])}",
            [_match(query), *given],
        )
        domains = Counter(str(domain) for _, _, domain in rows)
        sizes = Counter(_size(int(size)) for _, size, _ in rows)
        return Facets(
            fitting=len(rows),
            effects=dict(sorted(Counter(str(effect) for effect, _, _ in rows).items())),
            sizes={name: sizes[name] for name in _SIZES if sizes[name]},
            domains=dict(sorted(domains.items(), key=lambda one: (-one[1], one[0]))),
        )

    def _by_words(self, query: str, most: int, wanted: Wanted) -> list[tuple[int, float]]:
        where, given = _conditions(wanted)
        score = f"bm25(tools, {', '.join(map(str, _WEIGHTS))})"
        rows = self._run(
            f"SELECT rowid, {score} FROM tools WHERE {' AND '.join(['tools MATCH ?', *where])} "
            f"ORDER BY {score}, rowid LIMIT ?",
            [_match(query), *given, most],
        )
        return [(int(row), -float(found)) for row, found in rows]

    def _by_meaning(self, query: str, most: int, wanted: Wanted) -> list[tuple[int, float]]:
        if self._embedder is None:
            raise UsageError(EMBEDDINGS_NEEDED)
        _match(query)  # a query without a word means nothing
        where, given = _conditions(wanted)
        clause = f"WHERE {' AND '.join(where)}" if where else ""
        rows = [int(row) for (row,) in self._run(f"SELECT rowid FROM tools {clause} ORDER BY rowid", given)]
        asked = self._embedder.vectors([query])[0]
        cosines = self._vectors(self._embedder) @ asked
        found = sorted(((row, float(cosines[row - 1])) for row in rows), key=lambda one: (-one[1], one[0]))
        return found[:most]

    def _vectors(self, embedder: Embedder) -> Any:
        if self._made is not None:
            return self._made
        texts = [
            f"{name.strip()}: {' '.join(described.split())[:_MOST_DESCRIBED]}"
            for name, described in self._run("SELECT name, description FROM tools ORDER BY rowid", [])
        ]
        file = beside(self._pack, VECTORS_SUFFIX) if self._pack is not None else None
        stamp = _stamp(self._pack) if self._pack is not None else ""
        self._made = vectors_of(texts, embedder, file=file, stamp=stamp, on_embedded=self._on_embedded)
        return self._made

    def _entries(self, found: Sequence[tuple[int, float]]) -> list[FoundTool]:
        made: list[FoundTool] = []
        for row, score in found:
            [(entry,)] = self._run("SELECT entry FROM tools WHERE rowid = ?", [row])
            made.append(FoundTool(**json.loads(entry), score=round(score, 4)))
        return made

    def _run(self, sql: str, given: Sequence[str | int]) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(sql, given).fetchall()
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
    query: str,
    names: Sequence[str],
    *,
    by: SearchBy = "words",
    most: int = 10,
    wanted: Wanted | None = None,
    on_embedded: OnEmbedded | None = None,
) -> list[FoundTool]:
    """The tools of several folders, packs and built-in environments that fit best; see `ToolIndex.search`.

    Raises:
        UsageError: there is no word in the query, or embeddings are wanted and not installed.
    """
    embedder = None if by == "words" else load_embedder()
    if by != "words" and embedder is None:
        raise UsageError(EMBEDDINGS_NEEDED)
    found: list[FoundTool] = []
    for together in _indexes(names):
        with ToolIndex(together, embedder, on_embedded) as index:
            found += index.search(query, by=by, most=most, wanted=wanted)
    return sorted(found, key=lambda one: (-one.score, one.environment, one.tool))[:most]


def search_facets(query: str, names: Sequence[str], wanted: Wanted | None = None) -> Facets:
    """The facets of what has a word of a query, over several folders, packs and built-in environments."""
    parts: list[Facets] = []
    for together in _indexes(names):
        with ToolIndex(together) as index:
            parts.append(index.facets(query, wanted))
    added = {name: Counter[str]() for name in ("effects", "sizes", "domains")}
    for part in parts:
        added["effects"] += Counter(part.effects)
        added["sizes"] += Counter(part.sizes)
        added["domains"] += Counter(part.domains)
    return Facets(
        fitting=sum(part.fitting for part in parts),
        effects=dict(sorted(added["effects"].items())),
        sizes={name: added["sizes"][name] for name in _SIZES if added["sizes"][name]},
        domains=dict(sorted(added["domains"].items(), key=lambda one: (-one[1], one[0]))),
    )


def _indexes(names: Sequence[str]) -> list[list[str]]:
    """What is searched together: each pack by itself, and everything else."""
    names = list(dict.fromkeys(names))
    others = [name for name in names if not name.endswith(PACK_SUFFIX)]
    packs = [[name] for name in names if name.endswith(PACK_SUFFIX)]
    return [others, *packs] if others else packs


def _match(query: str) -> str:
    """A query as FTS5 has it: any of its words.

    Raises:
        UsageError: it has none.
    """
    spoken = list(dict.fromkeys(re.findall(r"[^\W_]+", query.lower())))[:_MOST_WORDS]
    asked = [one for one in spoken if one not in _SMALL] or spoken
    if not asked:
        raise UsageError(f"{query!r} has no word to search for")
    return " OR ".join(f'"{one}"' for one in asked)


def _conditions(wanted: Wanted) -> tuple[list[str], list[str | int]]:
    """What is wanted, as conditions of SQL with their values."""
    where: list[str] = []
    given: list[str | int] = []
    if wanted.domain is not None:
        where.append("domain LIKE ? ESCAPE '\\'")
        given.append(f"%{_escaped(wanted.domain)}%")
    if wanted.effect is not None:
        where.append("effect = ?")
        given.append(wanted.effect)
    if wanted.size is not None:
        where.append("size BETWEEN ? AND ?")
        given += _SIZES[wanted.size]
    return where, given


def _size(tools: int) -> Size:
    """The size of an environment with so many tools."""
    return next(name for name, (least, most) in _SIZES.items() if least <= tools <= most)


def _stamp(pack: Path) -> str:
    """What tells whether an index is of a pack as it is now."""
    status = pack.stat()
    return f"{_VERSION}:{status.st_mtime_ns}:{status.st_size}"


def _open_index(names: Sequence[str], pack: Path) -> sqlite3.Connection:
    """The index of a pack: the file beside it if it is of the pack as it is now, else a new one."""
    stamp, path = _stamp(pack), beside(pack, INDEX_SUFFIX)
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
    database.executemany("INSERT INTO tools VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _rows(sources))
    database.execute("INSERT INTO made_of VALUES (?)", [stamp])
    database.commit()
    return database


def _escaped(text: str) -> str:
    """A text without marks that mean something to LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", text)


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
