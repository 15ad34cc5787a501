"""The connection of an MCP client: which party it is, in which episode of which environment.

The transport (HTTP endpoint, stdio, in memory) resolves the episode and makes its `Connection` current
before the SDK is called. The handlers find it in a context variable, which every task of the request
inherits: the SDK has no other way to hand something from an ASGI endpoint to a handler.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import anyio

from toolworld.environments import Environment, Party, ToolSpec
from toolworld.server.episodes.episode import Episode


@dataclass(frozen=True, slots=True)
class Connection:
    """A client's connection."""

    environment: Environment
    episode: Callable[[], Awaitable[Episode]]
    """Resolves the episode; called only when a tool is."""
    party: Party = "agent"
    """Whose tools the client sees and calls."""
    note: str = ""
    """Added to the instructions: what a client must know about this connection."""
    may_ask_model: bool = False
    """Whether a model may have to answer a call."""
    call_scope: anyio.CancelScope | None = None
    """In which its one call is made, where its cancelling is not the SDK's."""

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools that the client sees."""
        return self.environment.tools_of(self.party)

    def tool(self, name: str) -> ToolSpec | None:
        """The tool of that name, if the client can call it."""
        tool = self.environment.tool(name)
        return tool if tool is not None and tool.party == self.party else None

    @property
    def slow(self) -> bool:
        """Whether calls may take seconds: then results come as a stream, with progress and keep-alive."""
        faults = self.environment.faults
        return self.may_ask_model or (faults is not None and faults.latency > 0)

    @property
    def instructions(self) -> str:
        """The policy, and the note."""
        return f"{self.environment.policy}\n\n{self.note}".strip()


current_connection: ContextVar[Connection] = ContextVar("connection")
"""The connection whose request is being answered."""


@contextmanager
def connected(connection: Connection) -> Generator[None]:
    """Make a connection current for everything that starts inside."""
    token = current_connection.set(connection)
    try:
        yield
    finally:
        current_connection.reset(token)


def connection_to(episode: Episode, party: Party = "agent", note: str = "") -> Connection:
    """A party's connection to a live episode."""

    async def resolved() -> Episode:
        return episode

    return Connection(episode.runtime.environment, resolved, party, note, episode.runtime.may_ask_model)
