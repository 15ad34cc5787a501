"""The pages of one run: its conversation, a call of it, a state of it, and its JSON."""

from functools import partial
from typing import Any

from toolworld.datasets import wording_of
from toolworld.ground import NotFoundError, UsageError
from toolworld.server.viewer.html.addresses import (
    anchor,
    comparison_path,
    initial_state_path,
    query,
    run_path,
    state_path,
)
from toolworld.server.viewer.html.values import counted, plain_text
from toolworld.server.viewer.pages.changes import MARKS
from toolworld.server.viewer.pages.parted import part
from toolworld.server.viewer.pages.run import CHECKS, INJECTED, INLINE_CALLS, STOPS, RunPage, Turn, brief_evidence
from toolworld.server.viewer.pages.state import ROWS_A_PAGE, StatePage
from toolworld.server.viewer.runs.filters import RunFilter
from toolworld.server.viewer.runs.index import CHILDREN
from toolworld.server.viewer.runs.opened import OpenedRun
from toolworld.server.viewer.runs.row import RunRow
from toolworld.server.viewer.site.forks import origin_of, parent_of
from toolworld.server.viewer.site.links import RunLinks, StateLinks
from toolworld.server.viewer.site.site import Asked, Page, Site

MAX_STATIC_ROWS = 2_000
"""Records of a collection in a state that is written as a file."""


async def run_page(site: Site, asked: Asked, set_slug: str, run_slug: str, number: str | None) -> Page:
    """A page of a run."""
    row = site.archive.row(set_slug, run_slug)
    page = RunPage(await site.archive.open(row))
    pages, here = page.pages(), int(number or 1)
    if not 1 <= here <= len(pages):
        raise NotFoundError(f"this run has {counted(len(pages), 'page')}")
    links = links_of(site, asked, page.run, pages, here)
    wanted = RunFilter.of_query(asked.query)
    before, after = site.archive.index.neighbours(row, wanted)
    compared = page.compared
    steps = [call.step for turn in pages[here - 1] for call in turn.calls if call.step is not None]
    return await site.fill(
        "run.html",
        asked,
        "Runs",
        **of_run(page, links),
        before=before,
        after=after,
        wanted=query(**wanted.values) if site.served else "",
        others=[one for one in site.archive.index.of_task(row.task) if one.place != row.place] if row.task else [],
        has_trials=bool(row.trial or site.archive.index.select("1", "task = ? AND trial > 0", (row.task,), "LIMIT 1")),
        has_environment_page=_has_environment_page(site, row),
        parent=parent_of(site, row),
        in_tree=_tree_of(site, row),
        compared=compared,
        compared_places={one.place for one in compared},
        last_changes=page.last_changes,
        stops=page.stops(pages),
        turns=pages[here - 1],
        page_number=here,
        page_count=len(pages),
        calls_here=f"steps {steps[0]:,} to {steps[-1]:,} of {len(page.run.trajectory.log):,}" if steps else "",
        inline=not site.served or len(page.run.trajectory.log) <= INLINE_CALLS,
        CHECKS=CHECKS,
        MARKS=MARKS,
        STOPS=STOPS,
        wording_of=wording_of,
        brief_evidence=brief_evidence,
    )


def links_of(site: Site, asked: Asked, run: OpenedRun, pages: list[list[Turn]], here: int) -> RunLinks:
    """The addresses of a run, from a page of it."""
    keys = site.keys(run.runtime) if run.runtime else {}
    initial = initial_state_path(run.row.environment) if _has_environment_page(site, run.row) else None
    return RunLinks(
        asked.root,
        site.served,
        keys,
        row=run.row,
        log=run.trajectory.log,
        pages=pages,
        here=here,
        initial=initial,
        collections={*run.environment.state_schema.collections} if run.environment else set(),
    )


def _has_environment_page(site: Site, row: RunRow) -> bool:
    return row.environment in site.archive.environments.names


def of_run(page: RunPage, links: RunLinks) -> dict[str, Any]:
    """What all pages that show calls of a run are filled with."""
    has_states = page.run.runtime is not None
    return {
        "page": page,
        "row": page.run.row,
        "INJECTED": INJECTED,
        "to_step": links.to_step,
        "to_turn": links.to_turn,
        "state_address": links.state_address,
        "record_address": links.record_address if has_states else _nowhere,
        "find_record": links.find_record if has_states else _finds_nothing,
    }


def _nowhere(*_: object) -> str:
    return ""


def _finds_nothing(*_: object) -> None:
    return None


def _tree_of(site: Site, row: RunRow) -> str | None:
    """The page of the tree that an episode is part of."""
    index = site.archive.index
    if not row.parent and not index.select("1", f"source = ? AND {CHILDREN}", (row.source, row.run), "LIMIT 1"):
        return None
    origin = origin_of(site, row)
    return f"forks/{origin.set_slug}/{origin.slug}.html"


async def call_page(site: Site, asked: Asked, set_slug: str, run_slug: str, step: str) -> Page:
    """A call of a run, for a page in which it is unfolded, or on a page of its own."""
    page = RunPage(await site.archive.open(site.archive.row(set_slug, run_slug)))
    found = page.call(int(step))
    if found is None:
        raise NotFoundError(f"this run has no step {step}")
    links = links_of(site, asked, page.run, page.pages(), 0)
    return await site.fill(
        "call.html", asked, "Runs", **of_run(page, links), call_view=found, back=links.to_step(int(step))
    )


