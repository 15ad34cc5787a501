"""The site as a folder of files: all its pages, linked to each other, without a server."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import orjson
from anyio import to_thread

from toolworld.ground import RecordError, UsageError, os_reason, reason_of
from toolworld.server.viewer.html.addresses import (
    comparison_path,
    environment_path,
    initial_state_path,
    pair_path,
    run_path,
    slug,
    state_path,
)
from toolworld.server.viewer.pages.comparison import side_by_side
from toolworld.server.viewer.pages.run import RunPage
from toolworld.server.viewer.runs.row import RunRow
from toolworld.server.viewer.runs.tallies import sides_of
from toolworld.server.viewer.site.environment_pages import shown_environments, task_paths
from toolworld.server.viewer.site.forks import origins, parent_of
from toolworld.server.viewer.site.pages import page_at
from toolworld.server.viewer.site.site import ASSETS, Asked, Site
from toolworld.server.viewer.site.table_pages import MAX_COMPARED, rows_as_data, shown_checks

MARK = "assets/viewer.css"
"""A folder that has it holds pages, and may be written anew."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    pages: int
    bytes: int
    problems: tuple[str, ...]
    """Pages that could not be written, and why."""


async def write_site(site: Site, out: Path, on_page: Callable[[int], None] | None = None) -> Written:
    """Write all pages into a folder, which is there as a whole or not at all.

    Args:
        site: The site, opened as one that is not served.
        out: The folder; one that holds pages already is replaced.
        on_page: Told of each page, with how many runs were written.

    Raises:
        UsageError: the folder holds something else.
        RecordError: it cannot be written.
    """
    place = out.resolve()  # noqa: ASYNC240 - looked at once
    _require_replaceable(place)
    draft: Path | None = None
    try:
        draft = await to_thread.run_sync(_begin, place)
        await site.archive.read_all()
        problems = await _leave_out(site)
        written = await _write_pages(site, draft, problems, on_page)
        await to_thread.run_sync(_take_place, draft, place)
    except OSError as problem:
        raise RecordError(f"{out} cannot be written: {os_reason(problem)}") from None
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
    return written


def _require_replaceable(out: Path) -> None:
    """Refuse a folder that holds anything but pages: it is replaced as a whole."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; pages are written into a folder")
    found = sorted(one.name for one in out.iterdir()) if out.exists() else []
    others = [name for name in found if name not in _OURS]
    if others or (found and not (out / MARK).is_file()):
        raise UsageError(f"{out} holds {(others or found)[0]}, which is no page of ours; name another folder")


def _begin(out: Path) -> Path:
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        draft.chmod(0o755)
        shutil.copytree(ASSETS, draft / "assets")
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return draft


def _take_place(draft: Path, out: Path) -> None:
    """Put the pages in the place of those that were there, which are put back if that fails.

    The folder itself stays: somebody may stand in it.
    """
    _require_replaceable(out)
    out.mkdir(exist_ok=True)
    before = Path(mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        _move_all(out, before)
        _move_all(draft, out)
    except OSError:
        _move_all(before, out)
        raise
    finally:
        shutil.rmtree(before, ignore_errors=True)


def _move_all(source: Path, target: Path) -> None:
    for one in [*source.iterdir()]:
        one.rename(target / one.name)


_OURS = {
    *("assets", "runs", "pairs", "compare", "forks", "trees", "environments", "tasks", "reports"),
    *("index.html", "forks.html", "environments.html", "datasets.html"),
}
"""What lies at the top of a folder of pages."""


async def _leave_out(site: Site) -> list[str]:
    """Take runs that cannot be opened out of the index, so that no page leads to them; returns why."""
    problems: list[str] = []
    for row in site.archive.index.rows():
        try:
            await site.archive.open(row)
        except Exception as problem:  # noqa: BLE001 - of a stranger's run; it is told, and all others are written
            problems.append(f"{row.run}: {reason_of(problem)}")
            site.archive.index.drop_runs(row.source, [row.run])
    return problems


async def _write_pages(site: Site, folder: Path, problems: list[str], on_page: Callable[[int], None] | None) -> Written:
    pages, size, runs = 0, 0, 0
    overview = await site.archive.overview()
    data = {"rows": rows_as_data(site, overview), "checks": shown_checks(overview)}
    script = f"window.toolworldRows = {_script(data)};\n"
    (folder / "assets" / "rows.js").write_text(script, encoding="utf-8")
    async for path in _paths(site):
        try:
            body = (await page_at(site, Asked(path))).body.encode("utf-8", "backslashreplace")
        except Exception as problem:  # noqa: BLE001 - as above
            problems.append(f"{path}: {reason_of(problem)}")
            continue
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        await to_thread.run_sync(place.write_bytes, body)
        pages, size = pages + 1, size + len(body)
        runs += path.startswith("runs/") and path.endswith(".json")
        if on_page is not None:
            on_page(runs)
    return Written(pages, size, tuple(problems))


def _script(value: object) -> str:
    """A value as JavaScript that is safe in a file of its own: two line ends of Unicode are none there."""
    return orjson.dumps(value).decode().replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


async def _paths(site: Site) -> AsyncIterator[str]:
    """All pages, in order."""
    yield "index.html"
    for row in site.archive.index.rows():
        for path in await _paths_of_run(site, row):
            yield path
    for path in _paths_of_comparisons(site):
        yield path
    yield "forks.html"
    for origin, _ in origins(site):
        yield f"forks/{origin.set_slug}/{origin.slug}.html"
    for parent, child in _forks(site):
        yield pair_path(parent, child)
    for grown in site.archive.trees:
        for tree in grown.trees:
            yield f"trees/{slug(grown.name)}/{tree.seed}.html"
    yield "environments.html"
    for name in await shown_environments(site):
        yield environment_path(name)
        yield initial_state_path(name)
    for path in await task_paths(site):
        yield path
    yield "datasets.html"
    for name, _ in site.archive.reports:
        yield f"reports/{slug(name)}.html"


async def _paths_of_run(site: Site, row: RunRow) -> list[str]:
    """The pages of a run, with a state after each call that changed something."""
    opened = await site.archive.open(row)
    count = len(RunPage(opened).pages())
    found = [run_path(*row.place, number) for number in range(1, count + 1)]
    if opened.runtime is not None:
        steps = [0, *(event.step + 1 for event in opened.trajectory.log if event.ops)]
        found += [state_path(*row.place, step) for step in steps]
    return [*found, f"runs/{row.set_slug}/{row.slug}.json"]


def _paths_of_comparisons(site: Site) -> list[str]:
    """Comparisons of agents, and of the runs that flipped between them."""
    index, sides = site.archive.index, sides_of(site.archive.index)
    pairs = [(a, b) for a in sides for b in sides if a is not b]
    if len(sides) > MAX_COMPARED:
        pairs = [(sides[0], other) for other in sides[1:]]
    found: list[str] = []
    for one, other in pairs:
        compared = side_by_side(index, one, other)
        found.append(comparison_path(one.name, other.name))
        for group in (compared.lost, compared.won, compared.undecided):
            found += [pair_path(flip.one.place, flip.other.place) for flip in group.flips]
    return [*dict.fromkeys(found)]


def _forks(site: Site) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Forks with what each was forked from."""
    rows = site.archive.index.rows("parent != ''")
    return [(parent.place, row.place) for row in rows if (parent := parent_of(site, row)) is not None]
