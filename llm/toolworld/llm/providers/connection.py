"""A connection to an OpenAI-compatible endpoint: requests limited in number and rate, tried again where that may help,
answered within bounded bytes and time. No redirect is followed, and no header is sent that nobody asked for.
"""

import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from io import BytesIO
from math import inf
from random import random
from time import time
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import anyio

from toolworld.ground import ModelError, tls_context
from toolworld.llm.providers.adaptive_limit import AdaptiveLimit
from toolworld.llm.providers.received import ReceivedCompletion, UnusableAnswerError, read_completion
from toolworld.llm.retry_policy import RetryPolicy

T = TypeVar("T")
MAX_RESPONSE_BYTES = 8 << 20
"""Maximum size of an endpoint's answer."""
FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS = 0.5, 8.0
"""Waits between attempts; each is twice as long as the one before, less a random quarter."""
MAX_ASKED_WAIT_SECONDS = 60.0
"""The longest wait at the word of an endpoint, whatever it asks for."""
OPENAI_HOST = "api.openai.com"
"""The only host that gets the headers which its users set in the environment."""
_OPENAI_HEADERS = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}
TOO_MANY_REQUESTS, MOST_REFUSALS = 429, 10
"""So many refusals for their number cost a request no attempt: enough for a limit of 1,024 to fall to one."""
_TRANSIENT_STATUSES = frozenset({408, 409, TOO_MANY_REQUESTS})
"""Status codes after which the same request may be answered if it is sent again; those from 500 as well."""


class RefusedRequestError(Exception):
    """An endpoint answered with an error status.

    Args:
        status: The status code.
        body: What came with it.
        asked_wait: The seconds that it asks to wait; None if it asks for none.
    """

    def __init__(self, status: int, body: bytes, asked_wait: float | None = None) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.body = body
        self.asked_wait = asked_wait


