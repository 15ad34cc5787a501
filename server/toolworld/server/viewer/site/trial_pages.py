"""The page on which a tool is tried by hand, in an episode of one's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from toolworld.environments import Call, Environment, ToolSpec
from toolworld.ground import NotFoundError, ToolworldError, UsageError
from toolworld.server.episodes.episode import Episode
from toolworld.server.error_answers import told
from toolworld.server.viewer.html.addresses import query
from toolworld.server.viewer.pages.run import RunPage
from toolworld.server.viewer.pages.trial_form import arguments_of, form_fields
from toolworld.server.viewer.runs.stored import StoredRuns
from toolworld.server.viewer.site.run_pages import links_of, of_run
from toolworld.server.viewer.site.site import Asked, Page, Site

SHOWN_CALLS = 30
"""The latest calls that the page shows."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a person sent, and why it was not taken."""

    values: Mapping[str, str]
    problem: str = ""


def _trials(site: Site) -> StoredRuns:
    if site.trials is None:
        raise NotFoundError("no tool can be tried here")
    return site.trials


async def trial_page(
    site: Site, asked: Asked, environment: str, episode: str | None = None, filled: Filled | None = None
) -> Page:
    """The form of a tool, and what was called so far."""
    trials = _trials(site)
    if episode is None:
        shown = trials.episodes.environments.show(environment)
        return await site.fill("try.html", asked, "Environments", environment=shown, episode=None, page=None)
    found = await trials.episodes.as_stored(episode)
    index = site.archive.unlisted if trials is site.archive.tried else site.archive.index
    await trials.list_one(index, found)
    shown = found.runtime.environment
    _require(found, environment)
    given = filled or Filled({})
    tool = _tool(shown, given.values.get("tool") or asked.query.get("tool"))
    [row] = index.rows("source = ? AND run = ?", (trials.number, found.id))
    page = RunPage(await site.archive.open(row))
    calls = [turn for turn in page.turns if turn.calls]
    return await site.fill(
        "try.html",
        asked,
        "Environments",
        **of_run(page, links_of(site, asked, page.run, page.pages(), 0)),
        environment=shown,
        episode=episode,
        tools=shown.tools,
        tool=tool,
        fields=form_fields(tool, given.values),
        problem=given.problem,
        turns=[*reversed(calls)][:SHOWN_CALLS],
        inline=True,
    )


async def open_trial(site: Site, environment: str) -> str:
    """Open an episode of one's own; returns the path of its page."""
    episode = await _trials(site).episodes.open(environment)
    return f"try/{environment}/{episode.id}.html"


async def make_call(site: Site, environment: str, episode: str, values: Mapping[str, str]) -> Filled | str:
    """Make the call that a person filled in; returns where its result is shown, or why it was not made."""
    try:
        found = await _trials(site).episodes.as_stored(episode)
        _require(found, environment)
        tool = _tool(found.runtime.environment, values.get("tool"))
        await found.call(Call(name=tool.name, arguments=arguments_of(tool, values)))
    except ValidationError:
        return Filled(values, "the arguments are nested too deeply")
    except UsageError as problem:
        return Filled(values, str(problem))
    except NotFoundError:
        raise
    except ToolworldError as problem:
        return Filled(values, told(problem))
    return f"{episode}.html{query(tool=tool.name)}#log"


def _require(episode: Episode, environment: str) -> None:
    if episode.runtime.environment.id != environment:
        raise NotFoundError("there is no such episode in this environment")


def _tool(environment: Environment, name: str | None) -> ToolSpec:
    found = environment.tool(name) if name else next(iter(environment.tools), None)
    if found is None:
        raise NotFoundError("there is no such tool here")
    return found
