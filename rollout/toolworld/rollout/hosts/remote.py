"""A host at a URL: the control API opens the episode, the agent talks to its MCP URL."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Tool

from toolworld.datasets import EpisodeRecord, Trajectory
from toolworld.ground import RolloutError, parse_record
from toolworld.rollout.hosts.host import Session
from toolworld.rollout.hosts.mcp_tools import McpTools
from toolworld.rollout.planned_run import PlannedRun

REQUEST_SECONDS = 60
"""How long one request may take."""
MAX_KEPT_CONNECTIONS = 128
"""How many idle connections are kept."""


@dataclass(frozen=True, slots=True)
class RemoteSession:
    """An episode on another process or machine."""

    policy: str
    agent: McpTools
    user: McpTools | None
    api: httpx.AsyncClient
    episode: str

    async def record(self, answer: str | None = None) -> EpisodeRecord:
        """The record, as the control API has it."""
        if answer is not None:
            await _send(self.api, "PUT", f"/episodes/{self.episode}/answer", {"answer": answer})
        path = f"/episodes/{self.episode}/trajectory"
        data = (await _send(self.api, "GET", path)).content
        run = parse_record(Trajectory, data, f"{self.api.base_url}{path}", RolloutError)
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


class RemoteHost:
    """Opens episodes through a control API.

    Args:
        api: Speaks to the control API.
        mcp: Speaks MCP, to every episode: to make a client for each costs more than a rollout, since each loads
            the certificates of all authorities, even for `http://`.
        token: The credential of the control API.
    """

    def __init__(self, api: httpx.AsyncClient, mcp: httpx2.AsyncClient, token: str | None = None) -> None:
        self._api = api
        self._mcp = mcp
        self._token = token
        self._known: dict[str, Sequence[Tool]] = {}
        self._tasks: dict[str, bool] = {}
        """Whether the host has a task, for the tasks that were asked for."""

    @asynccontextmanager
    async def session(self, run: PlannedRun) -> AsyncGenerator[Session]:
        """Open an episode for a run; it is closed when the session ends."""
        task = run.task
        opened = await self._open(run)
        try:
            if opened["environment_version"] != task.environment_version:
                raise RolloutError(
                    f"task {task.id} was made in version {task.environment_version} of {task.environment}, "
                    f"and the host serves version {opened['environment_version']}"
                )
            async with AsyncExitStack() as stack:
                user = await self._user(opened.get("user_mcp_url"), stack)
                transport = streamable_http_client(opened["mcp_url"], http_client=self._mcp)
                client = await stack.enter_async_context(Client(transport))
                version = f"{task.environment}/{task.environment_version}"
                yield RemoteSession(
                    policy=client.instructions or "",
                    agent=McpTools(client, self._known, version),
                    user=McpTools(user, self._known, f"{version}/user") if user else None,
                    api=self._api,
                    episode=opened["id"],
                )
        finally:
            with anyio.CancelScope(shield=True), suppress(RolloutError):  # the run counts, closed or not
                await _send(self._api, "DELETE", f"/episodes/{opened['id']}")

    async def _open(self, run: PlannedRun) -> dict[str, Any]:
        """Open an episode for the run's task where the host has it, else for its environment."""
        task = run.task
        faults = task.faults.model_dump(mode="json") if task.faults else None
        name = task.id.partition("~")[0]
        if name not in self._tasks:
            found = await _request(self._api, "GET", f"/tasks/{quote(name)}")
            if found.is_error and found.status_code != 404:
                raise RolloutError(f"the host refused GET /tasks/{name}: {_reason(found)}")
            self._tasks[name] = not found.is_error
        purpose = {"task": name} if self._tasks[name] else {"environment": task.environment}
        body = {**purpose, "seed": run.seed, "faults": faults, "trial": run.trial}
        return (await _send(self._api, "POST", "/episodes", body)).json()

    async def _user(self, url: str | None, stack: AsyncExitStack) -> Client | None:
        """Connect to the user's tools, which need the token: the agent must not become the user by a URL."""
        if not url:
            return None
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        http = httpx2.AsyncClient(headers=headers, timeout=REQUEST_SECONDS, trust_env=False)
        transport = streamable_http_client(url, http_client=await stack.enter_async_context(http))
        return await stack.enter_async_context(Client(transport))


@asynccontextmanager
async def connect(url: str, token: str | None) -> AsyncGenerator[RemoteHost]:
    """Connect to a control API.

    Raises:
        RolloutError: the URL is malformed, nobody answers there, or the token is not accepted.
    """
    if not url.startswith(("http://", "https://")):
        raise RolloutError(f"{url!r} is not the URL of a server, such as http://127.0.0.1:8765")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    context = httpx.create_ssl_context() if url.startswith("https:") else False
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=MAX_KEPT_CONNECTIONS)
    async with (
        httpx.AsyncClient(
            base_url=url,
            headers=headers,
            timeout=REQUEST_SECONDS,
            trust_env=False,
            verify=context,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=MAX_KEPT_CONNECTIONS),
        ) as api,
        httpx2.AsyncClient(timeout=REQUEST_SECONDS, trust_env=False, verify=context, limits=limits) as mcp,
    ):
        await _send(api, "GET", "/environments?limit=1")
        yield RemoteHost(api, mcp, token)


async def _send(api: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    response = await _request(api, method, path, body)
    if response.is_error:
        raise RolloutError(f"the host refused {method} {path}: {_reason(response)}")
    return response


async def _request(
    api: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    try:
        return await api.request(method, path, json=body)
    except httpx.HTTPError as problem:
        reason = str(problem) or type(problem).__name__
        raise RolloutError(f"the host at {api.base_url} does not answer: {reason}") from problem


def _reason(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
