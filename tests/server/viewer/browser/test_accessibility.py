"""axe-core finds no serious fault on any page, wide and narrow, light and dark, everything unfolded."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from tests.support.browser import NARROW, WIDE, Watched, window

AXE = Path(str(files("axe_playwright_python") / "axe.min.js"))
SERIOUS = ("serious", "critical")
UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true; })"


def addresses(watched: Watched) -> list[str]:
    """A page of each kind."""
    page = watched.open("index.html?outcome=fail")
    run = page.locator("[data-row] a").first.get_attribute("href") or ""
    task = watched.open(run).locator("a", has_text="all its runs").first.get_attribute("href") or ""
    place = run.partition("?")[0].removesuffix(".html")
    watched.open("environments/library.html").get_by_role("link", name="Try its tools by hand").click()
    watched.page.get_by_role("button", name="Open an episode").click()
    expect(watched.page.locator(".try")).to_be_visible()
    trial = watched.page.url.removeprefix(watched.base)
    return [
        "index.html",
        run,
        f"{place}.state-3.html",
        "compare/careful/hasty.html",
        "pairs/forks/origin/forks/early.html",
        "forks.html",
        "forks/forks/origin.html",
        "environments.html",
        "environments/library.html",
        "environments/library.state.html?collection=loans",
        task.removeprefix("../../"),
        trial,
        "nothing.html",
    ]


@pytest.mark.long
@pytest.mark.timeout(240)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_page_has_a_serious_fault(browser: Browser, pages: str, size: dict[str, int], scheme: str) -> None:
    with window(browser, pages, size=size, scheme=scheme) as watched:
        session: Any = watched.context.new_cdp_session(watched.page)
        script = AXE.read_text(encoding="utf-8")
        for address in addresses(watched):
            page = watched.open(address)
            page.evaluate(UNFOLD)
            # by the debugger, since the pages' own policy lets no script of others in
            session.send("Runtime.evaluate", {"expression": script})
            found: Any = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            faults = [
                (one["id"], node["html"][:200])
                for one in found["violations"]
                if one["impact"] in SERIOUS
                for node in one["nodes"][:3]
            ]
            assert faults == [], address
        watched.problems = [one for one in watched.problems if "404" not in one]  # the page that is not there
        watched.check()


def test_the_check_notices_a_fault(browser: Browser, pages: str) -> None:
    with window(browser, pages) as watched:
        page = watched.open("index.html")
        page.evaluate("document.querySelector('main').append(document.createElement('button'))")
        session: Any = watched.context.new_cdp_session(page)
        session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        found: Any = page.evaluate("axe.run(document)")
        assert "button-name" in {one["id"] for one in found["violations"] if one["impact"] in SERIOUS}
