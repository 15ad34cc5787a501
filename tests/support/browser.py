"""A real Chromium, driven by Playwright: Debian's, which is not downloaded."""

import os
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright
from tests.support.ports import free_port
from tests.support.shown_runs import command

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TOKEN = "a-token-for-the-browser"
expect.set_options(timeout=15_000)  # on a machine that is busy
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@contextmanager
def chromium() -> Generator[Browser]:
    """A browser; without one on this machine the test is skipped."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def shown_at(paths: list[Path], *options: str) -> Generator[str]:
    """`toolworld view` in a process of its own; gives the address of the pages."""
    port = free_port()
    process = subprocess.Popen(
        command("view", *map(str, paths), "--http", f"127.0.0.1:{port}", *options),
        env={**os.environ, "TOOLWORLD_TOKEN": TOKEN},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    base = f"http://127.0.0.1:{port}/view/"
    try:
        for _ in range(400):
            try:
                httpx.get(f"{base}assets/mark.svg")
                break
            except httpx.HTTPError:
                assert process.poll() is None, process.stderr and process.stderr.read()
                time.sleep(0.05)
        yield base
    finally:
        process.terminate()
        process.communicate(timeout=20)


class Watched:
    """A window of the browser that notes whatever must not happen."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context = context
        self.base = base
        self.problems: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("request", self._note_request)
        self.page.on("pageerror", lambda problem: self.problems.append(f"error: {problem}"))
        self.page.on("console", lambda said: self._note_words(said.type, said.text))
        self.page.on("dialog", lambda dialog: self.problems.append(f"dialog: {dialog.message}"))

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:,")):
            self.problems.append(f"asked elsewhere: {request.url}")

    def _note_words(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(f"{kind}: {text}")

    def open(self, path: str) -> Page:
        """Open a page."""
        self.page.goto(self.base + path)
        return self.page

    def check(self) -> None:
        """Nothing ran that was not ours, nothing was asked elsewhere, and the page is no wider than the window."""
        assert self.problems == []
        assert self.page.evaluate("window.ran === undefined")
        wide: Any = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], f"{self.page.url} is {wide[0]} wide in a window of {wide[1]}"


def _sign_in(context: BrowserContext, base: str) -> None:
    """As a person does: the token is typed into the form."""
    page = context.new_page()
    page.goto(f"{base}index.html")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/index.html")
    page.close()


@contextmanager
def window(
    browser: Browser, base: str, *, size: dict[str, int] = WIDE, scheme: str = "light", **options: Any
) -> Generator[Watched]:
    """A window of its own, signed in where the pages are served."""
    chosen: Any = {"viewport": size, "color_scheme": scheme, **options}
    context = browser.new_context(**chosen)
    context.set_default_timeout(15_000)
    try:
        watched = Watched(context, base)
        if base.startswith("http"):
            _sign_in(context, base)
        yield watched
    finally:
        context.close()
