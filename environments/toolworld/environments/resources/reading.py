"""Documents as text: HTML, Markdown, plain text and PDF, in sections, with the labelled values and links in them."""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from toolworld.environments.resources.files import read_file
from toolworld.environments.resources.html_pages import read_html
from toolworld.environments.resources.parts import Document, Section, web_address
from toolworld.ground import SpecError, reason_of

READABLE = (".html", ".htm", ".md", ".txt", ".pdf")
"""The endings of files that can be read."""
_MARKDOWN_HEADING = re.compile(r"^(#{1,6})\s+(\S.*)$")
_MARKDOWN_LINK = re.compile(r"(?<!!)\[([^\[\]]{1,300})\]\(([^()\s]{1,2000})[^()]{0,300}\)")
_LABELLED = re.compile(r"^[-*\s]{0,8}([A-Z][^:*|]{1,40}?)\**:\**\s+(\S.{0,200})$")
_TABLE_ROW = re.compile(r"^\|([^|]+)\|([^|]+)\|\s*$")


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
            sections.append(Section(_unmarked(heading[2].rstrip().rstrip("#")), len(heading[1])))
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
    links = [(_unmarked(found[1]), web_address(address, found[2])) for found in _MARKDOWN_LINK.finditer(source)]
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
