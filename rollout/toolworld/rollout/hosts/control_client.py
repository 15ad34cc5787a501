"""A client of the control API: one pool of connections, answers of bounded size, one sentence for what goes wrong."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

import aiohttp
import orjson
from pydantic import BaseModel, ValidationError

from toolworld.ground import RolloutError, describe_error, tls_context

M = TypeVar("M", bound=BaseModel)

REQUEST_SECONDS = 60
"""How long one request may take that only the server answers."""
KEPT_SECONDS = 4
"""How long an idle connection is kept: less than servers do, since one that they close is noticed too late."""
MAX_ANSWER_BYTES = 256 << 20
"""Maximum size of an answer."""
REPEATS = 2
"""How often a request is sent again whose connection broke."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    body: bytes
    where: str

    def read(self, model: type[M]) -> M:
        """The body, read as a model.

        Raises:
            RolloutError: it is none, so this is no toolworld server.
        """
        try:
            return model.model_validate_json(self.body)
        except ValidationError as problem:
            found = describe_error(problem)
            raise RolloutError(f"{self.where} answers what no toolworld server does: {found}") from None

    @property
    def reason(self) -> str:
        """Why the server refused."""
        try:
            return str(orjson.loads(self.body)["error"])
        except (ValueError, KeyError, TypeError):
            return f"status {self.status}"


@dataclass(frozen=True, slots=True)
class ControlClient:
    """Speaks to one server."""

    url: str
    http: aiohttp.ClientSession

    async def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        may_repeat: bool = False,
        seconds: float | None = REQUEST_SECONDS,
    ) -> Answer:
        """Send a request, and read the whole answer.

        Args:
            method: The HTTP method.
            path: Behind the server's URL.
            body: JSON.
            may_repeat: Whether a POST can be sent again when its connection breaks; other requests always can.
            seconds: How long it may take; None where a caller bounds it.

        Raises:
            RolloutError: nobody answers, or too slowly, or more than is read.
        """
        repeats = REPEATS if may_repeat or method != "POST" else 0
        while True:
            try:
                return await self._send(method, path, body, seconds)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError) as problem:
                if repeats == 0 or isinstance(problem, aiohttp.ClientConnectorError):  # nobody is there at all
                    raise self._unanswered(problem) from problem
                repeats -= 1
            except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
                raise self._unanswered(problem) from problem

    async def _send(self, method: str, path: str, body: bytes | None, seconds: float | None) -> Answer:
        timeout = aiohttp.ClientTimeout(seconds)
        headers = {"Content-Type": "application/json"} if body is not None else None
        data = None if body is None else BytesIO(body)  # of large bodies in bytes, aiohttp warns
        async with self.http.request(
            method, f"{self.url}{path}", data=data, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            whole = bytearray()
            async for part in response.content.iter_any():
                whole += part
                if len(whole) > MAX_ANSWER_BYTES:
                    raise RolloutError(f"{self.url}{path} answers with more than {MAX_ANSWER_BYTES >> 20} MiB")
            return Answer(response.status, bytes(whole), f"{self.url}{path}")

    def _unanswered(self, problem: Exception) -> RolloutError:
        reason = "no answer in time" if isinstance(problem, TimeoutError) else str(problem) or type(problem).__name__
        return RolloutError(f"the host at {self.url} does not answer: {reason}")


@asynccontextmanager
async def open_client(url: str, token: str | None = None) -> AsyncGenerator[ControlClient]:
    """Open a client; nothing is sent yet.

    Args:
        url: Of the server.
        token: The credential of the control API.
    """
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {token}"} if token else None,
        connector=aiohttp.TCPConnector(
            limit=0, keepalive_timeout=KEPT_SECONDS, ssl=tls_context() if url.startswith("https:") else True
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept-Encoding",),
    ) as http:
        yield ControlClient(url.rstrip("/"), http)
