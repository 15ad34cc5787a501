"""A host at a URL: the control API opens the episode, and the players' calls are plain HTTP.

A call names the step that it expects to be, so that it can be sent again when a connection breaks.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import anyio
import orjson
from mcp_types import Tool
from pydantic import BaseModel

from toolworld.datasets import EpisodeRecord, Trajectory, exchanges_of
from toolworld.ground import EncodingError, RolloutError, encode, parse_record
from toolworld.llm import Message
from toolworld.rollout.hosts.control_client import Answer, ControlClient, open_client
from toolworld.rollout.hosts.host import Session, ToolResult
from toolworld.rollout.hosts.tools import player_tool, tool_result
from toolworld.rollout.planned_run import PlannedRun

CLOSE_SECONDS = 5
"""How long it may take to close an episode, which is done even while a run is being cancelled."""
_AGENTS_FAULTS = frozenset({413, 422})
"""Status codes of calls whose arguments are too large, or no JSON."""


class _Opened(BaseModel):
    """What is used of an episode that was opened."""

    id: str
    environment_version: str
    user_mcp_url: str | None = None


class _Tool(BaseModel):
    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None
    effect: str

    def shown(self) -> Tool:
        """The tool as players see it."""
        return player_tool(
            name=self.name,
            description=self.description,
            input_schema=self.input_schema,
            output_schema=self.output_schema,
            effect=self.effect,
        )


class _Tools(BaseModel):
    policy: str
    tools: tuple[_Tool, ...]


class _Failure(BaseModel):
    kind: str


class _Made(BaseModel):
    """What is used of a call that was made."""

    step: int | None
    """None for a tool that does not exist: that is no step."""
    text: str
    failure: _Failure | None


@dataclass(slots=True)
class Steps:
    """The step that the next call of an episode is, whoever makes it."""

    next: int = 0


@dataclass(frozen=True, slots=True)
class RemoteTools:
    """The tools that a party has in an episode at a URL."""

    client: ControlClient
    path: str
    steps: Steps
    known: dict[str, Sequence[Tool]]
    """Tools that were listed before, by what identifies them: those of a version never change."""
    version: str

    async def listed(self) -> Sequence[Tool]:
        """The tools; the server is asked the first time."""
        if self.version not in self.known:
            listed = (await _send(self.client, "GET", f"{self.path}/tools")).read(_Tools)
            self.known[self.version] = tuple(tool.shown() for tool in listed.tools)
        return self.known[self.version]

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Call a tool."""
        try:
            body = encode({"name": name, "arguments": arguments, "step": self.steps.next})
        except EncodingError as problem:
            return _unwritable(name, problem)
        # A model may have to answer the call: the limits of the play bound it.
        answer = await self.client.send("POST", f"{self.path}/calls", body, may_repeat=True, seconds=None)
        if answer.status in _AGENTS_FAULTS:
            return _unwritable(name, answer.reason)
        made = _accepted(answer, "POST", f"{self.path}/calls").read(_Made)
        if made.step is not None:
            if made.step != self.steps.next:
                raise RolloutError(f"{answer.where} made step {made.step}, not {self.steps.next}")
            self.steps.next += 1
        return tool_result(made.text, made.failure.kind if made.failure else None, made.step)


@dataclass(frozen=True, slots=True)
class RemoteSession:
    """An episode on another process or machine."""

    policy: str
    agent: RemoteTools
    user: RemoteTools | None
    client: ControlClient
    path: str

    async def record(self, messages: Sequence[Message] = ()) -> EpisodeRecord:
        """The record, as the control API has it."""
        exchanges = exchanges_of(messages)
        if exchanges:
            body = {"exchanges": [exchange.model_dump(mode="json") for exchange in exchanges]}
            await _send(self.client, "PUT", f"{self.path}/conversation", body)
        path = f"{self.path}/trajectory"
        data = (await _send(self.client, "GET", path)).body
        run = parse_record(Trajectory, data, f"{self.client.url}{path}", RolloutError)
        unanswered = (run.blame.message,) if run.blame and run.blame.party == "host" else ()
        return EpisodeRecord(
            id=run.id,
            environment=run.environment,
            environment_version=run.environment_version,
            seed=run.seed,
            log=run.log,
            changes=run.changes,
            initial_digest=run.initial_digest,
            final_digest=run.final_digest,
            unanswered=unanswered,
        )


