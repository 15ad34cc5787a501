"""The web itself: a search API that the user has, and pages fetched from where they are."""

import ipaddress
import json
import socket
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlsplit

import anyio

from toolworld.environments.resources.reading import read_html
from toolworld.environments.resources.resource import RefusedCallError
from toolworld.environments.resources.web import SNIPPET, WebSettings, shown_page
from toolworld.ground import JsonObject, JsonValue, SimulationError, SpecError, reason_of

_MAX_BYTES, _SECONDS = 4 << 20, 30
_LISTS = ("results", "organic", "items", "data", "webPages")
"""Where search APIs have their results: SearXNG and Tavily, Serper, Google, others."""
_URLS, _TEXTS = ("url", "link", "href"), ("content", "snippet", "description", "text")


class LiveWeb:
    """The web.

    Args:
        settings: With the address of the search API.
        headers: Sent to it, keys included.
    """

    def __init__(self, settings: WebSettings, headers: Mapping[str, str]) -> None:
        self._settings = settings
        self._headers = dict(headers)
        address = settings.search_url or ""
        if not address.startswith(("http://", "https://")) or "{query}" not in address:
            raise SpecError("web: `search_url` is an address with {query} where the words go")

    async def answer(self, tool: str, arguments: JsonObject) -> JsonValue:
        """Search or visit."""
        if tool == "web_visit":
            return await self._visit(str(arguments["url"]))
        address = (self._settings.search_url or "").replace("{query}", quote(str(arguments["query"])))
        count = int(str(arguments.get("top_k", self._settings.top_k)))
        try:
            body = json.loads(await _fetch(address, self._headers))
        except (RefusedCallError, ValueError) as problem:
            raise SimulationError(f"the search API does not answer as one: {reason_of(problem)}") from None
        return {"results": [_result(one) for one in _results(body)[:count]]}

    async def _visit(self, url: str) -> JsonValue:
        if not self._settings.private_addresses:
            await _refuse_private(url)
        source = await _fetch(url, {})
        return shown_page(url, read_html(source.decode("utf-8", errors="replace"), url))

    async def close(self) -> None:
        """Nothing is kept open."""


def _results(body: Any) -> list[JsonObject]:
    inner: Any = body
    if isinstance(body, dict):
        fields = cast(JsonObject, body)
        inner = next((fields[name] for name in _LISTS if name in fields), None)
        inner = cast(JsonObject, inner).get("value", []) if isinstance(inner, dict) else inner
    return [one for one in cast("list[Any]", inner) if isinstance(one, dict)] if isinstance(inner, list) else []


def _result(one: JsonObject) -> JsonObject:
    url = next((str(one[name]) for name in _URLS if name in one), "")
    said = next((str(one[name]) for name in _TEXTS if name in one), "")
    return {"title": str(one.get("title") or one.get("name") or url), "url": url, "snippet": said[:SNIPPET]}


async def _refuse_private(url: str) -> None:
    """Refuse pages of this machine and its network, which an agent has no business with."""
    host = urlsplit(url).hostname or ""
    try:
        found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        found = []
    if not found:
        raise RefusedCallError("page_not_found", f"no page has the address {url[:200]!r}")
    if any(not ipaddress.ip_address(str(one[4][0]).split("%")[0]).is_global for one in found):
        raise RefusedCallError("page_not_found", f"{url[:200]!r} is no public page")


async def _fetch(url: str, headers: Mapping[str, str]) -> bytes:
    """The bytes of a page, bounded in size and time."""
    import aiohttp  # takes time to load

    if not url.startswith(("http://", "https://")):
        raise RefusedCallError("page_not_found", f"no page has the address {url[:200]!r}")
    try:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            # a redirect may lead where the first address did not
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status >= 300:
                raise RefusedCallError("page_not_found", f"the page {url[:200]!r} answers with {response.status}")
            return await response.content.read(_MAX_BYTES)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
        raise RefusedCallError("page_not_found", f"{url[:200]!r} cannot be reached: {reason_of(problem)}") from None
