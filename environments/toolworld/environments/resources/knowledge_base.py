"""A knowledge base: passages of documents, retrieved by words, by vectors or by both."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from toolworld.environments.resources.files import files_in, read_file
from toolworld.environments.resources.ranking import RankBy, Ranking
from toolworld.environments.resources.reading import READABLE, read_document
from toolworld.environments.resources.resource import TEXT, number, read_tool, rows_of, text
from toolworld.ground import EncodingError, JsonObject, JsonValue, Record, SpecError, decode


class KnowledgeBaseSettings(Record):
    """How a knowledge base is set up."""

    folder: str
    """A folder of documents, or one file: HTML, Markdown, text, PDF, or JSON lines with `text`, `title` and `id`."""
    rank_by: RankBy = "words"
    """How passages are compared with a query."""
    embedder: str = "minilm"
    """The model of embeddings, where vectors are compared."""
    passage_words: Annotated[int, Field(ge=5, le=5_000)] = 120
    """About how many words a passage has."""
    top_k: Annotated[int, Field(ge=1, le=50)] = 10
    """How many passages a search gives by default."""


KNOWLEDGE_BASE_TOOLS = (
    read_tool(
        "rag_search",
        "Search the knowledge base. Returns the passages that fit best, each with its id, title and text.",
        {"query": text("The words to search for."), "top_k": number("How many passages.", 50)},
        required=["query"],
        result={"passages": rows_of(id=TEXT, title=TEXT, text=TEXT)},
        errors={},
    ),
)


class _Passage(NamedTuple):
    id: str
    title: str
    text: str


class KnowledgeBase:
    """Passages that can be searched."""

    def __init__(self, passages: Sequence[_Passage], settings: KnowledgeBaseSettings) -> None:
        self._passages = passages
        self._top_k = settings.top_k
        texts = [f"{one.title} {one.text}" for one in passages]
        self._ranking = Ranking(texts, settings.rank_by, settings.embedder)

    @classmethod
    def open(cls, settings: KnowledgeBaseSettings, folder: Path) -> "KnowledgeBase":
        """Read the documents and cut them into passages.

        Raises:
            SpecError: there are none, or one cannot be read.
        """
        root = folder / settings.folder
        passages: list[_Passage] = []
        for path in files_in(root, (*READABLE, ".jsonl"), "knowledge_base"):
            name = path.name if path == root else path.relative_to(root).with_suffix("").as_posix()
            passages += (
                _lines(path) if path.suffix.casefold() == ".jsonl" else _passages(path, name, settings.passage_words)
            )
        return cls(passages, settings)

    async def answer(self, tool: str, arguments: JsonObject) -> JsonValue:
        """Search."""
        del tool  # there is one
        count = int(str(arguments.get("top_k", self._top_k)))
        found = await self._ranking.best(str(arguments["query"]), count)
        return {"passages": [dict(self._passages[place]._asdict()) for place in found]}


def _lines(path: Path) -> Iterator[_Passage]:
    for place, line in enumerate(read_file(path, "knowledge_base").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            one = decode(line)
        except EncodingError as problem:
            raise SpecError(f"knowledge_base: {path}:{place}: {problem}") from None
        fields = one if isinstance(one, dict) else {}
        words = next((fields[name] for name in ("text", "content", "contents") if name in fields), None)
        if not isinstance(words, str):
            raise SpecError(f"knowledge_base: {path}:{place}: a line is an object with `text`")
        yield _Passage(str(fields.get("id", f"{path.stem}-{place}")), str(fields.get("title", "")), words)


def _passages(path: Path, name: str, words: int) -> Iterator[_Passage]:
    """Cut a document at its sections, and a long section between paragraphs."""
    document = read_document(path, "knowledge_base")
    parts = [(section.title, part) for section in document.sections for part in _parts(section.lines, words)]
    for count, (section, part) in enumerate(parts, start=1):
        title = document.title if section in ("", document.title) else f"{document.title}: {section}"
        yield _Passage(f"{name}#{count}", title, part)


def _parts(lines: Sequence[str], words: int) -> Iterator[str]:
    """Paragraphs together, as long as they have not too many words."""
    gathered: list[str] = []
    for line in filter(None, lines):
        if gathered and sum(len(one.split()) for one in [*gathered, line]) > words:
            yield "\n".join(gathered)
            gathered = []
        gathered.append(line)
    if gathered:
        yield "\n".join(gathered)
