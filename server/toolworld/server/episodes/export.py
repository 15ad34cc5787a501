"""Trajectories of the episodes in a store, whoever played them."""

from collections.abc import AsyncIterator, Container

from toolworld.datasets import Trajectory
from toolworld.server.episodes.episodes import Episodes


async def export_trajectories(
    episodes: Episodes, environments: Container[str] | None = None
) -> AsyncIterator[Trajectory]:
    """The trajectories of all episodes by id, each read from the store when it is asked for.

    Args:
        episodes: The episodes of a store; no environment or task has to be served, the store has what is needed.
        environments: Only those in these environments, by id.
    """
    last = ""
    while page := await episodes.store.episodes(after=last):
        for row in page:
            if environments is None or row.environment in environments:
                yield await episodes.trajectory(await episodes.get(row.id))
        last = page[-1].id
