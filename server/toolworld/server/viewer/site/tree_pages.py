"""The pages of forks and explored trees."""

from toolworld.environments import Event
from toolworld.ground import NotFoundError
from toolworld.server.viewer.html.addresses import run_path, slug
from toolworld.server.viewer.pages.tree import Branch, MapStop, branches_of_tree, draw, x_of
from toolworld.server.viewer.runs.index import CHILDREN
from toolworld.server.viewer.runs.row import RunRow
from toolworld.server.viewer.site.forks import origins
from toolworld.server.viewer.site.site import Asked, Page, Site

MAX_EPISODES = 200
"""Episodes of one tree that are read."""


async def forks_page(site: Site, asked: Asked) -> Page:
    """All trees: of forked episodes, and of explored seeds."""
    trees = [
        (grown.name, tree, len([*tree.leaves]), sum(leaf.id in grown.chosen for leaf in tree.leaves))
        for grown in site.archive.trees
        for tree in grown.trees
    ]
    return await site.fill("forks.html", asked, "Forks", origins=origins(site), trees=trees)


async def fork_page(site: Site, asked: Asked, set_slug: str, run_slug: str) -> Page:
    """The episodes of one origin as a tree."""
    origin = site.archive.row(set_slug, run_slug)
    rows = _family(site, origin)
    branches = [await _branch(site, asked, row, rows[0].run) for row in rows]
    drawn = draw(branches)
    order = {lane.branch.name: place for place, lane in enumerate(drawn.lanes)}
    return await site.fill(
        "fork_tree.html",
        asked,
        "Forks",
        origin=origin,
        map=drawn,
        rows=sorted(rows, key=lambda row: order.get(row.run, len(order))),
        by_run={row.run: row for row in rows},
        x_of=x_of,
    )


def _family(site: Site, origin: RunRow) -> list[RunRow]:
    """An episode with all that were forked from it, be it through others."""
    found, waiting = {origin.run: origin}, [origin.run]
    while waiting and len(found) < MAX_EPISODES:
        parent = waiting.pop(0)
        condition = f"source = ? AND {CHILDREN}"
        for row in site.archive.index.rows(condition, (origin.source, parent), f"ORDER BY number LIMIT {MAX_EPISODES}"):
            if row.run not in found:
                found[row.run] = row
                waiting.append(row.run)
    return [*found.values()]


async def _branch(site: Site, asked: Asked, row: RunRow, origin: str) -> Branch:
    log = (await site.archive.open(row)).trajectory.log
    address = f"{asked.root}{run_path(*row.place)}"
    fork_step = row.fork_step if row.run != origin else 0
    note = f"{', '.join(row.failed)} failed" if row.failed else {"pass": "passed every check"}.get(row.outcome, "")
    return Branch(
        name=row.run,
        parent=row.parent or None,
        fork_step=fork_step,
        stops=tuple(_stop(event, address) for event in log if event.step >= fork_step),
        label=row.run[:10] if row.run != origin else f"{row.run[:10]}, the origin",
        note=note or ("not judged" if row.outcome == "open" else row.outcome),
        outcome=row.outcome,
        address=address,
    )


def _stop(event: Event, address: str) -> MapStop:
    changed = f", changed {len(event.ops)} of the state" if event.ops else ""
    return MapStop(
        step=event.step,
        name=event.call.name,
        title=f"step {event.step}: {event.call.name}{', refused' if event.failure else ''}{changed}",
        changed=bool(event.ops),
        refused=event.failure is not None,
        address=f"{address}#s-{event.step}",
    )


async def tree_page(site: Site, asked: Asked, name: str, seed: str) -> Page:
    """An explored tree."""
    grown = next((one for one in site.archive.trees if slug(one.name) == name), None)
    trees = {tree.seed: tree for tree in grown.trees} if grown else {}
    tree = trees.get(int(seed))
    if grown is None or tree is None:
        raise NotFoundError("there is no such tree here")
    seeds = sorted(trees)
    place = seeds.index(tree.seed)
    return await site.fill(
        "tree.html",
        asked,
        "Forks",
        name=grown.name,
        tree=tree,
        map=draw(branches_of_tree(tree, grown.chosen)),
        others=seeds,
        before=seeds[place - 1] if place else None,
        after=seeds[place + 1] if place + 1 < len(seeds) else None,
        x_of=x_of,
    )
