"""The pages of many runs: the table with its filters, and the comparison of two agents."""

from dataclasses import dataclass
from typing import Any

from anyio import to_thread

from toolworld.datasets import PassRates
from toolworld.ground import NotFoundError
from toolworld.server.viewer.html.addresses import run_path, slug
from toolworld.server.viewer.pages.comparison import side_by_side
from toolworld.server.viewer.runs.filters import RunFilter
from toolworld.server.viewer.runs.index import ROWS_A_PAGE
from toolworld.server.viewer.runs.row import RANKS, RunRow
from toolworld.server.viewer.runs.tallies import MAX_SIDES, Overview, Side, sides_of, tally
from toolworld.server.viewer.site.site import Asked, Page, Site

KNOWN_CHECKS = ("state", "calls", "answer", "policy", "statements")
MAX_CHECKS = 6
"""Checks whose outcome a row shows."""
MAX_COMPARED = 6
"""Up to how many sets all pairs are written; of more, the first with each other one."""
MAX_OPTIONS = 500
"""Values that a filter offers."""


async def table_page(site: Site, asked: Asked) -> Page:
    """The table of runs."""
    archive, wanted = site.archive, RunFilter.of_query(asked.query)
    overview = await archive.overview()
    rows = await to_thread.run_sync(archive.index.page, wanted, _after(asked.query.get("after", "")))
    counted = await to_thread.run_sync(tally, archive.index, wanted)
    sides = overview.sides[:MAX_SIDES]
    return await site.fill(
        "runs.html",
        asked,
        "Runs",
        overview=overview,
        shown_sides=sides,
        has_costs=any(side.tokens for side in sides),
        curves=_curves(overview),
        wanted=wanted,
        rows=rows,
        tally=counted,
        next=_next(rows)
        if site.served and len(rows) == ROWS_A_PAGE and counted.runs > asked.begin + len(rows)
        else None,
        shown_from=asked.begin,
        filter_environments=_options([name for name, _ in overview.cells], wanted.env),
        filter_sets=_options([side.set for side in overview.sides], wanted.set),
        filter_agents=_options([side.agent for side in overview.sides], wanted.agent),
        shown_checks=shown_checks(overview),
        problems=archive.problems,
        is_complete=archive.is_complete,
    )


def shown_checks(overview: Overview) -> list[str]:
    """The checks that a row has a mark for: the known ones, then others."""
    known = [name for name in KNOWN_CHECKS if name in overview.checks]
    return [*known, *(name for name in overview.checks if name not in KNOWN_CHECKS)][:MAX_CHECKS]


def _options(names: list[str], chosen: str) -> list[str]:
    return [*dict.fromkeys([*sorted({*names} - {""})[:MAX_OPTIONS], *([chosen] if chosen else [])])]


def _after(text: str) -> tuple[int, int] | None:
    rank, _, number = text.partition("-")
    is_place = rank.isdecimal() and number.isdecimal() and len(text) < 18  # SQLite's integers have 64 bits
    return (int(rank), int(number)) if is_place else None


def _next(rows: list[RunRow]) -> str:
    return f"{RANKS[rows[-1].outcome]}-{rows[-1].number}"


@dataclass(frozen=True, slots=True)
class CurveLine:
    """pass^k of an agent, drawn."""

    name: str
    path: str
    band: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Curves:
    """pass^k by k, drawn."""

    width: int
    height: int
    right: int
    """Where the lines end and the names begin."""
    grid: tuple[tuple[int, str], ...]
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[CurveLine, ...]


MAX_CURVES = 6
"""As many as there are colours."""
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 560, 180, 48, 140, 10, 24


def _curves(overview: Overview) -> Curves | None:
    """pass^k drawn; None where no task was played twice."""
    ks = sorted({rates.k for curve in overview.curves.values() for rates in curve if rates.pass_hat_k})
    if len(ks) < 2:
        return None
    places = {k: _LEFT + (_WIDTH - _LEFT - _RIGHT) * at / (len(ks) - 1) for at, k in enumerate(ks)}
    grid = tuple((round(_y(share)), f"{share:.0%}") for share in (0.0, 0.5, 1.0))
    lines = [_line(name, curve, places) for name, curve in [*overview.curves.items()][:MAX_CURVES]]
    return Curves(
        _WIDTH, _HEIGHT, _WIDTH - _RIGHT, grid, tuple((x, f"k={k}") for k, x in places.items()), tuple(_apart(lines))
    )


def _y(share: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - share)


def _line(name: str, curve: tuple[PassRates, ...], places: dict[int, float]) -> CurveLine:
    points = [(places[rates.k], rates.pass_hat_k) for rates in curve if rates.pass_hat_k]
    path = "L".join(f"{x:.1f} {_y(one.value):.1f}" for x, one in points)
    upper = "L".join(f"{x:.1f} {_y(one.high):.1f}" for x, one in points)
    lower = "L".join(f"{x:.1f} {_y(one.low):.1f}" for x, one in reversed(points))
    x, last = points[-1]
    return CurveLine(name, f"M{path}", f"M{upper}L{lower}Z", x + 8, _y(last.value) + 4)


def _apart(lines: list[CurveLine]) -> list[CurveLine]:
    """Lines whose names do not lie on each other."""
    placed: list[float] = []
    found: list[CurveLine] = []
    for line in sorted(lines, key=lambda one: one.y):
        y = max([line.y, *(other + 14 for other in placed[-1:])])
        placed.append(y)
        found.append(CurveLine(line.name, line.path, line.band, line.x, y))
    return found


async def comparison_page(site: Site, asked: Asked, one: str, other: str) -> Page:
    """Two agents on the same tasks."""
    sides = await _sides(site)
    by_slug = {slug(side.name): side for side in sides}
    return await _compared(site, asked, sides, by_slug.get(one), by_slug.get(other))


async def chosen_comparison(site: Site, asked: Asked) -> Page:
    """Two agents that were chosen in the form."""
    sides = await _sides(site)
    by_name = {side.name: side for side in sides}
    return await _compared(site, asked, sides, *(by_name.get(asked.query.get(name, "")) for name in ("a", "b")))


async def _sides(site: Site) -> list[Side]:
    return await to_thread.run_sync(sides_of, site.archive.index)


async def _compared(site: Site, asked: Asked, sides: list[Side], one: Side | None, other: Side | None) -> Page:
    if one is None or other is None:
        raise NotFoundError("there are no such two sets of runs here")
    found = await to_thread.run_sync(side_by_side, site.archive.index, one, other)
    has_all = site.served or len(sides) <= MAX_COMPARED
    return await site.fill("compare.html", asked, "Runs", found=found, sides=sides, has_all=has_all)


def rows_as_data(site: Site, overview: Overview) -> list[list[Any]]:
    """All rows for the filter of a static table."""
    checks, words = shown_checks(overview), dict(site.archive.index.select("number, words || ' ' || why_words"))
    return [
        [
            row.outcome,
            run_path(*row.place),
            row.task or row.run,
            row.request[:120],
            row.agent,
            row.set,
            row.environment,
            [row.by_check.get(name, "none") for name in checks],
            row.failed,
            row.blame,
            row.tags.split(),
            "" if row.outcome in ("pass", "open") else row.why[:190],
            row.calls,
            row.trial,
            words[row.number],
        ]
        for row in site.archive.index.rows()
    ]
