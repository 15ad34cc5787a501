"""A server, spoken to with async."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Generator
from types import TracebackType
from typing import Any, TypeVar

from toolworld_client import requests
from toolworld_client.async_episode import AsyncEpisode, close_quietly
from toolworld_client.connection import LIMIT, AsyncConnection, Server
from toolworld_client.errors import ToolworldError, VoidRun
from toolworld_client.handle import opening_body
from toolworld_client.records import SPLITS, Environment, Task, Verdict
from toolworld_client.requests import PAGE, Request
from toolworld_client.tools import Message, Tools
from toolworld_client.turns import MAX_TURNS, as_message, calls_of, played, void, words_of

T = TypeVar("T")


class AsyncToolworld:
    """A server with its environments and tasks. It works in any event loop of asyncio.

    Args:
        url: By default TOOLWORLD_URL, or http://127.0.0.1:8765.
        token: The credential of the control API; by default TOOLWORLD_TOKEN.
        timeout: Seconds for a request. A model may have to answer a call.
        limit: Connections at a time.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, timeout: float = 600, limit: int = LIMIT
    ) -> None:
        self._connection = AsyncConnection(Server(url, token, timeout, limit))

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._connection.server.url

    async def environments(self) -> AsyncIterator[Environment]:
        """The environments that episodes can be opened in."""
        page = await self.send(requests.environments(""))
        while page:
            for one in page:
                yield one
            page = await self.send(requests.environments(page[-1].id)) if len(page) == PAGE else []

    async def tasks(self, environment: str | None = None, *, split: str | None = None) -> AsyncIterator[Task]:
        """The tasks of an environment, by default of all, and those of one split."""
        if split not in (None, *SPLITS):
            raise ToolworldError(f"there is no split {split!r}; there are: {', '.join(SPLITS)}")
        for name in [environment] if environment is not None else [one.id async for one in self.environments()]:
            page = await self.send(requests.tasks(name, ""))
            while page:
                for task in page:
                    if split in (None, task.split):
                        yield task
                page = await self.send(requests.tasks(name, page[-1].id)) if len(page) == PAGE else []

    async def task(self, name: str) -> Task:
        """A task by its id."""
        return await self.send(requests.task(name))

    def episode(
        self,
        task: str | Task | None = None,
        *,
        environment: str | None = None,
        seed: int | None = None,
        faults: str | None = None,
        trial: int | None = None,
    ) -> Opening:
        """Open an episode of a task, or of an environment without one: `await` it, or use it with `async with`.

        Args:
            task: The task, or its id.
            environment: The environment, where there is no task.
            seed: Decides the ids that the episode issues; by default the task's.
            faults: The fault profile of its calls, by name.
            trial: Which repetition of the task it is.
        """
        return Opening(self, opening_body(task, environment, {"seed": seed, "faults": faults, "trial": trial}))

    async def episodes(
        self, task: str | Task, count: int, *, seed: int | None = None, faults: str | None = None
    ) -> list[AsyncEpisode]:
        """Open a group of episodes of a task with one request, all from one start, as GRPO needs them."""
        return await self.open(opening_body(task, None, {"seed": seed, "faults": faults, "count": count}))

    async def resume(self, episode: str) -> AsyncEpisode:
        """Go on with an episode by its id."""
        told = await self.send(requests.tools(episode))
        tools = Tools(tuple(told["tools"]))
        return self.opened(await self.send(requests.shown(episode)), tools, told["policy"])

    async def play(
        self,
        task: str | Task,
        policy: Callable[[list[Message], list[Message]], Any],
        *,
        seed: int | None = None,
        faults: str | None = None,
        max_turns: int = MAX_TURNS,
    ) -> Verdict:
        """Play a task with a policy, and judge the run; a run that the simulation broke has no reward.

        Args:
            task: The task, or its id.
            policy: Takes the messages so far and the tools, both as chat completions have them, and answers with an
                assistant's message, or with words; it may be async.
            seed: Of the episode.
            faults: The fault profile of its calls, by name.
            max_turns: Messages of the policy, after which the run ends as it is.
        """
        async with self.episode(task, seed=seed, faults=faults) as episode:
            messages, tools = episode.messages, episode.tools.chat()
            try:
                for _ in range(max_turns):
                    answered = policy(messages, tools)
                    message = as_message(await answered if inspect.isawaitable(answered) else answered)
                    messages.append(message)
                    if await self._took_turn(episode, message, messages):
                        break
                return played(await episode.verdict(), messages)
            except VoidRun as problem:
                return void(problem, episode.id, messages)

    async def _took_turn(self, episode: AsyncEpisode, message: Message, messages: list[Message]) -> bool:
        """Make the calls of a message, or say what it says; whether the user is done."""
        if calls := calls_of(message):
            for call in calls:
                messages.append(await episode.answer_tool_call(call))
            return False
        heard = await episode.say(words_of(message))
        messages.append({"role": "user", "content": heard.text})
        return heard.done

    async def send(self, request: Request[T]) -> T:
        """Send a request to the server."""
        return await self._connection.send(request)

    async def open(self, body: Message) -> list[AsyncEpisode]:
        """Open the episodes that a request asks for."""
        told = await self.send(requests.opening(body))
        return [self.opened(one, Tools(tuple(one["tools"])), one["policy"]) for one in told]

    def opened(self, told: Message, tools: Tools, policy: str) -> AsyncEpisode:
        """An episode that the server tells of."""
        return AsyncEpisode(self, told, tools, policy, told["exchanges"])

    async def close(self) -> None:
        """Close the connections of this event loop."""
        await self._connection.close()

    async def __aenter__(self) -> AsyncToolworld:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return AsyncToolworld, (self.url,)


class Opening:
    """An episode that is about to be opened."""

    def __init__(self, world: AsyncToolworld, body: Message) -> None:
        self._world = world
        self._body = body
        self._episode: AsyncEpisode | None = None

    def __await__(self) -> Generator[Any, None, AsyncEpisode]:
        return self._open().__await__()

    async def _open(self) -> AsyncEpisode:
        [episode] = await self._world.open(self._body)
        return episode

    async def __aenter__(self) -> AsyncEpisode:
        self._episode = await self._open()
        return self._episode

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._episode is not None:
            await close_quietly(self._episode)
