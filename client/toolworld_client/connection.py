"""Sending requests: with one pool of connections for each process or event loop, again when an answer was lost."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from toolworld_client.errors import ToolworldError, UnreachableError
from toolworld_client.requests import Request

if TYPE_CHECKING:
    import httpx2 as httpx
else:  # what is used is alike in both
    try:
        import httpx2 as httpx
    except ImportError:  # Python 3.10, and whoever has only the older one
        import httpx

T = TypeVar("T")
DEFAULT_URL = "http://127.0.0.1:8765"
LIMIT = 256
"""Connections at a time."""
TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
"""Seconds before a request is sent again; each wait is twice as long as the one before."""
OVERLOADED = frozenset({502, 503, 504})
"""Statuses of servers, and of proxies before them, that may answer in a moment."""


class Server:
    """Where a server is, and how it is spoken to.

    Args:
        url: By default TOOLWORLD_URL, or this machine's usual port.
        token: The credential of the control API; by default TOOLWORLD_TOKEN.
        timeout: Seconds for a request. A model may have to answer a call.
        limit: Connections at a time.
    """

    def __init__(self, url: str | None, token: str | None, timeout: float, limit: int) -> None:
        self.url = (url or os.environ.get("TOOLWORLD_URL") or DEFAULT_URL).rstrip("/")
        if not self.url.startswith(("http://", "https://")) or not _host_of(self.url):
            raise ToolworldError(f"{self.url!r} is no URL of a server, such as {DEFAULT_URL}")
        self._token = token or os.environ.get("TOOLWORLD_TOKEN") or None
        self._timeout = timeout
        self._limit = limit

    @property
    def options(self) -> dict[str, Any]:
        """The settings of an HTTP client."""
        headers = {"content-type": "application/json"}
        return {
            "base_url": self.url,
            "headers": {**headers, "authorization": f"Bearer {self._token}"} if self._token else headers,
            "timeout": httpx.Timeout(self._timeout, pool=None),
            "limits": httpx.Limits(max_connections=self._limit, max_keepalive_connections=self._limit),
            "trust_env": not _is_here(self.url),  # the environment's proxy is not meant for a server beside the trainer
        }

    def unreachable(self, problem: Exception) -> UnreachableError:
        """The error when nobody answered."""
        reason = str(problem) or type(problem).__name__
        return UnreachableError(f"the server at {self.url} does not answer, after {TRIES} tries: {reason}")


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_here(url: str) -> bool:
    return _host_of(url) in ("localhost", "127.0.0.1", "::1")


def waits() -> Iterator[float]:
    """Seconds to wait before each further try."""
    for number in range(TRIES - 1):
        yield min(FIRST_WAIT * 2**number, LONGEST_WAIT)


def may_come_later(status: int, body: bytes) -> bool:
    """Whether an answer is that of an overloaded server, and not that of a run that is void."""
    return status in OVERLOADED and b'"void"' not in body


class Connection:
    """Sends requests from any thread, and from processes that were forked since."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._clients: dict[int, httpx.Client] = {}
        self._lock = threading.Lock()

    def send(self, request: Request[T]) -> T:
        """Send a request, again if need be.

        Raises:
            UnreachableError: nobody answered.
            RefusedError: the server refused it.
            VoidRun: something could not be simulated.
        """
        content, pauses, was_repeated = request.content, waits(), False
        while True:
            pause = next(pauses, None)
            try:
                answer = self._client.request(request.method, request.path, content=content)
            except httpx.TransportError as problem:
                if pause is None:
                    raise self.server.unreachable(problem) from problem
            else:
                if pause is None or not may_come_later(answer.status_code, answer.content):
                    return request.answered(answer.status_code, answer.content, was_repeated)
            was_repeated = True
            time.sleep(pause)

    def close(self) -> None:
        """Close the connections of this process."""
        with self._lock:
            client = self._clients.pop(os.getpid(), None)
        if client is not None:
            client.close()

    @property
    def _client(self) -> httpx.Client:
        pid = os.getpid()
        if pid not in self._clients:
            with self._lock:
                if pid not in self._clients:
                    self._clients = {pid: httpx.Client(**self.server.options)}  # those of a parent are not ours
        return self._clients[pid]


class AsyncConnection:
    """Sends requests from any event loop."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}

    async def send(self, request: Request[T]) -> T:
        """Send a request, again if need be.

        Raises:
            UnreachableError: nobody answered.
            RefusedError: the server refused it.
            VoidRun: something could not be simulated.
        """
        content, pauses, was_repeated = request.content, waits(), False
        while True:
            pause = next(pauses, None)
            try:
                answer = await self._client.request(request.method, request.path, content=content)
            except httpx.TransportError as problem:
                if pause is None:
                    raise self.server.unreachable(problem) from problem
            else:
                if pause is None or not may_come_later(answer.status_code, answer.content):
                    return request.answered(answer.status_code, answer.content, was_repeated)
            was_repeated = True
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Close the connections of this event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    @property
    def _client(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients = {one: client for one, client in self._clients.items() if not one.is_closed()}
            self._clients[loop] = httpx.AsyncClient(**self.server.options)
        return self._clients[loop]
