"""An environment in this process without async, for trainers and notebooks."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

from anyio.from_thread import BlockingPortal

from toolworld.datasets import Task, Trajectory, Verdict
from toolworld.environments import Event, Op
from toolworld.ground import JsonObject, JsonValue
from toolworld.server.episodes.call_result import CallResult
from toolworld.server.in_process.environment import OpenEnvironment, OpenEpisode


class SyncEpisode:
    """An open episode without async; see `OpenEpisode`."""

    def __init__(self, episode: OpenEpisode, portal: BlockingPortal) -> None:
        self._episode = episode
        self._portal = portal
        self.id = episode.id
        self.task = episode.task
        self.request = episode.request
        self.policy = episode.policy
        self.tools = episode.tools

    @property
    def step(self) -> int:
        """How many calls were made."""
        return self._episode.step

    def call(self, name: str, /, **arguments: JsonValue) -> CallResult:
        """Call a tool."""

        async def call() -> CallResult:
            return await self._episode.call(name, **arguments)

        return self._portal.call(call)

    def fork(self, step: int | None = None) -> "SyncEpisode":
        """Open an episode that shares the first `step` calls of this one, by default all of them."""
        return SyncEpisode(self._portal.call(self._episode.fork, step), self._portal)

    def state(self) -> JsonObject:
        """The whole state as it is now."""
        return self._episode.state()

    def diff(self) -> tuple[Op, ...]:
        """The changes since the initial state."""
        return self._episode.diff()

    def log(self) -> tuple[Event, ...]:
        """Every call with its result and ops."""
        return self._portal.call(self._episode.log)

    def trajectory(self, answer: str | None = None) -> Trajectory:
        """The record of the episode, with what the agent told the user."""
        return self._portal.call(self._episode.trajectory, answer)

    def verdict(self, answer: str | None = None) -> Verdict:
        """Judge the episode."""
        return self._portal.call(self._episode.verdict, answer)

    def close(self) -> None:
        """Refuse calls from now on."""
        self._portal.call(self._episode.close)


class SyncEnvironment:
    """An open environment without async; see `OpenEnvironment`. It may be used from several threads."""

    def __init__(self, environment: OpenEnvironment, portal: BlockingPortal) -> None:
        self._environment = environment
        self._portal = portal
        self.environment = environment.environment
        self.tasks = environment.tasks

    def episode(self, task: str | Task | None = None, seed: int | None = None) -> AbstractContextManager[SyncEpisode]:
        """Open an episode; it is closed at the end of the block."""
        return self._opened(task, seed)

    @contextmanager
    def _opened(self, task: str | Task | None, seed: int | None) -> Generator[SyncEpisode]:
        with self._portal.wrap_async_context_manager(self._environment.episode(task, seed)) as episode:
            yield SyncEpisode(episode, self._portal)
