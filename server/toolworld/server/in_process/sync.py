"""An environment in this process without async, for trainers and notebooks."""

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar, TypeVarTuple

from anyio.from_thread import BlockingPortal

from toolworld.datasets import Exchange, Task, Trajectory, Verdict
from toolworld.environments import Event, Op
from toolworld.ground import ClosedError, JsonObject, JsonValue
from toolworld.judges import Check, IfUnclear
from toolworld.server.episodes.call_result import CallResult
from toolworld.server.in_process.environment import OpenEnvironment, OpenEpisode

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


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

        return self._run(call)

    def say(self, said: str) -> Exchange:
        """Say something to the task's user, and hear what it answers."""
        return self._run(self._episode.say, said)

    def fork(self, step: int | None = None) -> "SyncEpisode":
        """Open an episode that shares the first `step` calls of this one, by default all of them."""
        return SyncEpisode(self._run(self._episode.fork, step), self._portal)

    def state(self) -> JsonObject:
        """The whole state as it is now."""
        return self._episode.state()

    def diff(self) -> tuple[Op, ...]:
        """The changes since the initial state."""
        return self._episode.diff()

    def log(self) -> tuple[Event, ...]:
        """Every call with its result and ops."""
        return self._run(self._episode.log)

    def trajectory(self, answer: str | None = None) -> Trajectory:
        """The record of the episode, with what the agent told the user."""
        return self._run(self._episode.trajectory, answer)

    def verdict(
        self,
        answer: str | None = None,
        *,
        messages: Sequence[JsonObject] | None = None,
        checks: Mapping[str, Check] | None = None,
        weights: Mapping[str, float] | None = None,
        if_unclear: IfUnclear = "none",
    ) -> Verdict:
        """Judge the episode."""

        async def judge() -> Verdict:
            return await self._episode.verdict(
                answer, messages=messages, checks=checks, weights=weights, if_unclear=if_unclear
            )

        return self._run(judge)

    def close(self) -> None:
        """Refuse calls from now on."""
        self._run(self._episode.close)

    def _run(self, work: Callable[[*Arguments], Awaitable[T]], *arguments: *Arguments) -> T:
        """Run something in the event loop's thread."""
        try:
            return self._portal.call(work, *arguments)
        except RuntimeError as problem:
            if "portal is not running" not in str(problem):
                raise
            raise ClosedError("the environment was closed, and its episodes with it") from None


class SyncEnvironment:
    """An open environment without async; see `OpenEnvironment`. It may be used from several threads."""

    def __init__(self, environment: OpenEnvironment, portal: BlockingPortal) -> None:
        self._environment = environment
        self._portal = portal
        self.environment = environment.environment
        self.tasks = environment.tasks
        self._left: set[ExitStack] = set()

    def episode(self, task: str | Task | None = None, seed: int | None = None) -> AbstractContextManager[SyncEpisode]:
        """Open an episode; it is closed at the end of the block."""
        return self._opened(task, seed)

    @contextmanager
    def _opened(self, task: str | Task | None, seed: int | None) -> Generator[SyncEpisode]:
        with ExitStack() as stack:
            opened = self._portal.wrap_async_context_manager(self._environment.episode(task, seed))
            episode = SyncEpisode(stack.enter_context(opened), self._portal)
            self._left.add(stack)
            try:
                yield episode
            finally:
                self._left.discard(stack)

    def close(self) -> None:
        """Close the episodes whose blocks were not left, as where a trainer enters them by hand."""
        while self._left:
            self._left.pop().close()