async def raw_run(site: Site, _: Asked, set_slug: str, run_slug: str) -> Page:
    """A run with its verdict as JSON."""
    opened = await site.archive.open(site.archive.row(set_slug, run_slug))
    verdict = opened.verdict.model_dump_json(indent=1) if opened.verdict else "null"
    body = f'{{"trajectory": {opened.trajectory.model_dump_json(indent=1)},\n"verdict": {verdict}}}\n'
    return Page(body, "application/json")


async def state_of_run(site: Site, asked: Asked, set_slug: str, run_slug: str, step: str) -> Page:
    """The state of a run after so many calls."""
    row = site.archive.row(set_slug, run_slug)
    run = await site.archive.open(row)
    log, count = run.trajectory.log, int(step)
    if run.runtime is None:
        raise UsageError("the environment of this run is not at hand in its version, so its states are not known")
    if count > len(log):
        raise NotFoundError(f"this run has {counted(len(log), 'call')}")
    links = links_of(site, asked, run, RunPage(run).pages(), 0)
    written = {0, *(event.step + 1 for event in log if event.ops)}

    def step_link(to: int) -> str:
        return f"{asked.root}{state_path(*row.place, to)}" if site.served or to in written else ""

    heading = "State at the start" if count == 0 else f"State after step {count - 1}"
    return await state_page(
        site,
        asked,
        StatePage(run.runtime, log[:count]),
        links,
        title=f"{heading} · {plain_text(row.task or row.run, 80)}",
        heading=heading,
        section="Runs",
        back=f"{asked.root}{run_path(*row.place)}",
        back_name=row.task or row.run,
        steps=log,
        step=count,
        step_link=step_link,
        first_shown=max(0, min(count - 20, len(log) - 60)),
        initial=f"{asked.root}{initial_state_path(row.environment)}" if _has_environment_page(site, row) else None,
    )


async def state_page(
    site: Site, asked: Asked, state: StatePage, links: StateLinks, *, section: str, **values: Any
) -> Page:
    """A page of a state: one collection where it is served, all of them where it is written."""
    heads = state.heads()
    words, only_changed = asked.query.get("q", ""), asked.query.get("changed") == "1"
    record = asked.query.get("record", "")
    chosen = asked.query.get("collection") or (heads[0].name if heads else "")
    here = asked.path.rsplit("/", 1)[-1]
    step = values.get("step") or 0
    if site.served:
        shown = (
            [state.collection(chosen, words, begin=asked.begin, only_changed=only_changed, first=record)]
            if heads
            else []
        )
    else:
        is_part = values.get("initial") is not None  # the rest stands on the page of the initial state
        heads = [head for head in heads if head.touched or not is_part]
        shown = [state.collection(head.name, only_changed=is_part, limit=MAX_STATIC_ROWS) for head in heads]
    elsewhere = [one for one in state.find(words, 20) if one[0] != chosen] if site.served and words else []

    def collection_link(name: str) -> str:
        if site.served:
            return f"{here}{query(collection=name)}"
        is_here = any(one.name == name for one in shown)
        return f"{'' if is_here else values.get('initial') or ''}#{anchor('c', name)}"

    return await site.fill(
        "state.html",
        asked,
        section,
        **values,
        state=state,
        heads=heads,
        singletons=state.singletons(only_changed=not site.served and values.get("initial") is not None),
        shown=shown,
        words=words,
        only_changed=only_changed,
        elsewhere=elsewhere,
        collection_link=collection_link,
        more_link=f"{here}{query(collection=chosen, q=words, begin=asked.begin + ROWS_A_PAGE)}",
        find_record=links.find_record(step),
        address_of=partial(links.record_address, step),
        step_address=links.to_step,
    )


async def pair_page(site: Site, asked: Asked, one_set: str, one: str, other_set: str, other: str) -> Page:
    """Two runs beside each other, from where they part."""
    rows = site.archive.row(one_set, one), site.archive.row(other_set, other)
    left, right = RunPage(await site.archive.open(rows[0])), RunPage(await site.archive.open(rows[1]))
    is_fork = rows[1].parent == rows[0].run and rows[1].source == rows[0].source
    names = ("the origin", "the fork") if is_fork else (_side(rows[0], rows[1]), _side(rows[1], rows[0]))
    return await site.fill(
        "pair.html",
        asked,
        "Forks" if is_fork else "Runs",
        parted=part(left, right),
        names=names,
        heading=rows[0].task or rows[0].run,
        **await _way_back(site, asked, rows, is_fork=is_fork),
        INJECTED=INJECTED,
    )


async def _way_back(site: Site, asked: Asked, rows: tuple[RunRow, RunRow], *, is_fork: bool) -> dict[str, str]:
    """Where two runs were compared from: a tree, the comparison of their agents, or the task."""
    if is_fork:
        return {"back": f"{asked.root}{_tree_of(site, rows[0])}", "back_name": "Tree"}
    names = {(side.set, side.agent): side.name for side in (await site.archive.overview()).sides}
    one, other = (names.get((row.set, row.agent)) for row in rows)
    if one is None or other is None or one == other:
        return {"back": f"{asked.root}index.html", "back_name": "Runs"}
    return {"back": f"{asked.root}{comparison_path(one, other)}", "back_name": f"{one} and {other}"}


def _side(row: RunRow, other: RunRow) -> str:
    """What tells a run from another one: its set, its agent, or its trial."""
    if row.set != other.set:
        return row.set
    if row.agent != other.agent:
        return row.agent
    return (
        f"trial {row.trial}" if row.trial != other.trial else f"seed {row.seed}" if row.seed != other.seed else row.run
    )
