"""What documents are as text: sections, with labelled values and links."""

import re
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urldefrag, urljoin


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


def plain_text(text: str) -> str:
    """A text in one line, without space before its marks."""
    return re.sub(r"\s+([,.;:!?])", r"\1", " ".join(unescape(text).split()))


def web_address(base: str, link: str) -> str:
    """Where a link leads, without its part of the page; empty where it is no place of the web."""
    try:
        found = urldefrag(urljoin(base, link)).url
    except ValueError:  # no address at all
        return ""
    return found if found.startswith(("http://", "https://")) else ""
