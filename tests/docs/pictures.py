"""The pictures of the README and of docs/viewer.md, taken with the tests' own browser.

python -m tests.docs.pictures
"""

import tempfile
from pathlib import Path

import anyio
from playwright.sync_api import Browser, Page
from tests.support.browser import NARROW, chromium, shown_at, window
from tests.support.shown_runs import HASTY, play, store_with_forks

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
NAMES = ("runs", "run", "compare", "forks", "narrow")
SIZE = {"width": 1280, "height": 860}


def take_pictures(folder: Path) -> None:
    """Play runs, open their pages, and take the pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        careful = play(Path(made) / "careful", "--trials", "2")
        hasty = play(Path(made) / "hasty", "--trials", "2", "--mutation", HASTY)
        anyio.run(store_with_forks, Path(made) / "forks.sqlite")
        with chromium() as browser, shown_at([careful, hasty, Path(made) / "forks.sqlite"]) as base:
            _take(browser, base, folder)


def _take(browser: Browser, base: str, folder: Path) -> None:
    with window(browser, base, size=SIZE) as watched:
        _keep(watched.open("index.html"), folder / "runs.png")
        page = watched.open("index.html?set=hasty&q=renew_one")
        page.locator("[data-row] a").first.click()
        run = page.url.removeprefix(base)
        _keep(page, folder / "run.png")
        _keep(watched.open("compare/careful/hasty.html"), folder / "compare.png")
        _keep(watched.open("forks/forks/origin.html"), folder / "forks.png")
    with window(browser, base, size=NARROW, scheme="dark", reduced_motion="reduce") as watched:
        page = watched.open(run)
        page.locator("[data-step]").nth(2).evaluate("step => step.scrollIntoView()")
        _keep(page, folder / "narrow.png")


def _keep(page: Page, path: Path) -> None:
    page.evaluate("document.fonts.ready")
    page.evaluate("document.querySelectorAll('.live').forEach(one => one.remove())")
    page.wait_for_timeout(200)
    page.screenshot(path=path)


if __name__ == "__main__":
    take_pictures(FOLDER)
