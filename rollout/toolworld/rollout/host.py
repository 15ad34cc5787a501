"""Where an episode lives, as the rollout sees it: it meets the server over MCP and the control API, nothing else."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from mcp import Client
from mcp_types import Tool

from toolworld.datasets import Task
from toolworld.environments import Event, Op


@dataclass(frozen=True, slots=True)
class Ending:
    """What the host knows of an episode when it is over."""

    log: tuple[Event, ...]
    changes: tuple[Op, ...]
    initial_digest: str
    final_digest: str


class Session(Protocol):
    """An open episode: a connected MCP client for the agent, and the host's own record of what happened."""

    @property
    def client(self) -> Client:
        """The agent's connection."""
        ...

    @property
    def user(self) -> Client | None:
        """The user's connection, where the environment has tools for users."""
        ...

    async def tools(self) -> Sequence[Tool]:
        """List the tools that the agent has."""
        ...

    async def ending(self) -> Ending:
        """Give the record as it is now."""
        ...


class Host(Protocol):
    """Opens episodes: in this process through the SDK's in-memory client, or at a URL."""

    def session(self, task: Task, seed: int) -> AbstractAsyncContextManager[Session]:
        """Open an episode for a task.

        Raises:
            RolloutError: the host does not have the task's environment, or not in its version.
        """
        ...
