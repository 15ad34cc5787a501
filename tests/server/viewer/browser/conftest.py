"""One browser and one server for all tests in it."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.support.browser import chromium, shown_at


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """A real browser."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(shown: list[Path]) -> Generator[str]:
    """The pages of two agents, of forks and of a hostile run, served."""
    with shown_at(shown) as base:
        yield base
