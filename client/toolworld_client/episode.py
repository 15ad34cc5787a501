"""An episode, spoken to without async."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any

from toolworld_client import requests
from toolworld_client.errors import RefusedError, ToolworldError
from toolworld_client.handle import EpisodeHandle, read_call
from toolworld_client.records import Heard, Json, Result, Verdict
from toolworld_client.tools import Message, Tools

if TYPE_CHECKING:
    from toolworld_client.world import Toolworld


class Episode(EpisodeHandle):
    """An open episode; it is closed at the end of a `with` block. It can be pickled, and used in any thread."""

    def __init__(self, world: Toolworld, opened: Message, tools: Tools, policy: str, exchange: int = 0) -> None:
        super().__init__(opened, tools, policy, exchange)
        self.world = world
        """The server."""
        self._lock = threading.RLock()  # calls carry their step, so they are made one after the other

    def call(self, name: str, arguments: Message | None = None, /, **named: Json) -> Result:
        """Call a tool, once, however often the connection breaks. What the tool or the model got wrong is a result.

        Raises:
            VoidRun: the call could not be simulated.
            RefusedError: the episode is closed.
        """
        with self._lock:
            while True:
                try:
                    return self._called(self.world.send(self._calling(name, {**(arguments or {}), **named})))
                except RefusedError as problem:
                    if not self._knows_better_step(problem):
                        return self._refused(name, problem)

    def answer_tool_call(self, call: Json) -> Message:
        """Make a call as a model wrote it, and give the message that answers it.

        Args:
            call: A tool call of chat completions, a `function_call` of responses, or a `tool_use` of Anthropic's
                messages: a dict, or the SDK's own object.

        Raises:
            VoidRun: the call could not be simulated.
            ToolworldError: it is none of these.
        """
        read, result = read_call(call)
        return read.answered(result or self.call(read.name, read.arguments))

    def say(self, said: str) -> Heard:
        """Say something to the user, and hear the answer. Of words that are none, or too many, the answer tells.

        Raises:
            VoidRun: the user could not be simulated.
            RefusedError: the user is done, or the episode is closed.
        """
        with self._lock:
            while True:
                try:
                    return self._heard(self.world.send(self._saying(said)))
                except RefusedError as problem:
                    if not self._knows_better_exchange(problem):
                        return self._unheard(problem)

    def fork(self, step: int | None = None) -> Episode:
        """Open an episode that shares the first `step` calls, by default all, and what was said before them."""
        return self.world.opened(self.world.send(requests.fork(self.id, step)), self.tools, self.policy)

    def verdict(
        self, answer: str | None = None, *, messages: Sequence[Message] | None = None, if_unclear: str = "none"
    ) -> Verdict:
        """Judge the run.

        Args:
            answer: What the agent told the user, where they did not talk by `say`.
            messages: The whole conversation as OpenAI messages, where it was held elsewhere.
            if_unclear: The reward where nothing failed and not all could be decided: `none`, `zero` or `one`.
        """
        try:
            return self.world.send(requests.verdict(self.id, answer, messages, if_unclear))
        except RefusedError as problem:
            if not problem.was_repeated or problem.status != 409:
                raise
            return self.world.send(requests.kept_verdict(self.id))  # the first request had been judged

    def finish(self, last_words: str | None = None) -> Verdict:
        """Tell the user the agent's last words, where they have talked and are not done yet, and judge the run."""
        words = last_words if last_words and last_words.strip() else None
        if words is not None and self.exchange > 0 and not self.is_done:
            with suppress(RefusedError):  # the user is done, as whoever talked before knows
                self.say(words)
        return self.verdict(words if self.exchange == 0 else None)

    def state(self) -> Json:
        """The whole state as it is now."""
        return self.world.send(requests.part(self.id, "state"))

    def diff(self) -> Json:
        """What changed since the beginning."""
        return self.world.send(requests.part(self.id, "diff"))

    def log(self) -> Json:
        """Every call, with its result and what it changed."""
        return self.world.send(requests.part(self.id, "log"))

    def trajectory(self) -> Json:
        """The record of the run, as `toolworld judge` and `toolworld export` read it."""
        return self.world.send(requests.part(self.id, "trajectory"))

    def close(self) -> None:
        """Close the episode: its log stays, calls are refused."""
        self.world.send(requests.closing(self.id))

    def __enter__(self) -> Episode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ToolworldError):  # what was found before counts more than whether it could be closed
            self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _resumed, (self.world.url, *self._state())


def _resumed(url: str, opened: Message, tools: Tools, policy: str, exchange: int) -> Episode:
    """An episode in another process; its token is that process's own."""
    return Episode(_world_at(url), opened, tools, policy, exchange)


@lru_cache
def _world_at(url: str) -> Toolworld:
    """The one server at a URL, for all episodes that come from other processes."""
    from toolworld_client.world import Toolworld

    return Toolworld(url)
