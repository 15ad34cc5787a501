"""The pages of environments and tasks."""

from collections import defaultdict
from functools import partial

from anyio import to_thread

from toolworld.datasets import Task, wording_of
from toolworld.environments import Environment, Runtime, audit
from toolworld.ground import NotFoundError
from toolworld.server.viewer.html.addresses import anchor, environment_path, initial_state_path, query, slug, task_path
from toolworld.server.viewer.html.values import counted
from toolworld.server.viewer.pages.changes import ChangingState
from toolworld.server.viewer.pages.graph import data_flow, references
from toolworld.server.viewer.pages.schema_words import parameters_in
from toolworld.server.viewer.pages.state import StatePage
from toolworld.server.viewer.pages.tasks import near_duplicates, nearest
from toolworld.server.viewer.runs.filters import RunFilter
from toolworld.server.viewer.runs.row import RunRow
from toolworld.server.viewer.runs.tallies import Rate
from toolworld.server.viewer.site.links import InitialStateLinks
from toolworld.server.viewer.site.run_pages import state_page
from toolworld.server.viewer.site.site import MAX_KEPT, Asked, EnvironmentFindings, Page, Site
from toolworld.server.viewer.site.table_pages import shown_checks

ENVIRONMENTS_A_PAGE = 100
MAX_RUNS_A_TASK, MAX_RUNS = 12, 20_000


async def environments_page(site: Site, asked: Asked) -> Page:
    """The environments at hand: those of the runs, and those that were named."""
    names = await shown_environments(site)
    after = asked.query.get("after", "")
    page = [name for name in names if name > after][:ENVIRONMENTS_A_PAGE] if site.served else names
    found = [runtime.environment for name in page if (runtime := await site.archive.environments.current(name))]
    more = page[-1] if len(page) < len([name for name in names if name > after]) and page else None
    rates = defaultdict[str, Rate](Rate)
    for (environment, _), rate in (await site.archive.overview()).cells.items():
        rates[environment] += rate
    return await site.fill("environments.html", asked, "Environments", environments=found, rates=rates, more=more)


async def shown_environments(site: Site) -> list[str]:
    """The ids of the environments that have a page: of runs, and those that were named; else all that there are."""
    known = site.archive.environments
    played = {environment for environment, _ in (await site.archive.overview()).cells}
    wanted = {*known.named, *played} & {*known.names}
    return sorted(wanted or {*known.names})


async def _current(site: Site, name: str) -> Runtime:
    """The environment whose address a path has."""
    for one in site.archive.environments.names:
        if slug(one) == name and (runtime := await site.archive.environments.current(one)) is not None:
            return runtime
    raise NotFoundError("there is no such environment here")


async def environment_page(site: Site, asked: Asked, name: str) -> Page:
    """An environment."""
    runtime = await _current(site, name)
    environment = runtime.environment
    tasks = await site.archive.environments.tasks_of(environment.id)
    about = await _findings(site, runtime, list(tasks))
    index = site.archive.index
    condition = "environment = ?", (environment.id,)
    rows = await to_thread.run_sync(index.rows, *condition, f"ORDER BY set_name, number LIMIT {MAX_RUNS}")
    [(runs,)] = index.select("count(*)", *condition)
    by_task = defaultdict[str, list[RunRow]](list)
    for row in rows:
        if len(by_task[row.task]) < MAX_RUNS_A_TASK:
            by_task[row.task].append(row)
    tick = environment.clock.tick_seconds
    return await site.fill(
        "environment.html",
        asked,
        "Environments",
        environment=environment,
        clock=f"{environment.clock.start:%Y-%m-%d %H:%M}, {counted(tick, 'second')} a call",
        tasks=tasks,
        by_task=by_task,
        runs=runs,
        flow=about.flow,
        graph=about.references,
        findings=about.findings,
        duplicates=about.duplicates,
        can_try=site.trials is not None and site.served and bool(environment.tools),
        parameters_in=parameters_in,
        tool_address=partial(_fragment, "tool"),
        collection_address=partial(_collection_address, asked.root, environment, site.served),
    )


def _fragment(kind: str, name: str) -> str:
    return f"#{anchor(kind, name)}"


def _collection_address(root: str, environment: Environment, served: bool, name: str) -> str:
    state = f"{root}{initial_state_path(environment.id)}"
    return f"{state}{query(collection=name)}" if served else f"{state}#{anchor('c', name)}"


