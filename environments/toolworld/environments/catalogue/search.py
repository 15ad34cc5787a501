"""Search over the tools of many environments, by words and by meaning: indexes kept beside a pack.

By words: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) as SQLite's FTS5 has it, with
English stems; a word of a tool's name counts more than one of its description. By meaning: the cosine of embeddings.
By both: the two orders joined (reciprocal rank fusion: Cormack, Clarke and Buettcher, 2009).
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Self, cast

from pydantic import ValidationError

from toolworld.environments.catalogue.find import find_folder
from toolworld.environments.catalogue.index_file import INDEX_SUFFIX, filled_index, open_index, stamp_of
from toolworld.environments.catalogue.pack import PACK_SUFFIX, beside
from toolworld.environments.catalogue.query import SIZES, Wanted, conditions_of, match_of, size_of
from toolworld.environments.catalogue.vectors import VECTORS_SUFFIX, OnEmbedded, vectors_of
from toolworld.environments.spec.tool import Effect
from toolworld.ground import EncodingError, JsonObject, Record, RecordError, SpecError, UsageError, decode
from toolworld.llm import EMBEDDINGS_NEEDED, Embedder, load_embedder

_WEIGHTS = (6.0, 2.0, 1.0, 0.5)
"""How much a word counts in the name, the description, the environment's title, and the parameters."""
_MOST_DESCRIBED = 160
"""How much of a description is embedded."""


SearchBy = Literal["words", "meaning", "both"]
_FUSION = 60
"""The constant of reciprocal rank fusion: the larger, the less the first ranks count."""
_DEPTH = 50
"""How deep into each order the two are joined."""


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
        self._database = open_index(names, path) if self._pack is not None else filled_index(names, ":memory:", "")
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
        where, given = conditions_of(wanted or Wanted())
        rows = self._run(
            f"SELECT effect, size, domain FROM tools WHERE {' AND '.join(['tools MATCH ?', *where])}",
            [match_of(query), *given],
        )
        domains = Counter(str(domain) for _, _, domain in rows)
        sizes = Counter(size_of(int(size)) for _, size, _ in rows)
        return Facets(
            fitting=len(rows),
            effects=dict(sorted(Counter(str(effect) for effect, _, _ in rows).items())),
            sizes={name: sizes[name] for name in SIZES if sizes[name]},
            domains=dict(sorted(domains.items(), key=lambda one: (-one[1], one[0]))),
        )

    def _by_words(self, query: str, most: int, wanted: Wanted) -> list[tuple[int, float]]:
        where, given = conditions_of(wanted)
        score = f"bm25(tools, {', '.join(map(str, _WEIGHTS))})"
        rows = self._run(
            f"SELECT rowid, {score} FROM tools WHERE {' AND '.join(['tools MATCH ?', *where])} "
            f"ORDER BY {score}, rowid LIMIT ?",
            [match_of(query), *given, most],
        )
        return [(int(row), -float(found)) for row, found in rows]

    def _by_meaning(self, query: str, most: int, wanted: Wanted) -> list[tuple[int, float]]:
        if self._embedder is None:
            raise UsageError(EMBEDDINGS_NEEDED)
        match_of(query)  # a query without a word means nothing
        where, given = conditions_of(wanted)
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
        stamp = stamp_of(self._pack) if self._pack is not None else ""
        self._made = vectors_of(texts, embedder, file=file, stamp=stamp, on_embedded=self._on_embedded)
        return self._made

    def _entries(self, found: Sequence[tuple[int, float]]) -> list[FoundTool]:
        made: list[FoundTool] = []
        for row, score in found:
            [(entry,)] = self._run("SELECT entry FROM tools WHERE rowid = ?", [row])
            made.append(_found_tool(entry, round(score, 4)))
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
        sizes={name: added["sizes"][name] for name in SIZES if added["sizes"][name]},
        domains=dict(sorted(added["domains"].items(), key=lambda one: (-one[1], one[0]))),
    )


def _indexes(names: Sequence[str]) -> list[list[str]]:
    """What is searched together: each pack by itself, and everything else."""
    names = list(dict.fromkeys(names))
    others = [name for name in names if not name.endswith(PACK_SUFFIX)]
    packs = [[name] for name in names if name.endswith(PACK_SUFFIX)]
    return [others, *packs] if others else packs


def _found_tool(entry: str, score: float) -> FoundTool:
    """What an index says of a tool; it may be a stranger's.

    Raises:
        SpecError: it is no tool.
    """
    try:
        return FoundTool.model_validate({**cast(JsonObject, decode(entry)), "score": score})
    except (EncodingError, ValidationError, TypeError):
        raise SpecError(f"the {INDEX_SUFFIX} file beside the pack is damaged; remove it, and it is made anew") from None
