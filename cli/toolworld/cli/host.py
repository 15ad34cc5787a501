"""The host in this process: episodes of a store, met through the SDK's in-memory client."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from mcp import Client
from mcp_types import Tool

from toolworld.datasets import Task
from toolworld.rollout import Ending, Session, ToolLists
from toolworld.server import Episode, Episodes, build_mcp_server, door_to, entered


@dataclass(frozen=True, slots=True)
class LocalSession:
    """An episode in this process."""

    client: Client
    episodes: Episodes
    episode: Episode
    lists: ToolLists
    user: Client | None = None

    async def tools(self) -> Sequence[Tool]:
        """List the tools that the agent has."""
        return await self.lists.of(self.episode.row.version, self.client)

    async def ending(self) -> Ending:
        """Give the episode's record."""
        return Ending(
            log=await self.episodes.log(self.episode.row.id),
            changes=self.episode.changes,
            initial_digest=self.episode.runtime.start.state.digest,
            final_digest=self.episode.snapshot.state.digest,
        )


class LocalHost:
    """Opens episodes in this process."""

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes
        self._lists = ToolLists()
        self._server = build_mcp_server(version("toolworld"))

    @asynccontextmanager
    async def session(self, task: Task, seed: int) -> AsyncGenerator[Session]:
        """Open an episode for a task."""
        episode = await self._episodes.open(task.environment, seed, faults=task.faults)
        async with AsyncExitStack() as stack:
            user: Client | None = None
            if episode.runtime.environment.has_user_tools:
                own = build_mcp_server(version("toolworld"), door_to(episode, party="user"))
                user = await stack.enter_async_context(Client(own))
            stack.enter_context(entered(door_to(episode)))
            client = await stack.enter_async_context(Client(self._server))
            yield LocalSession(client, self._episodes, episode, self._lists, user)
