"""Pages: a folder of them, searched and visited as if it were the web."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import parse_qsl, urldefrag, urlsplit

from pydantic import Field, model_validator

from toolworld.environments.resources.files import files_in, name_in
from toolworld.environments.resources.parts import Document
from toolworld.environments.resources.ranking import Ranking, words_of
from toolworld.environments.resources.reading import READABLE, read_document, sentences_around
from toolworld.environments.resources.resource import (
    TEXT,
    RefusedCallError,
    number,
    read_tool,
    rows_of,
    text,
)
from toolworld.ground import JsonObject, JsonValue, Record, SpecError, cut, is_secret_name

SNIPPET, PAGE = 240, 24_000
"""Characters of a page in a list of results, and when it is visited."""
_MOST_LINKS = 200
_VARIABLE = re.compile(r"(?:(?:Bearer|Basic|Token) )?\$\{\w+\}")


class WebSettings(Record):
    """How the web is set up."""

    folder: str | None = None
    """A folder of pages: HTML, Markdown, text or PDF."""
    base_url: str = "https://pages.example/"
    """Where the pages seem to be."""
    search_url: str | None = None
    """A search API instead of a folder: the address with `{query}` in it, that answers with `results` in JSON."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Sent to the search API; keys are written as `${NAME}`."""
    private_addresses: bool = False
    """Whether pages may be visited that this machine or its network serves."""
    top_k: Annotated[int, Field(ge=1, le=20)] = 5
    """How many results a search has by default."""

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        query = parse_qsl(urlsplit(self.search_url or "").query)
        for name, value in (*self.headers.items(), *query):
            if is_secret_name(name) and not _VARIABLE.fullmatch(value):
                raise ValueError(f"the key in `{name}` is written as ${{NAME}}, of an environment variable")
        return self


WEB_TOOLS = (
    read_tool(
        "web_search",
        "Search the web. Returns the pages that fit best, each with title, address and a part of its text.",
        {"query": text("The words to search for."), "top_k": number("How many pages.", 20)},
        required=["query"],
        result={"results": rows_of(title=TEXT, url=TEXT, snippet=TEXT)},
        errors={},
    ),
    read_tool(
        "web_visit",
        "Visit a page. Returns its title, the labelled values of its tables, its text and its links.",
        {
            "url": text("The page's address, as a search or a link gave it."),
            "goal": text("What is looked for, in words.", format="free-text"),
        },
        required=["url"],
        result={
            "url": TEXT,
            "title": TEXT,
            "facts": {"type": "object", "additionalProperties": TEXT},
            "text": TEXT,
            "links": rows_of(text=TEXT, url=TEXT),
        },
        errors={"page_not_found": "no page has this address"},
    ),
)


@dataclass(frozen=True)
class _Page:
    url: str
    document: Document


class PageFolder:
    """The web, as the pages of a folder.

    Args:
        pages: The pages.
        top_k: How many results a search has by default.
    """

    def __init__(self, pages: Sequence[_Page], top_k: int) -> None:
        self._pages = pages
        self._by_url = {page.url: page for page in pages}
        self._top_k = top_k
        self._ranking = Ranking([f"{page.document.title} {page.document.text}" for page in pages])

    @classmethod
    def open(cls, settings: WebSettings, folder: Path) -> "PageFolder":
        """Read the pages.

        Raises:
            SpecError: there are none, or one cannot be read.
        """
        if settings.folder is None:
            raise SpecError("web: name a `folder` of pages, or a `search_url`")
        root = folder / settings.folder
        pages: list[_Page] = []
        for path in files_in(root, READABLE, "web"):
            name = name_in(root, path)
            url = settings.base_url.rstrip("/") + "/" + name
            pages.append(_Page(url, read_document(path, "web", url)))
        return cls(pages, settings.top_k)

    async def answer(self, tool: str, arguments: JsonObject) -> JsonValue:
        """Search or visit."""
        if tool == "web_visit":
            return self._visit(str(arguments["url"]))
        query, count = str(arguments["query"]), arguments.get("top_k", self._top_k)
        found = [self._pages[place] for place in await self._ranking.best(query, int(str(count)))]
        return {"results": [_shown(page, words_of(query)) for page in found]}

    def _visit(self, url: str) -> JsonValue:
        page = self._by_url.get(urldefrag(url.strip()).url)
        if page is None:
            raise RefusedCallError("page_not_found", f"no page has the address {url[:200]!r}")
        return shown_page(page.url, page.document)


def _shown(page: _Page, words: Sequence[str]) -> JsonObject:
    return {
        "title": page.document.title,
        "url": page.url,
        "snippet": sentences_around(page.document.text, words, SNIPPET),
    }


def shown_page(url: str, document: Document) -> JsonObject:
    """A page as a visit shows it."""
    texts: dict[str, str] = {}
    for words, address in document.links:
        texts.setdefault(address, words)
    links: list[JsonValue] = [{"text": words, "url": address} for address, words in texts.items()]
    return {
        "url": url,
        "title": document.title,
        "facts": dict(document.labelled),
        "text": cut(document.text, PAGE),
        "links": links[:_MOST_LINKS],
    }