@dataclass(slots=True)
class Endpoint:
    """A connection to an endpoint, shared by the models behind it."""

    http: aiohttp.ClientSession
    where: str
    """The name of the endpoint in error messages: its URL."""
    retry_policy: RetryPolicy
    limit: AdaptiveLimit
    """Limits simultaneous requests, to fewer where the endpoint says that there are too many."""
    key: str | None
    """The key, which is removed from all responses and error messages; None if there is none to remove."""
    _next_start: float = 0.0
    """The earliest time at which the next request may start, on the clock of `anyio.current_time`."""

    async def post(self, body: bytes) -> ReceivedCompletion:
        """Send the body of a chat-completions request; see `ask`."""
        return await self.ask("chat/completions", body, read_completion)

    async def ask(self, path: str, body: bytes, read: Callable[[bytes], T]) -> T:
        """Send a request body and return the parsed answer, from which the key is removed.

        Transient status codes, time-outs, connections that break, and answers that may be a completion the next
        time are tried again, with backoff or after the wait that the endpoint asks for.

        Args:
            path: Where it is sent to, below the endpoint's address.
            body: The request.
            read: Parses an answer.

        Raises:
            UnusableAnswerError: the answer is of another form.
            RefusedRequestError: the endpoint refuses the request.
            aiohttp.ClientError: the endpoint does not answer.
            TimeoutError: it takes too long.
        """
        attempt, refusals, left = 0, 0, self.retry_policy.total_seconds
        while True:
            wait = min(FIRST_WAIT_SECONDS * 2 ** (attempt + refusals), MAX_WAIT_SECONDS) * (1 - random() / 4)
            # The slot is given back between attempts, so that fewer requests are made where the limit fell meanwhile.
            async with self.limit.slot():
                began = anyio.current_time()
                try:
                    return await self._attempt(path, body, read, left)
                except (aiohttp.ClientError, OSError, RefusedRequestError, UnusableAnswerError) as problem:
                    if not _is_transient(problem):
                        raise
                    if isinstance(problem, RefusedRequestError):
                        wait = problem.asked_wait or wait
                    # As long as fewer requests at a time may help, a refusal for their number is no failed attempt.
                    if _is_for_number(problem) and self.limit.lower(wait) and refusals < MOST_REFUSALS:
                        refusals += 1
                    else:
                        attempt += 1
                    left -= anyio.current_time() - began + wait
                    if attempt > self.retry_policy.retries or left < 0:
                        raise
            await anyio.sleep(wait)

    async def _attempt(self, path: str, body: bytes, read: Callable[[bytes], T], seconds: float) -> T:
        """Send the request when it may start, and read its answer, in so many seconds."""
        # Single attempts are limited too; this also covers the waits that an endpoint asks for.
        with anyio.fail_after(max(seconds, 0)):
            await self._wait_for_turn()
            await self.limit.wait_while_paused()
            status, headers, answer = await self._send(path, body)
        if status // 100 != 2:
            raise RefusedRequestError(status, answer, _asked_wait(headers))
        self.limit.count_answer()
        return read(answer)

    async def _wait_for_turn(self) -> None:
        """Wait until the next request may start; each takes its time before it sleeps, so that they start in a row."""
        now = anyio.current_time()
        start = max(now, self._next_start)
        self._next_start = start + self.retry_policy.spacing
        if start > now:
            await anyio.sleep(start - now)

    async def _send(self, path: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Send the request once, and read the whole answer."""
        seconds = self.retry_policy.seconds
        try:
            with anyio.fail_after(seconds):
                url = f"{self.where}/{path}"
                async with self.http.post(url, data=BytesIO(body), allow_redirects=False) as response:
                    answer = await _read(response)
        except TimeoutError:
            raise TimeoutError(f"no whole answer in {seconds:g} seconds") from None
        # The key is removed from the JSON before parsing, from whichever field holds it as it is.
        return response.status, response.headers, answer.replace(self.key.encode(), b"[key]") if self.key else answer

    def without_key(self, text: str) -> str:
        """The text with the key replaced by `[key]`."""
        return text.replace(self.key, "[key]") if self.key else text


@asynccontextmanager
async def connect(url: str, key: str | None, retry_policy: RetryPolicy) -> AsyncGenerator[Endpoint]:
    """Connect to an endpoint; nothing is sent yet.

    Raises:
        ModelError: the key cannot stand in a header.
    """
    if key and not (key.isascii() and key.isprintable()):
        raise ModelError(f"the key for {url} has characters that a header cannot hold")
    headers = {"Authorization": f"Bearer {key or 'none'}", "Content-Type": "application/json"}
    if urlsplit(url).hostname == OPENAI_HOST:
        known = {name: os.environ.get(variable) for name, variable in _OPENAI_HEADERS.items()}
        headers |= {name: value for name, value in known.items() if value}
    async with aiohttp.ClientSession(
        headers={**headers, "Accept": "application/json", "Accept-Encoding": "identity"},
        connector=aiohttp.TCPConnector(limit=0, ssl=tls_context() if url.startswith("https:") else True),
        timeout=aiohttp.ClientTimeout(None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent",),
    ) as http:
        # A key of a few characters is hardly a secret, and replacing it would damage ordinary text.
        limit = AdaptiveLimit(retry_policy.concurrency)
        yield Endpoint(http, url.rstrip("/"), retry_policy, limit, key if key and len(key) > 7 else None)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        if response.status // 100 != 2:
            return b""  # the status says enough
        raise UnusableAnswerError("compressed, although that was declined")
    answer = bytearray()
    async for part in response.content.iter_any():
        answer += part
        if len(answer) > MAX_RESPONSE_BYTES:
            raise UnusableAnswerError(f"with more than {MAX_RESPONSE_BYTES >> 20} MiB")
    return bytes(answer)


def _is_transient(problem: Exception) -> bool:
    if isinstance(problem, UnusableAnswerError):
        return problem.may_recover
    if isinstance(problem, RefusedRequestError):
        return problem.status in _TRANSIENT_STATUSES or problem.status >= 500
    return not isinstance(problem, aiohttp.InvalidURL)


def _is_for_number(problem: Exception) -> bool:
    """Whether a request was refused since there are too many."""
    return isinstance(problem, RefusedRequestError) and problem.status == TOO_MANY_REQUESTS


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds that an endpoint asks to wait: as milliseconds, as seconds, or until a date (RFC 9110, 10.2.3)."""
    try:
        if "retry-after-ms" in headers:
            seconds = float(headers["retry-after-ms"]) / 1000
        else:
            asked = headers.get("retry-after", "")
            seconds = parsedate_to_datetime(asked).timestamp() - time() if asked.endswith("GMT") else float(asked)
    except (ValueError, OverflowError):
        return None
    return min(seconds, MAX_ASKED_WAIT_SECONDS) if 0 < seconds < inf else None
