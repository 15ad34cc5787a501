"""A host at a URL: the control API opens the episode, the agent talks to its MCP URL."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Tool
from pydantic import TypeAdapter

from toolworld.datasets import Task
from toolworld.environments import OPS, Event
from toolworld.ground import RolloutError
from toolworld.rollout.host import Ending, Session
from toolworld.rollout.tools import ToolLists

_LOG: TypeAdapter[tuple[Event, ...]] = TypeAdapter(tuple[Event, ...])


@dataclass(frozen=True, slots=True)
class RemoteSession:
    """An episode on another process or machine."""

    client: Client
    api: httpx.AsyncClient
    episode: str
    version: str
    lists: ToolLists
    user: Client | None = None

    async def tools(self) -> Sequence[Tool]:
        """List the tools that the agent has."""
        return await self.lists.of(self.version, self.client)

    async def ending(self) -> Ending:
        """Ask the control API for the record."""
        summary = await _ask(self.api, "GET", f"/episodes/{self.episode}")
        log = await _ask(self.api, "GET", f"/episodes/{self.episode}/log")
        changes = await _ask(self.api, "GET", f"/episodes/{self.episode}/diff")
        return Ending(
            log=_LOG.validate_python(log),
            changes=OPS.validate_python(changes),
            initial_digest=summary["initial_digest"],
            final_digest=summary["digest"],
        )


class RemoteHost:
    """Opens episodes through a control API."""

    def __init__(self, api: httpx.AsyncClient, token: str | None = None) -> None:
        self._api = api
        self._token = token
        self._lists = ToolLists()

    @asynccontextmanager
    async def session(self, task: Task, seed: int) -> AsyncGenerator[Session]:
        """Open an episode for a task; it is closed when the session ends."""
        faults = task.faults.model_dump(mode="json") if task.faults else None
        wish = {"environment": task.environment, "seed": seed, "faults": faults}
        opened = await _ask(self._api, "POST", "/episodes", wish)
        try:
            if opened["environment_version"] != task.environment_version:
                raise RolloutError(
                    f"task {task.id} was made in version {task.environment_version} of {task.environment}, "
                    f"and the host serves version {opened['environment_version']}"
                )
            async with AsyncExitStack() as stack:
                user: Client | None = None
                if opened.get("user_mcp_url"):
                    headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
                    own = await stack.enter_async_context(
                        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False)
                    )
                    way = streamable_http_client(opened["user_mcp_url"], http_client=own)
                    user = await stack.enter_async_context(Client(way))
                client = await stack.enter_async_context(Client(opened["mcp_url"]))
                yield RemoteSession(client, self._api, opened["id"], task.environment_version, self._lists, user)
        finally:
            with anyio.CancelScope(shield=True), suppress(RolloutError):  # the run counts, closed or not
                await _ask(self._api, "DELETE", f"/episodes/{opened['id']}")


@asynccontextmanager
async def connect(url: str, token: str | None) -> AsyncGenerator[RemoteHost]:
    """Connect to a control API.

    Raises:
        RolloutError: the URL is none, nobody answers there, or the token is not accepted.
    """
    if not url.startswith(("http://", "https://")):
        raise RolloutError(f"{url!r} is not the URL of a server, such as http://127.0.0.1:8765")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as api:
        await _ask(api, "GET", "/environments?limit=1")
        yield RemoteHost(api, token)


async def _ask(api: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    try:
        response = await api.request(method, path, json=body)
    except httpx.HTTPError as problem:
        raise RolloutError(
            f"the host at {api.base_url} does not answer: {problem or type(problem).__name__}"
        ) from problem
    if response.is_error:
        raise RolloutError(f"the host refused {method} {path}: {_said(response)}")
    return response.json() if response.content else None


def _said(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
