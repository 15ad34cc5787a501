"""The pages of datasets: the tasks that were given, and reports of evaluations."""

from collections import Counter

from anyio import to_thread

from toolworld.ground import NotFoundError
from toolworld.server.viewer.html.addresses import slug
from toolworld.server.viewer.pages.tasks import near_duplicates
from toolworld.server.viewer.runs.row import tags_of_task
from toolworld.server.viewer.site.site import Asked, Page, Site


async def datasets_page(site: Site, asked: Asked) -> Page:
    """All reports, and the tasks of the files."""
    tasks = site.archive.environments.given_tasks
    tags = Counter(tag for task in tasks for tag in tags_of_task(task))
    return await site.fill(
        "datasets.html",
        asked,
        "Datasets",
        reports=site.archive.reports,
        tasks=tasks,
        tags=sorted(tags.items(), key=lambda one: (-one[1], one[0]))[:100],
        duplicates=await to_thread.run_sync(near_duplicates, tasks),
    )


async def report_page(site: Site, asked: Asked, name: str) -> Page:
    """A report of `toolworld evaluate`."""
    found = next(((title, report) for title, report in site.archive.reports if slug(title) == name), None)
    if found is None:
        raise NotFoundError("there is no such report here")
    title, report = found
    groups = dict.fromkeys((one.subject, one.pillar) for one in report.measures)
    return await site.fill(
        "report.html",
        asked,
        "Datasets",
        name=title,
        report=report,
        groups=[(*group, [one for one in report.measures if (one.subject, one.pillar) == group]) for group in groups],
    )
