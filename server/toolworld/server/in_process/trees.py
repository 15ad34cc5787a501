"""Trees in this process: a branch is a fork of an episode, and costs as little."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from toolworld.environments import Environment, Runtime, RuntimePool
from toolworld.ground import JsonValue, digest
from toolworld.rollout import Answer, Branch, Host, Tree
from toolworld.server.episodes.call_result import call_tool
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes, open_episodes
from toolworld.server.in_process.host import InProcessHost


@dataclass(frozen=True)
class EpisodeBranch:
    """An episode of a tree."""

    open: Episode
    episodes: Episodes

    @property
    def episode(self) -> str:
        """The episode's id: the place in the tree where it was forked."""
        return self.open.id

    async def call(self, name: str, arguments: Mapping[str, JsonValue]) -> Answer:
        """Make a call."""
        made = await call_tool(self.open, "agent", name, arguments)
        ops = made.event.ops if made.event else ()
        failure = made.failure
        said = [made.result, failure and [failure.kind, failure.code, failure.message]]
        return Answer(
            text=made.text,
            result=made.result,
            failure=failure.kind if failure else None,
            changes=len(ops),
            digest=digest([*said, [op.model_dump(mode="json") for op in ops]]),
        )

    async def fork(self, name: str) -> "EpisodeBranch":
        """Fork the episode as it is now."""
        return EpisodeBranch(await self.episodes.fork(self.open.id, episode=name), self.episodes)

    async def close(self) -> None:
        """Nothing is held: the episode is closed with the tree."""


class InProcessTreeHost:
    """Opens episodes for trees and players in this process; each has a store of its own, in memory.

    Args:
        runtimes: Has the environment, and no other.
    """

    def __init__(self, runtimes: RuntimePool) -> None:
        [self._name] = runtimes
        self._runtimes = runtimes

    @property
    def environment(self) -> Environment:
        """The environment."""
        return self._runtimes.environment(self._name)

    @property
    def runtime(self) -> Runtime:
        """The environment, ready to answer calls."""
        return self._runtimes[self._name]

    @asynccontextmanager
    async def root(self, name: str, seed: int) -> AsyncGenerator[Branch]:
        """Open an episode."""
        async with open_episodes(self._runtimes) as episodes:
            yield EpisodeBranch(await episodes.open(self._name, seed, episode=name), episodes)

    async def settle(self, trees: Sequence[Tree]) -> None:
        """Nothing: the environment is what it was."""

    @asynccontextmanager
    async def playing(self) -> AsyncGenerator[Host]:
        """Open a store for players."""
        async with open_episodes(self._runtimes) as episodes:
            yield InProcessHost(episodes)
