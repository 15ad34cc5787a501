"""Documents as text: HTML, Markdown, plain text and PDF, in sections, with the labelled values and links in them."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

from toolworld.environments.resources.files import read_file
from toolworld.ground import SpecError, reason_of

READABLE = (".html", ".htm", ".md", ".txt", ".pdf")
"""The endings of files that can be read."""
_MARKDOWN_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_MARKDOWN_LINK = re.compile(r"(?<!!)\[([^\[\]]{1,300})\]\(([^()\s]{1,2000})[^()]{0,300}\)")
_LABELLED = re.compile(r"^[-*\s]*\**([A-Z][^:*|]{1,40}?)\**:\**\s+(\S.{0,200})$")
_TABLE_ROW = re.compile(r"^\|([^|]+)\|([^|]+)\|\s*$")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = [
    "p", "li", "td", "th", "dt", "dd", "pre", "blockquote", "figcaption", "div", "section", "article", "main", "body",
    "tr", "table", "ul", "ol", "dl", *_HEADINGS,
]  # fmt: skip
_DEEPEST = 200
"""How deep elements may be nested."""
_TAG, _TAG_NAME = re.compile(r"<[^<>]{1,2000}>"), re.compile(r"<[a-zA-Z]")
_EMPTY = re.compile(r"<(?:br|hr|img|meta|link|input|area|base|col|embed|source|track|wbr)", re.IGNORECASE)
"""Tags that have no end."""


@dataclass
class Section:
    """A part of a document: under a heading, or a page of a PDF."""

    title: str
    level: int
    """Of its heading, from 1."""
    lines: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        """Its paragraphs, with an empty line between them."""
        return "\n\n".join(line for line in self.lines if line)


@dataclass
class Document:
    """A document as text."""

    title: str
    sections: list[Section]
    labelled: dict[str, str]
    """Values under their labels: of tables with two columns, of definition lists, and of lines as `Height: 34 m`."""
    links: list[tuple[str, str]]
    """The words and the address of each link."""

    @property
    def text(self) -> str:
        """All of it."""
        return "\n\n".join(part for one in self.sections for part in (one.title, one.text) if part)


def read_document(path: Path, what: str, address: str = "") -> Document:
    """Read a document.

    Args:
        path: The file; its ending says what it is.
        what: What the resource is called in messages.
        address: Where it is, for the links in it.

    Raises:
        SpecError: it cannot be read, or is not what its ending says.
    """
    data = read_file(path, what)
    if path.suffix.casefold() == ".pdf":
        return _read_pdf(data, path, what)
    source = data.decode("utf-8-sig", errors="replace")
    if path.suffix.casefold() in (".html", ".htm"):
        return read_html(source, address, path.stem)
    return read_markdown(source, address, path.stem)


def read_html(source: str, address: str = "", name: str = "") -> Document:
    """A page in HTML as text, without scripts, styles and navigation."""
    from bs4 import BeautifulSoup  # takes time to load

    if _depth_of(source) > _DEEPEST:  # no page that people read; its text is enough
        return Document(name, [Section(name, 1, [_plain(_TAG.sub(" ", source))])], {}, [])
    soup: Any = BeautifulSoup(source, "html.parser")
    for element in soup(["script", "style", "noscript", "template", "nav"]):
        element.decompose()
    heading = soup.find("h1") or soup.find("title")
    title = _plain(heading.get_text(" ")) if heading else name
    sections = [Section(title, 1)]
    body = soup.body or soup
    for element, text in _blocks_in(body):
        if element.name in _HEADINGS:
            if element.name != "h1":
                sections.append(Section(text, int(element.name[1])))
        else:
            sections[-1].lines.append(text)
    links = [(_plain(one.get_text(" ")), _address(address, one["href"])) for one in body.find_all("a", href=True)]
    return Document(title, sections, dict(_labelled_in(body)), [(text, url) for text, url in links if text and url])


def _depth_of(source: str) -> int:
    """How deep the elements of a page are nested, as they are written."""
    depth = deepest = 0
    for found in _TAG.finditer(source):
        tag = found.group()
        if tag.startswith("</"):
            depth = max(0, depth - 1)
        elif not tag.endswith("/>") and _TAG_NAME.match(tag) and not _EMPTY.match(tag):
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def _blocks_in(body: Any) -> Iterator[tuple[Any, str]]:
    """The blocks of a page in their order, each with the text that stands in it and in no block inside it.

    The cells of a row are together: with a colon between them where they are two, else with a bar.
    """
    gathered: list[tuple[Any, list[str]]] = []
    for text in body.find_all(string=True):
        words = str(text).strip()
        if not words or type(text).__name__ != "NavigableString":  # comments and declarations are no text
            continue
        block = text.find_parent(_BLOCKS) or body
        if gathered and gathered[-1][0] is block:
            gathered[-1][1].append(words)
        else:
            gathered.append((block, [words]))
    row: Any = None
    cells: list[str] = []
    for block, words in gathered:
        its_row = block.find_parent("tr") if block.name in ("td", "th") else None
        if cells and its_row is not row:
            yield row, (": " if len(cells) == 2 else " | ").join(cells)
            cells = []
        row = its_row
        if its_row is None:
            yield block, _plain(" ".join(words))
        else:
            cells.append(_plain(" ".join(words)))
    if cells:
        yield row, (": " if len(cells) == 2 else " | ").join(cells)


def _labelled_in(body: Any) -> Iterator[tuple[str, str]]:
    for row in body.find_all("tr"):
        cells = row.find_all(["th", "td"], recursive=False)
        if len(cells) == 2 and cells[0].name == "th" and cells[1].name == "td" and not row.find("tr"):
            yield _plain(cells[0].get_text(" ")), _plain(cells[1].get_text(" "))
    for label in body.find_all("dt"):
        value = label.find_next_sibling("dd")
        if value is not None:
            yield _plain(label.get_text(" ")), _plain(value.get_text(" "))


def _plain(text: str) -> str:
    return re.sub(r"\s+([,.;:!?])", r"\1", " ".join(unescape(text).split()))


def _address(base: str, link: str) -> str:
    try:
        found = urldefrag(urljoin(base, link)).url
    except ValueError:  # no address at all
        return ""
    return found if found.startswith(("http://", "https://")) else ""


def read_markdown(source: str, address: str = "", name: str = "") -> Document:
    """A text in Markdown, or a plain one, in sections."""
    sections = [Section("", 1)]
    labelled: dict[str, str] = {}
    paragraph: list[str] = []

    def end_paragraph() -> None:
        sections[-1].lines.append(" ".join(paragraph))
        paragraph.clear()

    for line in source.splitlines():
        heading = _MARKDOWN_HEADING.match(line)
        pair = _TABLE_ROW.match(line.strip()) or _LABELLED.match(line.strip())
        if heading:
            end_paragraph()
            sections.append(Section(_unmarked(heading[2]), len(heading[1])))
        elif pair and not set(pair[2]) <= set(":- "):
            end_paragraph()
            labelled.setdefault(_unmarked(pair[1]), _unmarked(pair[2]))
            sections[-1].lines.append(f"{_unmarked(pair[1])}: {_unmarked(pair[2])}")
        elif not line.strip() or set(line.strip()) <= set("|:- "):
            end_paragraph()
        else:
            paragraph.append(_unmarked(line))
    end_paragraph()
    kept = [one for one in sections if one.title or one.text]
    title = next((one.title for one in kept if one.title), name)
    links = [(_unmarked(found[1]), _address(address, found[2])) for found in _MARKDOWN_LINK.finditer(source)]
    return Document(title, kept or [Section(name, 1)], labelled, [(text, url) for text, url in links if url])


def _unmarked(line: str) -> str:
    """A line without the marks of Markdown."""
    words = re.sub(r"(\*\*|__|`)", "", _MARKDOWN_LINK.sub(r"\1", line))
    return " ".join(words.strip().lstrip(">").removeprefix("- ").removeprefix("* ").split())


def _read_pdf(data: bytes, path: Path, what: str) -> Document:
    """A PDF, each page a section."""
    from pypdf import PdfReader  # takes time to load

    try:
        reader = PdfReader(io.BytesIO(data))
        pages = [page.extract_text() for page in reader.pages]
        named: Any = reader.metadata.title if reader.metadata else None
    except Exception as problem:  # noqa: BLE001 - whatever a broken file makes of the reader
        raise SpecError(f"{what}: {path} is not a PDF that can be read: {reason_of(problem)}") from None
    sections = [Section(f"Page {number}", 1, _paragraphs(text)) for number, text in enumerate(pages, start=1)]
    labelled = {pair[1].strip(): pair[2].strip() for text in pages for pair in _pairs(text)}
    return Document(str(named or path.stem), sections, labelled, [])


def _pairs(text: str) -> Iterator[re.Match[str]]:
    return (found for line in text.splitlines() if (found := _LABELLED.match(line.strip())))


def _paragraphs(text: str) -> list[str]:
    """The paragraphs of a page: a line with a label is one of its own."""
    lines: list[str] = [""]
    for line in map(str.strip, text.splitlines()):
        if not line or _LABELLED.match(line):
            lines += [line, ""]
        else:
            lines[-1] = f"{lines[-1]} {line}".strip()
    return [line for line in lines if line]


def sentences_around(text: str, words: Sequence[str], length: int) -> str:
    """The part of a text that has most of some words, at most so many characters long.

    Args:
        text: The text.
        words: The words, in small letters.
        length: Characters.
    """
    parts = re.split(r"(?<=[.!?])\s+|\n+", text)
    scores = [sum(word in part.casefold() for word in words) for part in parts]
    best = max(range(len(parts)), key=lambda place: (scores[place], -place)) if parts else 0
    snippet = " ".join(parts[best:])[:length]
    return snippet if len(snippet) < length else snippet.rsplit(" ", 1)[0] + " ..."
