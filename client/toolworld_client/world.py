"""A server, spoken to without async."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from toolworld_client import requests
from toolworld_client.connection import LIMIT, Connection, Server
from toolworld_client.episode import Episode
from toolworld_client.errors import ToolworldError, VoidRun
from toolworld_client.handle import opening_body
from toolworld_client.records import SPLITS, Environment, Task, Verdict
from toolworld_client.requests import PAGE, Request
from toolworld_client.tools import Message, Tools
from toolworld_client.turns import MAX_TURNS, as_message, calls_of, played, void, words_of

T = TypeVar("T")


class Toolworld:
    """A server with its environments and tasks. It works in threads, and after a fork.

    Args:
        url: By default TOOLWORLD_URL, or http://127.0.0.1:8765.
        token: The credential of the control API; by default TOOLWORLD_TOKEN.
        timeout: Seconds for a request. A model may have to answer a call.
        limit: Connections at a time.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, timeout: float = 600, limit: int = LIMIT
    ) -> None:
        self._connection = Connection(Server(url, token, timeout, limit))

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._connection.server.url

    def environments(self) -> Iterator[Environment]:
        """The environments that episodes can be opened in."""
        page = self.send(requests.environments(""))
        while page:
            yield from page
            page = self.send(requests.environments(page[-1].id)) if len(page) == PAGE else []

    def tasks(self, environment: str | None = None, *, split: str | None = None) -> Iterator[Task]:
        """The tasks of an environment, by default of all, and those of one split."""
        if split not in (None, *SPLITS):
            raise ToolworldError(f"there is no split {split!r}; there are: {', '.join(SPLITS)}")
        for name in [environment] if environment is not None else [one.id for one in self.environments()]:
            page = self.send(requests.tasks(name, ""))
            while page:
                yield from (task for task in page if split in (None, task.split))
                page = self.send(requests.tasks(name, page[-1].id)) if len(page) == PAGE else []

    def task(self, name: str) -> Task:
        """A task by its id."""
        return self.send(requests.task(name))

    def episode(
        self,
        task: str | Task | None = None,
        *,
        environment: str | None = None,
        seed: int | None = None,
        faults: str | None = None,
        trial: int | None = None,
    ) -> Episode:
        """Open an episode of a task, or of an environment without one; as a context manager it closes it.

        Args:
            task: The task, or its id.
            environment: The environment, where there is no task.
            seed: Decides the ids that the episode issues; by default the task's.
            faults: The fault profile of its calls, by name.
            trial: Which repetition of the task it is.
        """
        [opened] = self._open(opening_body(task, environment, {"seed": seed, "faults": faults, "trial": trial}))
        return opened

    def episodes(
        self, task: str | Task, count: int, *, seed: int | None = None, faults: str | None = None
    ) -> list[Episode]:
        """Open a group of episodes of a task with one request, all from one start, as GRPO needs them."""
        return self._open(opening_body(task, None, {"seed": seed, "faults": faults, "count": count}))

    def resume(self, episode: str) -> Episode:
        """Go on with an episode by its id."""
        told = self.send(requests.tools(episode))
        return self.opened(self.send(requests.shown(episode)), Tools(tuple(told["tools"])), told["policy"])

    def play(
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
                assistant's message, or with words.
            seed: Of the episode.
            faults: The fault profile of its calls, by name.
            max_turns: Messages of the policy, after which the run ends as it is.
        """
        with self.episode(task, seed=seed, faults=faults) as episode:
            messages, tools = episode.messages, episode.tools.chat()
            try:
                for _ in range(max_turns):
                    messages.append(message := as_message(policy(messages, tools)))
                    if self._took_turn(episode, message, messages):
                        break
                return played(episode.verdict(), messages)
            except VoidRun as problem:
                return void(problem, episode.id, messages)

    def _took_turn(self, episode: Episode, message: Message, messages: list[Message]) -> bool:
        """Make the calls of a message, or say what it says; whether the user is done."""
        if calls := calls_of(message):
            messages += [episode.answer_tool_call(call) for call in calls]
            return False
        heard = episode.say(words_of(message))
        messages.append({"role": "user", "content": heard.text})
        return heard.done

    def send(self, request: Request[T]) -> T:
        """Send a request to the server."""
        return self._connection.send(request)

    def opened(self, told: Message, tools: Tools, policy: str) -> Episode:
        """An episode that the server tells of."""
        return Episode(self, told, tools, policy, told["exchanges"])

    def _open(self, body: Message) -> list[Episode]:
        told = self.send(requests.opening(body))
        return [self.opened(one, Tools(tuple(one["tools"])), one["policy"]) for one in told]

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def __enter__(self) -> Toolworld:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Toolworld, (self.url,)
