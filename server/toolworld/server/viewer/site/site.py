"""The site: what is shown, and how a page is filled."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from anyio import to_thread

from toolworld.datasets import Task
from toolworld.environments import Runtime
from toolworld.server.viewer.html.templates import render
from toolworld.server.viewer.pages.graph import DrawnGraph
from toolworld.server.viewer.pages.state import keys_of
from toolworld.server.viewer.runs.archive import Archive
from toolworld.server.viewer.runs.stored import StoredRuns

ASSETS = Path(__file__).parents[1] / "assets"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'"
)
"""The Content-Security-Policy of every page: all that is shown is strangers' text."""
MAX_KEPT = 64
"""For how many environments graphs, findings and keys are kept."""


class Page(NamedTuple):
    """A page that was asked for."""

    body: str
    media_type: str = "text/html"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser asks for."""

    path: str
    """Below the site's root."""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    is_fragment: bool = False
    """Whether only the part is wanted that goes into a page that is there."""

    @property
    def root(self) -> str:
        """The way from this page to the site's root."""
        return "../" * self.path.count("/")

    @property
    def begin(self) -> int:
        """How many rows of a table come before the first that is wanted."""
        given = self.query.get("begin", "")
        return int(given) if re.fullmatch("[0-9]{1,9}", given) else 0


class Link(NamedTuple):
    """A link of the main navigation."""

    title: str
    path: str


@dataclass(slots=True)
class Site:
    """What pages are made of, and how.

    Args:
        archive: What is shown.
        served: Whether pages are asked for one by one; else they are written as files.
        trials: The store of the episodes in which tools are tried by hand; None where none can be.
        is_live: Whether pages are told when there is more.
    """

    archive: Archive
    served: bool
    trials: StoredRuns | None = None
    is_live: bool = False
    watchers: int = 0
    """Browsers that are told when there is more."""
    about: dict[str, "EnvironmentFindings"] = field(default_factory=dict[str, "EnvironmentFindings"])
    _keys: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def navigation(self) -> list[Link]:
        """The main navigation: what there is nothing of is left out."""
        archive, found = self.archive, [Link("Runs", "index.html")]
        if archive.trees or archive.index.select("1", "parent != ''", rest="LIMIT 1"):
            found.append(Link("Forks", "forks.html"))
        found.append(Link("Environments", "environments.html"))
        if archive.reports or archive.environments.given_tasks:
            found.append(Link("Datasets", "datasets.html"))
        return found

    def frame(self, asked: Asked, section: str) -> dict[str, Any]:
        """What the frame of a page is filled with."""
        return {
            "root": asked.root,
            "served": self.served,
            "is_live": self.is_live,
            "policy": POLICY,
            "assets_version": f"?{assets_version()}" if self.served else "",
            "navigation": self.navigation(),
            "section": section,
            "is_fragment": asked.is_fragment,
        }

    async def fill(self, template: str, asked: Asked, section: str, **values: Any) -> Page:
        """A template with its frame, filled in another thread, since a long run takes a while."""
        frame = self.frame(asked, section)
        return Page(await to_thread.run_sync(render, template, {**frame, **values}))

    def keys(self, runtime: Runtime) -> dict[str, str]:
        """The collection of each key of an environment's initial state."""
        version = runtime.environment.version
        if version not in self._keys:
            while len(self._keys) >= MAX_KEPT:
                self._keys.pop(next(iter(self._keys)))
            self._keys[version] = keys_of(runtime.start.state, runtime.environment.state_schema)
        return self._keys[version]


@dataclass(frozen=True, slots=True)
class EnvironmentFindings:
    """What takes a while to find out about an environment, and is kept."""

    flow: DrawnGraph
    references: DrawnGraph
    findings: tuple[Any, ...]
    duplicates: tuple[tuple[Task, ...], ...]


@lru_cache(maxsize=1)
def assets_version() -> str:
    """A digest of stylesheet and script, so that browsers keep them until they change."""
    found = hashlib.sha256()
    for name in ("viewer.css", "viewer.js"):
        found.update((ASSETS / name).read_bytes())
    return found.hexdigest()[:10]
