"""Where episodes live, as a rollout sees it: an MCP client for each player, and the host's own record of the episode.

A host does not know who plays, and a player does not know where the episode lives. There are two hosts:
`RemoteHost` (at a URL, through the control API) and `toolworld.server.InProcessHost`.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from mcp import Client
from mcp_types import Tool

from toolworld.datasets import EpisodeRecord
from toolworld.rollout.planned_run import PlannedRun


class Session(Protocol):
    """An open episode with the players' connections to it."""

    @property
    def client(self) -> Client:
        """The agent's connection."""
        ...

    @property
    def user(self) -> Client | None:
        """The user's connection; None where the environment has no tools for users."""
        ...

    async def tools(self) -> Sequence[Tool]:
        """The tools that the agent has."""
        ...

    async def record(self, answer: str | None = None) -> EpisodeRecord:
        """The host's record of the episode so far.

        Args:
            answer: What the agent told the user, for the host to keep with the episode.
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
