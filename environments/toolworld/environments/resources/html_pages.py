"""Pages in HTML as text, without scripts, styles and navigation."""

from collections.abc import Iterator
from typing import Any

from toolworld.environments.resources.parts import Document, Section, plain_text, web_address

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = [
    "p", "li", "td", "th", "dt", "dd", "pre", "blockquote", "figcaption", "div", "section", "article", "main", "body",
    "tr", "table", "ul", "ol", "dl", *_HEADINGS,
]  # fmt: skip
_DEEPEST = 200
"""How deep elements may be nested."""
_MOST_LINKS = 2_000


def read_html(source: str, address: str = "", name: str = "") -> Document:
    """A page in HTML as text, without scripts, styles and navigation."""
    from bs4 import BeautifulSoup  # takes time to load

    soup: Any = BeautifulSoup(source, "html.parser")
    for element in soup(["script", "style", "noscript", "template", "nav"]):
        element.decompose()
    heading = soup.find("h1") or soup.find("title")
    title = plain_text(heading.get_text(" ")) if heading else name
    sections = [Section(title, 1)]
    body = soup.body or soup
    if _depth_of(soup) > _DEEPEST:  # no page that people wrote as it is read: its lines are enough
        sections[0].lines += [plain_text(line) for line in body.get_text("\n").splitlines() if line.strip()]
        return Document(title, sections, {}, _links_in(body, address))
    for element, text in _blocks_in(body):
        if element.name in _HEADINGS:
            if element.name != "h1":
                sections.append(Section(text, int(element.name[1])))
        else:
            sections[-1].lines.append(text)
    return Document(title, sections, dict(_labelled_in(body)), _links_in(body, address))


def _links_in(body: Any, address: str) -> list[tuple[str, str]]:
    found = body.find_all("a", href=True)[:_MOST_LINKS]
    links = [(plain_text(one.get_text(" ")), web_address(address, one["href"])) for one in found]
    return [(text, url) for text, url in links if text and url]


def _depth_of(soup: Any) -> int:
    """How deep the elements of a page are nested, as they were read."""
    depths: dict[int, int] = {}
    for element in soup.find_all(True):  # parents come before their children
        depths[id(element)] = depths.get(id(element.parent), 0) + 1
    return max(depths.values(), default=0)


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
            yield block, plain_text(" ".join(words))
        else:
            cells.append(plain_text(" ".join(words)))
    if cells:
        yield row, (": " if len(cells) == 2 else " | ").join(cells)


def _labelled_in(body: Any) -> Iterator[tuple[str, str]]:
    for row in body.find_all("tr"):
        cells = row.find_all(["th", "td"], recursive=False)
        if len(cells) == 2 and cells[0].name == "th" and cells[1].name == "td" and not row.find("tr"):
            yield plain_text(cells[0].get_text(" ")), plain_text(cells[1].get_text(" "))
    for listed in body.find_all("dl"):
        label = ""
        for element in listed.find_all(["dt", "dd"], recursive=False):
            if element.name == "dt":
                label = plain_text(element.get_text(" "))
            elif label:
                yield label, plain_text(element.get_text(" "))
                label = ""
