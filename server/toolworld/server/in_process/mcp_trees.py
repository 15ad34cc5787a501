"""Trees over an MCP server of somebody else's.

Nobody can fork such a server, so a branch is a session of its own in which the calls before are made again; where one
then answers otherwise, the branch is lost. What was answered becomes a twin, in which questions are solved and played
without the server.
"""

import math
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp import Client
from mcp.client.stdio import stdio_client

from toolworld.environments import (
    Environment,
    RecordedAnswer,
    Runtime,
    RuntimePool,
    compile_toolset,
    mcp_target,
    read_mcp_answer,
    read_mcp_server,
    save_folder,
    twin_of_answers,
)
from toolworld.ground import JsonObject, JsonValue, RolloutError, UsageError, digest, encode, reason_of, task_group
from toolworld.rollout import Answer, Branch, Host, Node, Tree, signature
from toolworld.server.episodes.episodes import open_episodes
from toolworld.server.in_process.host import InProcessHost

_TREES = 4
"""How many trees grow at once: each branch of one is a process, where a command starts the server."""
_OPEN_SECONDS = 60.0
"""How long a server may take to begin a session."""


@dataclass
class _Asked:
    """A call on its way to the task that holds its session."""

    name: str
    arguments: JsonObject
    done: anyio.Event = field(default_factory=anyio.Event)
    answer: JsonObject = field(default_factory=dict[str, JsonValue])
    problem: str | None = None


@dataclass
class _Sessions:
    """The sessions of a tree."""

    place: str
    writes: frozenset[str]
    """The tools that change something."""
    group: TaskGroup
    """Its tasks hold the sessions."""
    opened: "list[McpBranch]" = field(default_factory=lambda: list[McpBranch]())

    async def open(self, name: str) -> "McpBranch":
        """Open a session."""
        send, receive = anyio.create_memory_object_stream[_Asked](math.inf)
        branch = McpBranch(name, self, send)
        self.opened.append(branch)
        why: str | None = f"it takes longer than {_OPEN_SECONDS:g} seconds"
        with anyio.move_on_after(_OPEN_SECONDS):
            why = await self.group.start(_hold_session, self.place, receive)
        if why is not None:
            raise RolloutError(f"the MCP server {self.called} cannot be opened: {why}")
        return branch

    @property
    def called(self) -> str:
        """What messages call the server: without its arguments and query, which may hold a key."""
        return self.place.split()[0].partition("?")[0]


@dataclass
class McpBranch:
    """A session with a server, at the end of a path."""

    name: str
    sessions: _Sessions
    calls: MemoryObjectSendStream[_Asked]
    made: list[tuple[str, JsonObject, str]] = field(default_factory=list[tuple[str, JsonObject, str]])
    """What was called so far, with the digest of each answer."""

    @property
    def episode(self) -> str:
        """The name of the session."""
        return self.name

    async def call(self, name: str, arguments: Mapping[str, JsonValue]) -> Answer:
        """Make a call."""
        asked = _Asked(name, dict(arguments))
        await self.calls.send(asked)
        await asked.done.wait()
        if asked.problem is not None:
            raise RolloutError(f"the MCP server {self.sessions.called} fails: {asked.problem}")
        result, refusal = read_mcp_answer(asked.answer)
        text = refusal if refusal is not None else result if isinstance(result, str) else encode(result).decode()
        said = digest([result, refusal])
        self.made.append((name, asked.arguments, said))
        changes = int(refusal is None and name in self.sessions.writes)
        return Answer(text, result, None if refusal is None else "tool", changes, said)

    async def fork(self, name: str) -> "McpBranch":
        """A session of its own, in which the same calls are made again."""
        branch = await self.sessions.open(name)
        try:
            for tool, arguments, said in [*self.made]:
                answer = await branch.call(tool, arguments)
                if answer.digest != said:
                    raise RolloutError(f"{tool} answers otherwise in another session, so that no branch begins there")
        except BaseException:
            branch.calls.close()
            raise
        return branch

    async def close(self) -> None:
        """End the session."""
        await self.calls.aclose()


