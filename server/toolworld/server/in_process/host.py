"""The host in this process: episodes of a store, whose tools are called without a protocol in between."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import mcp_types as types

from toolworld.datasets import EpisodeRecord, exchanges_of
from toolworld.environments import Party
from toolworld.ground import ConflictError
from toolworld.llm import Message
from toolworld.rollout import PlannedRun, Session, ToolResult, tool_result
from toolworld.server.episodes.call_result import call_tool
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.episodes.shown_tool import shown_tool


@dataclass(frozen=True, slots=True)
class InProcessTools:
    """The tools that a party has in an episode of this process; texts are those of the MCP server."""

    episode: Episode
    party: Party
    known: dict[tuple[str, str, Party], Sequence[types.Tool]]
    """Tools that were listed before: those of a version never change."""

    async def listed(self) -> Sequence[types.Tool]:
        """The tools."""
        environment = self.episode.runtime.environment
        key = environment.id, environment.version, self.party
        if key not in self.known:
            self.known[key] = tuple(map(shown_tool, environment.tools_of(self.party)))
        return self.known[key]

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Call a tool."""
        made = await call_tool(self.episode, self.party, name, arguments)
        step = made.event.step if made.event else None
        return tool_result(made.text, made.failure.kind if made.failure else None, step)


@dataclass(frozen=True, slots=True)
class InProcessSession:
    """An episode in this process."""

    policy: str
    agent: InProcessTools
    user: InProcessTools | None
    episode: Episode

    async def record(self, messages: Sequence[Message] = ()) -> EpisodeRecord:
        """The episode's record."""
        exchanges = exchanges_of(messages)
        if exchanges:
            await self.episode.add_exchanges(0, exchanges)
        return await self.episode.record()


class InProcessHost:
    """Opens episodes in this process; a `Host` of `toolworld.rollout`."""

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes
        self._known: dict[tuple[str, str, Party], Sequence[types.Tool]] = {}
        self._attempts: dict[str, int] = {}
        """The number of the next attempt of each run that was played more than once."""

    @asynccontextmanager
    async def session(self, run: PlannedRun) -> AsyncGenerator[Session]:
        """Open an episode for a run; it is closed when the session ends."""
        episode = await self._open(run)
        try:
            environment = episode.runtime.environment
            agents, users = (InProcessTools(episode, party, self._known) for party in ("agent", "user"))
            yield InProcessSession(
                environment.policy.strip(), agents, users if environment.has_user_tools else None, episode
            )
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
