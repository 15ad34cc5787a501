"""What a client knows of an episode, whichever way it speaks to the server."""

from __future__ import annotations

from typing import Any

from toolworld_client import requests
from toolworld_client.errors import RefusedError, ToolworldError
from toolworld_client.records import Heard, Json, Result, Task
from toolworld_client.requests import Request
from toolworld_client.tools import Message, ToolCall, Tools

UNREADABLE = frozenset({413, 422})
"""Statuses of calls whose arguments nobody can read, or which are too large: the model is told."""
UNHEARD = frozenset({400, 413, 422})
"""Statuses of words that the user did not hear: none at all, or too many."""


class EpisodeHandle:
    """An episode: its id opens its tools, and nothing else of the server.

    Args:
        opened: What the server told when it was opened.
        tools: Its tools.
        policy: What the agent has to obey.
        exchange: How often the user was spoken to.
    """

    def __init__(self, opened: Message, tools: Tools, policy: str, exchange: int = 0) -> None:
        self.id: str = opened["id"]
        self.environment: str = opened["environment"]
        self.version: str = opened["environment_version"]
        """Of the environment."""
        self.task: str | None = opened["task"]
        self.seed: int = opened["seed"]
        self.request: str | None = opened["request"]
        """The user's opening words; None where the episode is for no task."""
        self.mcp_url: str = opened["mcp_url"]
        """Where an agent that speaks MCP calls the same tools."""
        self.tools = tools
        """The agent's tools, in the dialects of several frameworks."""
        self.policy = policy
        """What the agent has to obey, in Markdown: its system prompt."""
        self.step: int = opened["steps"]
        """How many calls have been made."""
        self.exchange = exchange
        """How often the user was spoken to."""
        self.is_done = False
        """Whether the user has said goodbye."""
        self._opened = opened

    @property
    def messages(self) -> list[Message]:
        """The conversation as it begins: the policy as the system message, and the user's opening words."""
        begin: list[Message] = [{"role": "system", "content": self.policy}]
        return [*begin, {"role": "user", "content": self.request}] if self.request else begin

    def _calling(self, name: str, arguments: Message) -> Request[Result]:
        return requests.call(self.id, name, arguments, self.step)

    def _called(self, result: Result) -> Result:
        if result.step is not None:
            self.step = result.step + 1
        return result

    def _knows_better_step(self, problem: RefusedError) -> bool:
        """Take up the step that the server names, where others have made calls, or one of ours was given up.

        The call was not made at the step that it named, so that it can be sent for another one.
        """
        is_other = problem.next is not None and problem.next != self.step
        self.step = problem.next if is_other and problem.next is not None else self.step
        return is_other

    def _knows_better_exchange(self, problem: RefusedError) -> bool:
        """Take up the number of the exchange that the server names."""
        is_other = problem.next is not None and problem.next != self.exchange
        self.exchange = problem.next if is_other and problem.next is not None else self.exchange
        return is_other

    def _saying(self, said: str) -> Request[Heard]:
        if self.task is None:
            raise ToolworldError("this episode is for no task, so there is no user to speak to")
        return requests.say(self.id, said, self.exchange)

    def _heard(self, heard: Heard) -> Heard:
        self.exchange += 1
        self.step = heard.steps
        self.is_done = heard.done
        return heard

    def _refused(self, name: str, problem: RefusedError) -> Result:
        """The result of a call that the server could not read.

        Raises:
            RefusedError: it refused it for another reason.
        """
        if problem.status not in UNREADABLE:
            raise problem
        return Result.unreadable(name, str(problem))

    def _unheard(self, problem: RefusedError) -> Heard:
        """What the agent is told of words that the user did not hear.

        Raises:
            RefusedError: they were refused for another reason.
        """
        if problem.status not in UNHEARD:
            raise problem
        return Heard(f"(The user did not hear this: {problem}.)", False, self.step)

    def _state(self) -> tuple[Any, ...]:
        """What another process needs to go on with the episode."""
        return {**self._opened, "steps": self.step}, self.tools, self.policy, self.exchange

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.task or self.environment}, {self.step} calls made>"


def opening_body(task: str | Task | None, environment: str | None, settings: Message) -> Message:
    """The body of a request that opens episodes.

    Raises:
        ToolworldError: neither or both of task and environment are named.
    """
    if (task is None) == (environment is None):
        raise ToolworldError("name a task, or an environment with `environment=`")
    name = task.id if isinstance(task, Task) else task
    given = {key: value for key, value in settings.items() if value is not None}
    return {"task": name, "environment": environment, "include": ["tools", "policy"], **given}


def read_call(call: Json) -> tuple[ToolCall, Result | None]:
    """A call that a model wrote, and its result where it need not be made, since nobody can read it.

    Raises:
        ToolworldError: it is no tool call of any dialect.
    """
    read = ToolCall.read(call)
    if read.arguments is None:
        return read, Result.unreadable(read.name, "they are no JSON object")
    return read, None