@dataclass(slots=True)
class RemoteHost:
    """Opens episodes through a control API.

    Args:
        client: Speaks to the control API.
    """

    client: ControlClient
    _policies: dict[str, str] = field(default_factory=dict[str, str])
    """Policies by environment and version."""
    _tools: dict[str, Sequence[Tool]] = field(default_factory=dict[str, Sequence[Tool]])
    _tasks: dict[str, bool] = field(default_factory=dict[str, bool])
    """Whether the host has a task, for the tasks that were asked for."""

    @asynccontextmanager
    async def session(self, run: PlannedRun) -> AsyncGenerator[Session]:
        """Open an episode for a run; it is closed when the session ends."""
        task = run.task
        opened = await self._open(run)
        path = f"/episodes/{opened.id}"
        try:
            if opened.environment_version != task.environment_version:
                raise RolloutError(
                    f"task {task.id} was made in version {task.environment_version} of {task.environment}, "
                    f"and the host serves version {opened.environment_version}"
                )
            version, steps = f"{task.environment}/{task.environment_version}", Steps()
            user = RemoteTools(self.client, f"{path}/user", steps, self._tools, f"{version}/user")
            yield RemoteSession(
                policy=await self._policy(path, version),
                agent=RemoteTools(self.client, path, steps, self._tools, version),
                user=user if opened.user_mcp_url else None,
                client=self.client,
                path=path,
            )
        finally:
            with anyio.CancelScope(shield=True), suppress(RolloutError):  # the run counts, closed or not
                await self.client.send("DELETE", path, seconds=CLOSE_SECONDS)

    async def _open(self, run: PlannedRun) -> _Opened:
        """Open an episode for the run's task where the host has it, else for its environment."""
        task = run.task
        faults = task.faults.model_dump(mode="json") if task.faults else None
        name = task.id.partition("~")[0]
        if name not in self._tasks:
            found = await self.client.send("GET", f"/tasks/{quote(name)}")
            if found.status != 404:
                _accepted(found, "GET", f"/tasks/{name}")
            self._tasks[name] = found.status != 404
        purpose = {"task": name} if self._tasks[name] else {"environment": task.environment}
        body = {**purpose, "seed": run.seed, "faults": faults, "trial": run.trial}
        return (await _send(self.client, "POST", "/episodes", body)).read(_Opened)

    async def _policy(self, path: str, version: str) -> str:
        """The policy of a version of an environment, of which `path` is an episode; it comes with the tools."""
        if version not in self._policies:
            listed = (await _send(self.client, "GET", f"{path}/tools")).read(_Tools)
            self._policies[version] = listed.policy.strip()  # as the instructions over MCP are
            self._tools[version] = tuple(tool.shown() for tool in listed.tools)
        return self._policies[version]


@asynccontextmanager
async def connect(url: str, token: str | None) -> AsyncGenerator[RemoteHost]:
    """Connect to a control API.

    Raises:
        RolloutError: the URL is malformed, nobody answers there, or the token is not accepted.
    """
    if not url.startswith(("http://", "https://")):
        raise RolloutError(f"{url!r} is not the URL of a server, such as http://127.0.0.1:8765")
    async with open_client(url, token) as client:
        await _send(client, "GET", "/environments?limit=1")
        yield RemoteHost(client)


def _unwritable(name: str, problem: object) -> ToolResult:
    """The result of a call whose arguments cannot be written as JSON, or are too large, so that it was not made."""
    return tool_result(f"invalid arguments for {name}: {problem}", "arguments")


async def _send(client: ControlClient, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
    answer = await client.send(method, path, None if body is None else orjson.dumps(body))
    return _accepted(answer, method, path)


def _accepted(answer: Answer, method: str, path: str) -> Answer:
    if answer.status // 100 != 2:
        raise RolloutError(f"the host refused {method} {path}: {answer.reason}")
    return answer