async def _hold_session(
    place: str, calls: MemoryObjectReceiveStream[_Asked], *, task_status: anyio.abc.TaskStatus[str | None]
) -> None:
    """Answer the calls of a branch, in the task that opened its session; tells why it could not be opened."""
    target = mcp_target(place)
    is_open = False
    with open(os.devnull, "w") as unheard:  # noqa: ASYNC230 - opening it takes no time
        # what a server says on its error output, in each of its sessions, is nothing that users want to read
        transport = target if isinstance(target, str) else stdio_client(target, errlog=unheard)
        try:
            async with calls, Client(transport) as client:
                is_open = True
                task_status.started(None)
                async for asked in calls:
                    await _answer(client, asked)
        except Exception as problem:  # noqa: BLE001 - whatever a stranger's server does is no fault of ours
            if not is_open:
                task_status.started(reason_of(problem))


async def _answer(client: Client, asked: _Asked) -> None:
    """Make a call that was asked for; what goes wrong is told with it."""
    try:
        result: Any = await client.call_tool(asked.name, asked.arguments)
        asked.answer = cast(JsonObject, result.model_dump(mode="json", by_alias=True, exclude_none=True))
    except Exception as problem:  # noqa: BLE001 - whatever a stranger's server does is no fault of ours
        asked.problem = reason_of(problem)
    asked.done.set()


class McpTreeHost:
    """Opens sessions with a server.

    Args:
        place: Its URL, or the command that starts it.
        environment: Its tools.
        folder: Where its twin is written.
    """

    def __init__(self, place: str, environment: Environment, folder: Path) -> None:
        self._place = place
        self._environment = environment
        self._folder = folder
        self._twin: Runtime | None = None
        self._trees = anyio.CapacityLimiter(_TREES)

    @classmethod
    async def open(cls, place: str, folder: Path) -> "McpTreeHost":
        """Ask a server for its tools.

        Raises:
            UsageError: no MCP server answers there.
        """
        toolset = (await read_mcp_server(place)).toolset
        if toolset is None:
            raise UsageError(f"{place.split()[0]}: none of the server's tools can be used")
        environment = compile_toolset(toolset).environment
        original = {tool.name: tool.original_name or tool.name for tool in environment.tools}
        named = tuple(tool.model_copy(update={"name": original[tool.name]}) for tool in environment.tools)
        return cls(place, twin_of_answers(environment.replaced(tools=named, rules=()), ()), folder)

    @property
    def environment(self) -> Environment:
        """The tools of the server."""
        return self._environment

    @property
    def runtime(self) -> Runtime:
        """The twin of the server, which answers what was explored."""
        assert self._twin is not None  # questions are written after everything was explored
        return self._twin

    @asynccontextmanager
    async def root(self, name: str, seed: int) -> AsyncGenerator[Branch]:
        """Open a session."""
        del seed  # the server is as it is
        writes = frozenset(tool.name for tool in self._environment.tools if tool.effect == "write")
        async with self._trees, task_group() as group:
            sessions = _Sessions(self._place, writes, group)
            try:
                yield await sessions.open(name)
            finally:
                group.cancel_scope.cancel()
                for branch in sessions.opened:
                    branch.calls.close()

    async def settle(self, trees: Sequence[Tree]) -> None:
        """Make the twin: what the server answered before anything was changed."""
        answers: dict[str, RecordedAnswer] = {}
        for tree in trees:
            changed = [node for node in tree.nodes if node.changes]
            for node in tree.nodes:
                if not any(one.is_above(node.id) for one in changed):
                    answers.setdefault(signature(node.action), _recorded(node))
        twin = twin_of_answers(self._environment, [*answers.values()])
        save_folder(twin, self._folder)
        self._twin = Runtime(twin)

    @asynccontextmanager
    async def playing(self) -> AsyncGenerator[Host]:
        """Open the twin for players."""
        async with open_episodes(RuntimePool.of([self.runtime.environment])) as episodes:
            yield InProcessHost(episodes)


def _recorded(node: Node) -> RecordedAnswer:
    """A node's answer as a recording has it."""
    is_refused = node.failure is not None
    return RecordedAnswer(
        position=0,
        tool=node.action.tool_name,
        arguments=node.action.parameters,
        result=None if is_refused else node.result,
        refusal=node.observation if is_refused else None,
    )
