"""Opening what pages are made of: of paths that a person names, and of a server."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from toolworld.environments import RuntimePool
from toolworld.server.episodes.episodes import Episodes, open_episodes
from toolworld.server.viewer.runs.archive import Archive
from toolworld.server.viewer.runs.environments import FoundEnvironments, ServedEnvironments
from toolworld.server.viewer.runs.files import RunFiles
from toolworld.server.viewer.runs.stored import StoredRuns
from toolworld.server.viewer.shown_files import ShownFiles
from toolworld.server.viewer.site.site import Site

MAX_SERVED = 10_000
"""Episodes of a server that its pages list; `toolworld view STORE` lists all of a store."""
SERVED_SET, TRIED_SET = "episodes", "tried by hand"


@asynccontextmanager
async def open_site(
    found: ShownFiles, environments: Sequence[str] = (), *, served: bool, may_try: bool = False
) -> AsyncGenerator[Site]:
    """Open the site of what lies in paths.

    Args:
        found: What lies there.
        environments: More folders, packs and built-in names, by which runs are understood.
        served: Whether pages are asked for one by one.
        may_try: Whether tools can be tried by hand, in episodes that are kept in memory.

    Raises:
        SpecError: an environment is not sound.
        StoreError: a store cannot be opened.
    """
    known = FoundEnvironments([*environments, *found.environments], found.tasks)
    files = [
        RunFiles(number, name, trajectories, verdicts, known.tags_of)
        for number, (name, trajectories, verdicts) in enumerate(found.runs, start=1)
    ]
    async with AsyncExitStack() as stack:
        stores: list[StoredRuns] = []
        for name, path in found.stores:
            episodes = await stack.enter_async_context(open_episodes([], known.given_tasks, path, make=False))
            stores.append(StoredRuns(len(files) + len(stores) + 1, name, episodes))
        trials = None
        if may_try:
            pool = RuntimePool(known.sources)
            episodes = await stack.enter_async_context(open_episodes(pool))
            trials = StoredRuns(len(files) + len(stores) + 1, TRIED_SET, episodes)
        archive = Archive(
            environments=known,
            files=files,
            stores=stores,
            tried=trials,
            trees=found.trees,
            reports=found.reports,
        )
        stack.callback(archive.close)
        yield Site(archive, served=served, trials=trials, is_live=served)


def site_of_server(episodes: Episodes) -> Site:
    """The site of a server: its episodes, its environments, and its tools to try."""
    stored = StoredRuns(1, SERVED_SET, episodes, most=MAX_SERVED)
    archive = Archive(environments=ServedEnvironments(episodes), stores=[stored])
    return Site(archive, served=True, trials=stored, is_live=True)
