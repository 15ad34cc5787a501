"""A session: one episode at a time, from a reset to the observation that ends it."""

from collections.abc import Sequence

import anyio

from toolworld.datasets import Task, split_of
from toolworld.ground import JsonObject, JsonValue, NotFoundError, UsageError
from toolworld.server.adapters.openenv.messages import Action, ResetData
from toolworld.server.adapters.openenv.observations import observation, of_call, of_error, of_words
from toolworld.server.adapters.openenv.tools import SAY, SUBMIT, listed_tools
from toolworld.server.adapters.runs import call_once, judge_once, outcomes, read_arguments, tell_last
from toolworld.server.episodes.call_result import NOT_SIMULATED, UNSIMULATED
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.episodes.opening import Opening, open_one

ALL = "all"
"""The name under which every task is found, whatever its split."""


USER_NOT_SIMULATED = "the user could not be simulated: leave this run out"


class NoRewardError(Exception):
    """The run has no reward: it is void, or nobody could decide it. The client has to leave it out."""


class OpenEnvSession:
    """A client's session in an environment.

    Args:
        episodes: All episodes.
        environment: The environment's id.
    """

    def __init__(self, episodes: Episodes, environment: str) -> None:
        self._episodes = episodes
        self.environment = environment
        """The environment's id."""
        self._episode: Episode | None = None
        self._is_over = False
        self._wish = ResetData()
        self._steps = 0
        self._no_reward: str | None = None
        self.lock = anyio.Lock()
        """Held while something is done: a socket and JSON-RPC may share a session."""

    async def reset(self, wish: ResetData) -> JsonObject:
        """Open an episode; the observation holds the conversation so far: the policy, and the user's opening words.

        Raises:
            NotFoundError: there is no such task or split.
            UsageError: a tool of the environment has a name that the protocol takes.
        """
        listed_tools(self._episodes.environments.show(self.environment))
        task = self._task(wish)
        asked = Opening(
            environment=None if task else self.environment,
            task=(wish.task or task.id) if task else None,
            seed=wish.seed,
            faults=wish.faults,
        )
        opened = await open_one(self._episodes, asked)
        await self.close()
        self._episode, self._is_over, self._wish, self._steps = opened, False, wish, 0
        self._no_reward = None
        environment = self._episode.runtime.environment
        begin = [("system", environment.policy), *([("user", task.request)] if task else [])]
        messages: list[JsonValue] = [{"role": role, "content": content} for role, content in begin]
        fields: JsonObject = {"task": task.id if task else None, "messages": messages}
        return observation(fields, None, metadata={"episode_id": self._episode.id})

    async def step(self, action: Action) -> JsonObject:
        """Take a step: list the tools, call one, or speak to the user.

        Raises:
            NoRewardError: the run ended, and has no reward.
        """
        if self._episode is not None:
            self._steps += 1
        if action.type == "list_tools":
            return observation({"tools": [*self.tools()]}, 0.0)
        episode, name = self._episode, action.tool_name
        if self._no_reward is not None:
            raise NoRewardError(self._no_reward)
        if episode is None or self._is_over:
            return of_error(name, "execution_error", "the episode is over; reset for another")
        if name in (SAY, SUBMIT):
            return await self._speak(episode, name, action.arguments)
        try:
            return of_call(name, await call_once(episode, name, action.arguments, None))
        except UNSIMULATED:
            return of_error(name, "transport_error", NOT_SIMULATED)

    def state(self) -> JsonObject:
        """Which episode it is, by the name that the client gave it, and how many steps were taken."""
        own = self._episode.id if self._episode else None
        return {"episode_id": self._wish.episode_id or own, "step_count": self._steps}

    def tools(self) -> Sequence[JsonObject]:
        """The tools, before a reset as well."""
        shown = self._episode.runtime.environment if self._episode else None
        return listed_tools(shown or self._episodes.environments.show(self.environment))

    def mcp_tools(self) -> Sequence[JsonObject]:
        """The tools as MCP lists them."""
        return [{("inputSchema" if key == "input_schema" else key): tool[key] for key in tool} for tool in self.tools()]

    async def close(self) -> None:
        """Close the episode, if there is one."""
        if self._episode is not None and not self._episode.closed:
            await self._episode.close()

    async def _speak(self, episode: Episode, name: str, written: JsonValue) -> JsonObject:
        words = (read_arguments(written) or {}).get("message" if name == SAY else "answer")
        if not isinstance(words, str):
            return of_error(name, "invalid_args", "what is said is a text")
        if name == SUBMIT or episode.row.task is None:
            return await self._end(episode, name, words)
        try:
            heard = await self._episodes.say(episode, words)
        except UNSIMULATED:
            raise self._without_reward(USER_NOT_SIMULATED) from None
        except UsageError as problem:
            return of_error(name, "invalid_args", str(problem))
        if heard.done:
            return await self._end(episode, name, None, heard.reply or "")
        return of_words(name, heard.reply or "", done=False)

    async def _end(self, episode: Episode, name: str, answer: str | None, reply: str = "") -> JsonObject:
        """End the episode with its reward."""
        self._is_over = True
        if episode.row.task is None:
            await episode.close()
            return of_words(name, reply, done=True)
        try:
            if answer is not None:
                await tell_last(self._episodes, episode, answer)
        except UNSIMULATED:
            raise self._without_reward(USER_NOT_SIMULATED) from None
        verdict = await judge_once(self._episodes, episode, answer, if_unclear=self._wish.if_unclear)
        await episode.close()
        if verdict.reward is None:
            raise self._without_reward(f"this run is {verdict.outcome}, so it has no reward: leave it out")
        told: JsonObject = {"outcome": verdict.outcome, "checks": dict(outcomes(verdict))}
        return of_words(name, reply, verdict.reward, done=True, metadata=told)

    def _without_reward(self, why: str) -> NoRewardError:
        """The error that ends a run, and answers every further step of it."""
        self._is_over, self._no_reward = True, why
        return NoRewardError(why)

    def _task(self, wish: ResetData) -> Task | None:
        """The task that is meant; None where the environment has none.

        Raises:
            NotFoundError: there is no such task or split.
        """
        if wish.task is not None:
            plain = self._episodes.tasks.find(wish.task) or self._episodes.tasks.find(wish.task.partition("~")[0])
            if plain is None or plain.environment != self.environment:
                raise NotFoundError(f"environment {self.environment} has no task {wish.task[:200]!r}")
            return plain
        tasks = tasks_of(self._episodes, self.environment, wish.split)
        if wish.index is not None and wish.index >= len(tasks):
            raise NotFoundError(f"there are {len(tasks)} tasks, and no number {wish.index}")
        return tasks[wish.index if wish.index is not None else (wish.seed or 0) % len(tasks)] if tasks else None


def tasks_of(episodes: Episodes, environment: str, split: str | None) -> list[Task]:
    """The tasks of a split of an environment: all, or none, since no environment stands in two splits.

    Raises:
        NotFoundError: there is no such split.
    """
    if split not in (None, ALL, "train", "validation", "test"):
        raise NotFoundError(f"there is no split {split[:50]!r}; there are: all, train, validation, test")
    is_in = split in (None, ALL) or split == split_of(environment)
    return sorted(episodes.tasks.of(environment), key=lambda task: task.id) if is_in else []
