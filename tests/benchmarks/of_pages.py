"""Pages of many runs and of long ones: the first rows, a filter, and a page of a run of 10,000 calls."""

import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure, cpu_ms
from tests.support.shown_runs import long_run, play

from toolworld.server import find_shown, open_site
from toolworld.server.viewer.site.pages import page_at
from toolworld.server.viewer.site.site import Asked, Site

_RUNS, _CALLS = 20_000, 10_000


async def measure_pages() -> list[Figure]:
    """The CPU milliseconds of pages."""
    with tempfile.TemporaryDirectory() as folder:
        many = _repeated(play(Path(folder) / "played"), Path(folder) / "many")
        await long_run(Path(folder) / "long.jsonl", _CALLS)
        figures = await _of_many(many)
        return [*figures, await _of_long(Path(folder) / "long.jsonl")]


def _repeated(source: Path, folder: Path) -> Path:
    """The runs of a folder again and again under other ids."""
    folder.mkdir()
    for name, key in (("trajectories.jsonl", "id"), ("verdicts.jsonl", "trajectory")):
        rows: list[dict[str, Any]] = [json.loads(line) for line in (source / name).read_text().splitlines()]
        with (folder / name).open("w", encoding="utf-8") as file:
            for number in range(_RUNS):
                row = rows[number % len(rows)]
                file.write(json.dumps({**row, key: f"{row[key]} {number}", "trial": number}) + "\n")
    return folder


async def _of_many(folder: Path) -> list[Figure]:
    began = time.process_time()
    async with open_site(find_shown([folder]), served=True) as site:
        await page_at(site, Asked("index.html"))
        first = 1000 * (time.process_time() - began)
        began = time.process_time()
        await site.archive.read_all()
        read = time.process_time() - began
        by_words = await _page(site, {"q": "middlemarch renew"})
        by_set = await _page(site, {"env": "library", "outcome": "pass"})
    # the goals are of 100,000 runs; what grows with the runs is a fifth of them here
    return [
        Figure("pages: first rows of many runs, opening included", first, "ms", 200),
        Figure(f"pages: {_RUNS:,} runs read into the index", read, "s"),
        Figure(f"pages: {_RUNS:,} runs filtered by words, shown", by_words, "ms", 30),
        Figure(f"pages: {_RUNS:,} runs filtered by environment, shown", by_set, "ms", 30),
    ]


async def _of_long(path: Path) -> Figure:
    async with open_site(find_shown([path]), served=True) as site:
        await site.archive.read_all()
        [row] = site.archive.index.rows()
        value = await _page(site, {}, f"runs/{row.set_slug}/{row.slug}.p20.html")
    return Figure(f"pages: a page of a run of {_CALLS:,} calls", value, "ms", 1000)


async def _page(site: Site, query: Mapping[str, str], path: str = "index.html") -> float:
    return await cpu_ms(lambda: page_at(site, Asked(path, query)), 3, rounds=3)
