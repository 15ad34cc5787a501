"""Documents: their outline, a search in them, and their sections to read."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from toolworld.environments.resources.files import files_in, name_in
from toolworld.environments.resources.parts import Section
from toolworld.environments.resources.ranking import Ranking, words_of
from toolworld.environments.resources.reading import READABLE, read_document, sentences_around
from toolworld.environments.resources.resource import (
    TEXT,
    WHOLE_NUMBER,
    RefusedCallError,
    number,
    read_tool,
    rows_of,
    text,
    texts,
)
from toolworld.ground import JsonObject, JsonValue, Record, cut

_SNIPPET, _MOST_OUTLINED, _MOST_READ = 240, 400, 24_000


class DocumentSettings(Record):
    """How documents are set up."""

    folder: str
    """A folder of documents, or one file: PDF, Markdown, HTML or text."""


DOCUMENT_TOOLS = (
    read_tool(
        "doc_outline",
        "Give the outline: the sections of every document, each with its id and how many words it has.",
        {"document": text("The name of one document; by default all.")},
        required=[],
        result={
            "sections": rows_of(section_id=TEXT, document=TEXT, title=TEXT, level=WHOLE_NUMBER, words=WHOLE_NUMBER)
        },
        errors={"document_not_found": "no document has this name"},
    ),
    read_tool(
        "doc_search",
        "Search the documents. Returns the sections that fit best, each with a part of its text.",
        {
            "key_words": text("The words to search for."),
            "max_search_results": number("How many sections.", 50),
        },
        required=["key_words"],
        result={"sections": rows_of(section_id=TEXT, document=TEXT, title=TEXT, snippet=TEXT)},
        errors={},
    ),
    read_tool(
        "doc_read",
        "Read sections.",
        {
            "section_ids": texts("The ids of the sections."),
            "goal": text("What is looked for, in words.", format="free-text"),
        },
        required=["section_ids"],
        result={"sections": rows_of(section_id=TEXT, document=TEXT, title=TEXT, text=TEXT)},
        errors={"section_not_found": "no section has one of these ids"},
    ),
)


class _Placed(NamedTuple):
    """A section, with where it is."""

    id: str
    document: str
    section: Section


class Documents:
    """Documents that can be read section by section."""

    def __init__(self, sections: Sequence[_Placed]) -> None:
        self._sections = sections
        self._by_id = {one.id: one for one in sections}
        self._ranking = Ranking([f"{one.section.title} {one.section.text}" for one in sections])

    @classmethod
    def open(cls, settings: DocumentSettings, folder: Path) -> "Documents":
        """Read the documents.

        Raises:
            SpecError: there are none, or one cannot be read.
        """
        root = folder / settings.folder
        sections: list[_Placed] = []
        for path in files_in(root, READABLE, "document"):
            name = name_in(root, path)
            document = read_document(path, "document")
            for place, section in enumerate(document.sections, start=1):
                sections.append(_Placed(f"{name}#{place}", name, section))
        return cls(sections)

    async def answer(self, tool: str, arguments: JsonObject) -> JsonValue:
        """Outline, search or read."""
        if tool == "doc_outline":
            return self._outline(arguments.get("document"))
        if tool == "doc_read":
            ids = arguments["section_ids"]
            return self._read([str(one) for one in ids] if isinstance(ids, list) else [])
        words = str(arguments["key_words"])
        found = await self._ranking.best(words, int(str(arguments.get("max_search_results", 5))))
        shown = [self._sections[place] for place in found]
        return {
            "sections": [
                {**_place(one), "snippet": sentences_around(one.section.text, words_of(words), _SNIPPET)}
                for one in shown
            ]
        }

    def _outline(self, document: JsonValue) -> JsonValue:
        chosen = [one for one in self._sections if document in (None, one.document)]
        if not chosen:
            known = ", ".join(dict.fromkeys(one.document for one in self._sections))
            raise RefusedCallError(
                "document_not_found", f"no document is called {document!r}; there are: {known}"[:400]
            )
        return {
            "sections": [
                {**_place(one), "level": one.section.level, "words": len(one.section.text.split())}
                for one in chosen[:_MOST_OUTLINED]
            ]
        }

    def _read(self, ids: Sequence[str]) -> JsonValue:
        unknown = next((one for one in ids if one not in self._by_id), None)
        if unknown is not None:
            raise RefusedCallError("section_not_found", f"no section has the id {unknown[:80]!r}; see the outline")
        share = _MOST_READ // max(1, len(ids))
        return {
            "sections": [{**_place(self._by_id[one]), "text": cut(self._by_id[one].section.text, share)} for one in ids]
        }


def _place(one: _Placed) -> JsonObject:
    return {"section_id": one.id, "document": one.document, "title": one.section.title}
