"""Where trees grow: an episode that can be forked, as an explorer sees it."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from toolworld.environments import Environment
from toolworld.ground import JsonValue


class Answer(NamedTuple):
    """What came of a call."""

    text: str
    """The result as a model reads it, or why it failed."""
    result: JsonValue
    """The result; None for a call that failed."""
    failure: str | None
    """The kind of failure: `arguments`, `tool` or `simulator`."""
    changes: int
    """How many ops it made."""
    digest: str
    """Of result, failure and ops: equal for calls that did the same."""


class Branch(Protocol):
    """An episode, at the end of a path."""

    @property
    def episode(self) -> str:
        """The episode's id."""
        ...

    async def call(self, name: str, arguments: Mapping[str, JsonValue]) -> Answer:
        """Make a call. What is wrong with it is told in the answer.

        Raises:
            ToolworldError: the host failed, and the call was not made.
        """
        ...

    async def fork(self, name: str) -> "Branch":
        """A branch that shares what was done so far and nothing that is done later.

        Args:
            name: Its place in the tree.
        """
        ...

    async def close(self) -> None:
        """Free what it holds."""
        ...


class TreeHost(Protocol):
    """Opens episodes that trees grow from."""

    @property
    def environment(self) -> Environment:
        """The environment."""
        ...

    def root(self, name: str, seed: int) -> AbstractAsyncContextManager[Branch]:
        """Open an episode; it is closed with its branches.

        Args:
            name: The name of the tree.
            seed: Decides the ids that the episode issues.
        """
        ...
