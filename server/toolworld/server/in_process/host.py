"""The host in this process: episodes of a store, met through the SDK's in-memory MCP client."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from mcp import Client
from mcp_types import Tool

from toolworld.datasets import EpisodeRecord
from toolworld.ground import ConflictError
from toolworld.rollout import ListedTools, PlannedRun, Session
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.mcp.connection import connected, connection_to
from toolworld.server.mcp.server import build_mcp_server


@dataclass(frozen=True, slots=True)
class InProcessSession:
    """An episode in this process."""

    client: Client
    episode: Episode
    listed: ListedTools
    user: Client | None = None

    async def tools(self) -> Sequence[Tool]:
        """The tools that the agent has."""
        return await self.listed.get(self.episode.row.version, self.client)

    async def record(self, answer: str | None = None) -> EpisodeRecord:
        """The episode's record."""
        if answer is not None:
            await self.episode.note_answer(answer)
        return await self.episode.record()


class InProcessHost:
    """Opens episodes in this process; a `Host` of `toolworld.rollout`."""

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes
        self._listed = ListedTools()
        self._server = build_mcp_server(version("toolworld"))
        self._attempts: dict[str, int] = {}
        """The number of the next attempt of each run that was played more than once."""

    @asynccontextmanager
    async def session(self, run: PlannedRun) -> AsyncGenerator[Session]:
        """Open an episode for a run; it is closed when the session ends."""
        episode = await self._open(run)
        try:
            async with AsyncExitStack() as stack:
                user: Client | None = None
                if episode.runtime.environment.has_user_tools:
                    server = build_mcp_server(version("toolworld"), connection_to(episode, party="user"))
                    user = await stack.enter_async_context(Client(server))
                stack.enter_context(connected(connection_to(episode)))
                client = await stack.enter_async_context(Client(self._server))
                yield InProcessSession(client, episode, self._listed, user)
        finally:
            await episode.close()

    async def _open(self, run: PlannedRun) -> Episode:
        """Open an episode whose id follows from the run, or from its attempt where the store has an earlier one."""
        task = run.task.id if self._episodes.tasks.find(run.task.id) else None
        attempt = self._attempts.get(run.name, 0)
        while True:
            if attempt > 0:
                self._attempts[run.name] = attempt + 1
            try:
                return await self._episodes.open(
                    run.task.environment,
                    run.seed,
                    task,
                    run.task.faults,
                    episode=run.episode_id(attempt),
                    trial=run.trial,
                )
            except ConflictError:  # numbers may be left out, so that many earlier attempts take few tries
                attempt = max(self._attempts.get(run.name, 1), 2 * attempt)
