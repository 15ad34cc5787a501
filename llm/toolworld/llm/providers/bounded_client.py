"""An HTTP client for endpoints of strangers: bounded in bytes and time, without private headers and redirects."""

from collections.abc import Mapping
from typing import Any

import anyio
import httpx2
import openai

MAX_RESPONSE_BYTES = 8 << 20
"""Maximum size of an endpoint's answer."""
OWN_HOST = "api.openai.com"
"""The only host that gets the headers which the environment gives to the `openai` package: organisation and others."""
_SENT_HEADERS = frozenset(
    {
        "accept",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    }
)
_SENT_PREFIX = "x-stainless-"


class BoundedClient(openai.DefaultAioHttpClient):
    """Sends requests over aiohttp, which takes half the CPU time of the default transport."""

    def __init__(self, key: str | None, seconds: float) -> None:
        super().__init__(timeout=seconds, trust_env=False, follow_redirects=False)
        self._authorization = f"Bearer {key or 'none'}"
        self._seconds = seconds

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request and read the whole answer.

        Raises:
            httpx2.ReadTimeout: the answer takes too long, however it trickles.
            httpx2.DecodingError: it is larger than is allowed, or compressed although that was declined.
        """
        if request.url.host != OWN_HOST:
            for name in list(request.headers):
                if name not in _SENT_HEADERS and not name.startswith(_SENT_PREFIX):
                    del request.headers[name]
            request.headers["authorization"] = self._authorization
        request.headers["accept-encoding"] = "identity"
        try:
            with anyio.fail_after(self._seconds):
                options["stream"] = True  # the body is read here, piece by piece
                response = await super().send(request, **options)
                try:
                    body = await _read(request, response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no whole answer in {self._seconds:g} seconds", request=request) from None
        return httpx2.Response(response.status_code, headers=_plain(response.headers), content=body, request=request)


async def _read(request: httpx2.Request, response: httpx2.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.DecodingError("it answers compressed, although that was declined", request=request)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            raise httpx2.DecodingError(f"its answer is larger than {MAX_RESPONSE_BYTES >> 20} MiB", request=request)
    return bytes(body)


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in ("content-length", "transfer-encoding")}