async def _findings(site: Site, runtime: Runtime, tasks: list[Task]) -> EnvironmentFindings:
    """What takes a while to find out, kept for the next time."""
    version = f"{runtime.environment.id} {runtime.environment.version} {len(tasks)}"
    found = site.about.get(version)
    if found is None:
        found = await to_thread.run_sync(_find_out, runtime, tasks)
        while len(site.about) >= MAX_KEPT:
            site.about.pop(next(iter(site.about)))
        site.about[version] = found
    return found


def _find_out(runtime: Runtime, tasks: list[Task]) -> EnvironmentFindings:
    environment, state = runtime.environment, runtime.start.state
    counts = {name: state.count(name) for name in environment.state_schema.collections}
    return EnvironmentFindings(
        flow=data_flow(environment),
        references=references(environment, counts),
        findings=tuple(audit(environment, types=False)),
        duplicates=tuple(map(tuple, near_duplicates(tasks))),
    )


async def state_of_environment(site: Site, asked: Asked, name: str) -> Page:
    """The initial state of an environment."""
    runtime = await _current(site, name)
    environment = runtime.environment
    return await state_page(
        site,
        asked,
        StatePage(runtime),
        InitialStateLinks(asked.root, site.served, site.keys(runtime), environment.id),
        section="Environments",
        title=f"State of {environment.id}",
        heading="State in which every episode begins",
        back=f"{asked.root}{environment_path(environment.id)}",
        back_name=environment.title,
        steps=None,
        step=0,
        step_link=None,
        first_shown=0,
        initial=None,
    )


async def task_page(site: Site, asked: Asked, name: str) -> Page:
    """A task with its runs, and the tasks that resemble it."""
    task = await _task(site, name)
    others = await site.archive.environments.tasks_of(task.environment)
    given = site.archive.environments.given_tasks
    index, overview = site.archive.index, await site.archive.overview()
    names = {(side.set, side.agent): side.name for side in overview.sides}
    rates = defaultdict[str, Rate](Rate)
    for set_name, agent, passed, judged in index.select(
        "set_name, agent, sum(outcome = 'pass'), sum(outcome IN ('pass', 'fail'))",
        "task = ?",
        (task.id,),
        "GROUP BY set_name, agent",
    ):
        rates[str(names.get((set_name, agent), set_name))] += Rate(passed, judged)
    runtime = await site.archive.environments.version(task.environment, task.environment_version)
    return await site.fill(
        "task.html",
        asked,
        "Environments",
        task=task,
        rows=index.of_task(task.id),
        rates=[*rates.items()],
        shown_checks=shown_checks(overview),
        wanted=RunFilter(),
        wording_of=wording_of,
        expected=ChangingState(runtime.start.state if runtime else None).apply(task.truth.changes),
        neighbours=await to_thread.run_sync(nearest, task, [*{one.id: one for one in [*others, *given]}.values()]),
    )


async def _task(site: Site, name: str) -> Task:
    """The task whose address a path has: among those of the runs, and those of the environments at hand."""
    known = site.archive.environments
    for task in known.given_tasks:
        if slug(task.id) == name:
            return task
    for environment in await shown_environments(site):
        for task in await known.tasks_of(environment):
            if slug(task.id) == name:
                return task
    for row in _rows_of_task(site, name):
        runtime = await known.version(row.environment, row.version)
        if (task := await known.task(row.task, runtime, row.seed)) is not None:
            return task
    raise NotFoundError("there is no such task here")


def _rows_of_task(site: Site, name: str) -> list[RunRow]:
    tasks = [task for (task,) in site.archive.index.select("DISTINCT task", "task != ''") if slug(task) == name]
    return [row for task in tasks for row in site.archive.index.of_task(task, 1)]


async def task_paths(site: Site) -> list[str]:
    """The pages of all tasks at hand."""
    names = {task.id for task in site.archive.environments.given_tasks}
    for environment in await shown_environments(site):
        names |= {task.id for task in await site.archive.environments.tasks_of(environment)}
    for (task,) in site.archive.index.select("DISTINCT task", "task != ''"):
        rows = site.archive.index.of_task(task, 1)
        runtime = await site.archive.environments.version(rows[0].environment, rows[0].version)
        if await site.archive.environments.task(task, runtime, rows[0].seed) is not None:
            names.add(task)
    return sorted({task_path(name) for name in names})
