"""The page of each path."""

import re
from collections.abc import Awaitable, Callable

from toolworld.ground import NotFoundError
from toolworld.server.viewer.site.dataset_pages import datasets_page, report_page
from toolworld.server.viewer.site.environment_pages import (
    environment_page,
    environments_page,
    state_of_environment,
    task_page,
)
from toolworld.server.viewer.site.run_pages import call_page, pair_page, raw_run, run_page, state_of_run
from toolworld.server.viewer.site.site import Asked, Page, Site
from toolworld.server.viewer.site.table_pages import chosen_comparison, comparison_page, table_page
from toolworld.server.viewer.site.tree_pages import fork_page, forks_page, tree_page
from toolworld.server.viewer.site.trial_pages import trial_page

_SLUG = "([A-Za-z0-9_-]{1,100})"
_NUMBER = "([0-9]{1,9})"
_ROUTES: list[tuple[re.Pattern[str], Callable[..., Awaitable[Page]]]] = [
    (re.compile(pattern), page)
    for pattern, page in (
        (r"index\.html", table_page),
        (rf"runs/{_SLUG}/{_SLUG}(?:\.p{_NUMBER})?\.html", run_page),
        (rf"runs/{_SLUG}/{_SLUG}\.step-{_NUMBER}\.html", call_page),
        (rf"runs/{_SLUG}/{_SLUG}\.state-{_NUMBER}\.html", state_of_run),
        (rf"runs/{_SLUG}/{_SLUG}\.json", raw_run),
        (rf"pairs/{_SLUG}/{_SLUG}/{_SLUG}/{_SLUG}\.html", pair_page),
        (r"compare/choose\.html", chosen_comparison),
        (rf"compare/{_SLUG}/{_SLUG}\.html", comparison_page),
        (r"forks\.html", forks_page),
        (rf"forks/{_SLUG}/{_SLUG}\.html", fork_page),
        (rf"trees/{_SLUG}/{_NUMBER}\.html", tree_page),
        (r"environments\.html", environments_page),
        (rf"environments/{_SLUG}\.html", environment_page),
        (rf"environments/{_SLUG}\.state\.html", state_of_environment),
        (rf"tasks/{_SLUG}\.html", task_page),
        (r"datasets\.html", datasets_page),
        (rf"reports/{_SLUG}\.html", report_page),
        (rf"try/{_SLUG}(?:/{_SLUG})?\.html", trial_page),
    )
]


async def page_at(site: Site, asked: Asked) -> Page:
    """The page of a path.

    Raises:
        NotFoundError: there is none.
        RecordError: what it shows cannot be read any more.
    """
    if site.served:
        await site.archive.look_again()
    for pattern, page in _ROUTES:
        if found := pattern.fullmatch(asked.path):
            return await page(site, asked, *found.groups())
    raise NotFoundError("there is no such page")
