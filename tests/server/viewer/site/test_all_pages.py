"""All pages: every link of every page leads to a page, served and written, and nothing of a stranger's is markup."""

import html
import re
from pathlib import Path
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import pytest
from tests.support.shown_runs import NASTY

from toolworld.ground import UsageError
from toolworld.server import find_shown, open_site, write_site
from toolworld.server.viewer.site.pages import page_at
from toolworld.server.viewer.site.site import Asked

LINK = re.compile(r'(?:href|data-body|src|action)="([^"]*)"')
ID = re.compile(r'\bid="([^"]*)"')
BASE = "http://here/"
CHOICE = "compare/choose.html"
"""Where a form leads, with what is chosen in it."""
MAX_OF_A_KIND = 20
"""How many pages of a kind a crawl looks at."""


def links_in(body: str, path: str) -> set[str]:
    return {urljoin(BASE + path, html.unescape(link)) for link in LINK.findall(body)}


def kind_of(path: str) -> str:
    top, _, rest = path.partition("/")
    return f"{top}/{re.sub(r'[^/.]+(?=[./])|[0-9]+', 'x', rest)}"


async def test_every_link_of_a_served_page_leads_to_a_page_and_every_fragment_to_a_place(shown: list[Path]) -> None:
    seen: dict[str, int] = {}
    async with open_site(find_shown(shown), served=True, may_try=True) as site:
        await site.archive.read_all()
        waiting, known = ["index.html"], {"index.html"}
        while waiting:
            address = waiting.pop()
            path, query = urlsplit(address).path, dict(parse_qsl(urlsplit(address).query))
            kind = kind_of(path)
            seen[kind] = seen.get(kind, 0) + 1
            if seen[kind] > MAX_OF_A_KIND:
                continue
            page = await page_at(site, Asked(path, query))
            if page.media_type != "text/html":
                continue
            assert_harmless(page.body, address)
            for link in links_in(page.body, path):
                assert link.startswith(BASE), f"{address} leads to {link}"
                whole, fragment = urldefrag(link.removeprefix(BASE))
                if fragment and whole in ("", path):
                    assert fragment in ID.findall(page.body), f"{address} has no place #{fragment}"
                if whole and whole not in known and not whole.startswith("assets/") and whole != CHOICE:
                    known.add(whole)
                    waiting.append(whole)
    assert len(seen) > 12, seen


async def test_every_link_of_a_written_page_leads_to_a_file_and_every_fragment_to_a_place(
    shown: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "site"
    async with open_site(find_shown(shown), served=False) as site:
        written = await write_site(site, out)
    assert written.problems == ()
    files = [*out.rglob("*.html")]
    assert written.pages == len([*out.rglob("*.html"), *out.glob("runs/**/*.json")])
    bodies = {file.resolve(): file.read_text(encoding="utf-8") for file in files}
    places = {file: {*ID.findall(body)} for file, body in bodies.items()}
    for file, body in bodies.items():
        assert_harmless(body, str(file))
        for link in {html.unescape(found) for found in LINK.findall(body)}:
            parts = urlsplit(link)
            assert not parts.scheme, f"{file} leads to {link}"
            target = (file.parent / parts.path).resolve() if parts.path else file
            assert target.is_file() or parts.path.endswith(CHOICE), f"{file.relative_to(out)} leads to {link}"
            if parts.fragment and target in places:
                assert parts.fragment in places[target], (
                    f"{file.relative_to(out)}: {target.name} lacks #{parts.fragment}"
                )
    assert not [*out.parent.glob(".*.part")]


def assert_harmless(body: str, where: str) -> None:
    """Nothing of the hostile run is markup, and nothing of it is invisible."""
    body = re.sub(r'<(?:option|input)[^>]* value="[^"]*"', "", body)  # what a form sends is what it is
    for bad in (
        "<script>window",
        "<img",
        "onerror=window.ran=1>",
        "\u202e",
        "\x00",
        " style=",
    ):
        assert bad not in body, where


async def test_a_hostile_run_is_shown_whole_and_small(shown: list[Path]) -> None:
    async with open_site(find_shown([shown[3]]), served=True) as site:
        await site.archive.read_all()
        [row] = site.archive.index.rows()
        assert row.run == NASTY
        page = await page_at(site, Asked(f"runs/{row.set_slug}/{row.slug}.html"))
    assert len(page.body) < 400_000
    assert "&lt;script&gt;window.ran=1&lt;/script&gt;" in page.body


async def test_a_folder_of_something_else_is_not_written_over_and_one_of_pages_is(
    shown: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    (tmp_path / "site").mkdir()
    async with open_site(find_shown(shown[:1]), served=False) as site:
        with pytest.raises(UsageError, match=r"holds thesis[.]txt, which is no page of ours"):
            await write_site(site, tmp_path / "mine")
        first = await write_site(site, tmp_path / "site")
        (tmp_path / "site" / "runs" / "old.html").write_text("old")
        assert await write_site(site, tmp_path / "site") == first
        (tmp_path / "site" / "notes.txt").write_text("mine")
        with pytest.raises(UsageError, match=r"holds notes[.]txt"):
            await write_site(site, tmp_path / "site")
    assert not (tmp_path / "site" / "runs" / "old.html").exists()
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"


async def test_two_writings_of_the_same_runs_give_the_same_bytes(shown: list[Path], tmp_path: Path) -> None:
    for name in ("one", "two"):
        async with open_site(find_shown(shown[:1]), served=False) as site:
            await write_site(site, tmp_path / name)
    one, two = (
        {
            file.relative_to(tmp_path / name): file.read_bytes()
            for file in (tmp_path / name).rglob("*")
            if file.is_file()
        }
        for name in ("one", "two")
    )
    assert one == two
