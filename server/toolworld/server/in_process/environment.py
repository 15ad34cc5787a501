"""An open environment in this process, and its episodes: call tools, fork, look at the state, get verdicts."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from toolworld.datasets import Exchange, Task, TaskSuite, Trajectory, Verdict, from_chat
from toolworld.environments import (
    Event,
    Op,
    ToolSpec,
)
from toolworld.ground import JsonObject, JsonValue, UsageError
from toolworld.judges import Check, IfUnclear, StatementJudge
from toolworld.server.episodes.call_result import CallResult, call_tool
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes

if TYPE_CHECKING:
    from toolworld.rollout import Host


class OpenEpisode:
    """An open episode, as whoever plays the agent uses it."""

    def __init__(self, episode: Episode, episodes: Episodes, task: Task | None) -> None:
        self._episode = episode
        self._episodes = episodes
        self.task = task
        """The task that it is for; None if it was opened for none."""

    @property
    def id(self) -> str:
        """The episode's id, by which it is found in the store."""
        return self._episode.id

    @property
    def request(self) -> str | None:
        """The user's opening words, where the episode is for a task."""
        return self.task.request if self.task else None

    @property
    def policy(self) -> str:
        """What the agent must obey, in Markdown."""
        return self._episode.runtime.environment.policy

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools that the agent has."""
        return self._episode.runtime.environment.tools_of("agent")

    @property
    def step(self) -> int:
        """How many calls were made."""
        return self._episode.snapshot.step

    async def call(self, name: str, /, **arguments: JsonValue) -> CallResult:
        """Call a tool. An unknown tool, wrong arguments and a refusal are results that the agent can read.

        Raises:
            ClosedError: the episode is closed.
            ModelError: a model has to answer and does not.
            StoreError: the call cannot be kept; it was not made.
        """
        return await call_tool(self._episode, "agent", name, arguments)

    async def say(self, said: str) -> Exchange:
        """Say something to the task's user, and hear what it answers: `reply`, and whether it is `done`.

        Raises:
            UsageError: the episode is for no task, or nothing was said.
            ClosedError: the episode is closed, or the user is done.
        """
        return await self._episodes.say(self._episode, said)

    async def fork(self, step: int | None = None) -> "OpenEpisode":
        """Open an episode that shares the first `step` calls of this one, by default all of them.

        Raises:
            NotFoundError: there were fewer calls.
        """
        return OpenEpisode(await self._episodes.fork(self.id, step), self._episodes, self.task)

    def state(self) -> JsonObject:
        """The whole state as it is now: `collections` by name and key, and `singletons`."""
        return self._episode.snapshot.state.document()

    def diff(self) -> tuple[Op, ...]:
        """The changes since the initial state."""
        return self._episode.changes

    async def log(self) -> tuple[Event, ...]:
        """Every call with its result and ops."""
        return await self._episode.log()

    async def trajectory(self, answer: str | None = None) -> Trajectory:
        """The record of the episode, with what the agent told the user."""
        return await self._episodes.trajectory(self._episode, answer)

    async def verdict(
        self,
        answer: str | None = None,
        *,
        messages: Sequence[JsonObject] | None = None,
        checks: Mapping[str, Check] | None = None,
        weights: Mapping[str, float] | None = None,
        statement_judge: StatementJudge | None = None,
        if_unclear: IfUnclear = "none",
    ) -> Verdict:
        """Judge the episode.

        Args:
            answer: What the agent told the user; it is kept with the episode. By default what was kept before.
            messages: The conversation as OpenAI messages, where it was not held with `say`.
            checks: The checks to make, by name; by default `toolworld.judges.CHECKS`.
            weights: Weights of their scores, for a reward with partial credit; by default the reward is strict.
            statement_judge: Who judges statements; by default nobody, so that they are skipped.
            if_unclear: The reward where nothing failed and not everything could be decided, such as consent that
                nobody heard: `none`, `zero` or `one`.

        Raises:
            UsageError: the episode is for no task, or the weights do not fit the checks.
            RecordError: the messages are not of the format.
        """
        return await self._episodes.verdict(
            self._episode,
            answer,
            messages=None if messages is None else from_chat(messages),
            checks=checks,
            weights=weights,
            statement_judge=statement_judge,
            if_unclear=if_unclear,
        )

    async def close(self) -> None:
        """Refuse calls from now on."""
        await self._episode.close()


class OpenEnvironment:
    """An open environment: its tasks, and episodes in it."""

    def __init__(self, suite: TaskSuite, episodes: Episodes) -> None:
        [self.environment] = suite.environments
        self.suite = suite
        """The environment with its tasks, as `toolworld.rollout` takes it."""
        self.episodes = episodes

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, in order."""
        return self.suite.tasks

    @property
    def host(self) -> "Host":
        """A host for `toolworld.rollout`: `play` takes its sessions."""
        from toolworld.server.in_process.host import InProcessHost

        return InProcessHost(self.episodes)

    def episode(
        self, task: str | Task | None = None, seed: int | None = None
    ) -> AbstractAsyncContextManager[OpenEpisode]:
        """Open an episode; it is closed at the end of the block.

        Args:
            task: The task that it is for: one of `tasks`, or its id with or without the environment's.
            seed: Decides the ids that the episode issues, and its injected faults; by default the task's, or 0.

        Raises:
            NotFoundError: there is no such task.
            UsageError: the task is not one of `tasks`, or the seed is no integer from 0 to 2**53 - 1.
        """
        return self._episode(task, seed)

    @asynccontextmanager
    async def _episode(self, task: str | Task | None, seed: int | None) -> AsyncGenerator[OpenEpisode]:
        known = None if task is None else self._known(task)
        chosen = seed if seed is not None else known.seed if known else 0
        opened = await self.episodes.open(self.environment.id, chosen, known.id if known else None)
        try:
            yield OpenEpisode(opened, self.episodes, known)
        finally:
            if not opened.closed:
                await opened.close()

    def _known(self, task: str | Task) -> Task:
        if isinstance(task, str):
            return self.suite.only([task]).tasks[0]
        if task not in self.suite.tasks:
            raise UsageError(f"{task!r:.80} is not one of the environment's tasks; open it with tasks=[...]")
        return task
