"""Where episodes live, as a rollout sees it: tools for each player, and the host's own record of the episode.

A host does not know who plays, and a player does not know where the episode lives. There are two hosts:
`RemoteHost` (at a URL, by the control API and plain calls) and `toolworld.server.InProcessHost`.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

from mcp_types import Tool

from toolworld.datasets import EpisodeRecord
from toolworld.llm import Message
from toolworld.rollout.planned_run import PlannedRun


class ToolResult(NamedTuple):
    """The result of a call."""

    text: str
    """What a model reads of it."""
    is_void: bool
    """Whether the call broke its simulator, so that the run is void."""
    step: int | None = None
    """The step of the log that it is; None for a call that never reached the log."""


class EpisodeTools(Protocol):
    """The tools that a player has in an episode."""

    async def listed(self) -> Sequence[Tool]:
        """The tools as the player sees them."""
        ...

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Call a tool. What the agent did wrong is told in the result: a tool that does not exist, bad arguments.

        Raises:
            ToolworldError: the host failed, and the call was not made.
        """
        ...


class Session(Protocol):
    """An open episode."""

    @property
    def policy(self) -> str:
        """What the agent must obey."""
        ...

    @property
    def agent(self) -> EpisodeTools:
        """The agent's tools."""
        ...

    @property
    def user(self) -> EpisodeTools | None:
        """The user's tools; None where the environment has none for users."""
        ...

    async def record(self, messages: Sequence[Message] = ()) -> EpisodeRecord:
        """The host's record of the episode so far.

        Args:
            messages: The conversation, for the host to keep with the episode.
        """
        ...


class Host(Protocol):
    """Opens episodes."""

    def session(self, run: PlannedRun) -> AbstractAsyncContextManager[Session]:
        """Open an episode for a run; it is closed with the session.

        Raises:
            RolloutError: the host does not have the task's environment, or not in its version.
        """
        ...
