"""The web itself: a search API that the user has, and pages fetched from where they are."""

import errno
import ipaddress
import json
import socket
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlsplit

from toolworld.environments.resources.html_pages import read_html
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
        settings: How many results a search has, and which pages may be visited.
        address: Of the search API, with `{query}` in it.
        headers: Sent to it, keys included.
    """

    def __init__(self, settings: WebSettings, address: str, headers: Mapping[str, str]) -> None:
        self._settings = settings
        self._address = address
        self._headers = dict(headers)
        if not address.startswith(("http://", "https://")) or "{query}" not in address:
            raise SpecError("web: `search_url` is an address with {query} where the words go")

    async def answer(self, tool: str, arguments: JsonObject) -> JsonValue:
        """Search or visit."""
        if tool == "web_visit":
            return await self._visit(str(arguments["url"]))
        address = self._address.replace("{query}", quote(str(arguments["query"])))
        count = int(str(arguments.get("top_k", self._settings.top_k)))
        try:
            body = json.loads(await _fetch(address, self._headers))
        except (RefusedCallError, ValueError) as problem:
            raise SimulationError(f"the search API does not answer as one: {reason_of(problem)}") from None
        return {"results": [_result(one) for one in _results(body)[:count]]}

    async def _visit(self, url: str) -> JsonValue:
        source = await _fetch(url, {}, is_public_only=not self._settings.private_addresses)
        return shown_page(url, read_html(source.decode("utf-8", errors="replace"), url))


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


def _resolver() -> Any:
    """Resolves names to public addresses only: what is asked for is what is connected to."""
    import aiohttp

    resolver: Any = aiohttp.DefaultResolver()
    resolve = resolver.resolve

    async def resolve_public(host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
        found: list[Any] = await resolve(host, port, family)
        if not all(is_public(str(one["host"])) for one in found):
            raise OSError(errno.EACCES, "no public host")
        return found

    resolver.resolve = resolve_public
    return resolver


def is_public(host: str) -> bool:
    """Whether a host that is written as an address is not of this machine or its network; true for names."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_global
    except ValueError:
        return True


async def _fetch(url: str, headers: Mapping[str, str], *, is_public_only: bool = False) -> bytes:
    """The bytes of a page, bounded in size and time.

    Args:
        url: Its address.
        headers: Sent with the request.
        is_public_only: Whether hosts of this machine and its network are refused.
    """
    import aiohttp  # takes time to load

    host = _host_of(url)
    if host is None or (is_public_only and not is_public(host)):
        raise RefusedCallError("page_not_found", f"{url[:200]!r} is no public page")
    connector = aiohttp.TCPConnector(resolver=_resolver()) if is_public_only else None
    try:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers, connector=connector) as session,
            # a redirect may lead where the first address did not
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status >= 300:
                raise RefusedCallError("page_not_found", f"the page at {host} answers with {response.status}")
            body = bytearray()
            async for part in response.content.iter_chunked(1 << 16):
                body += part
                if len(body) > _MAX_BYTES:
                    raise RefusedCallError(
                        "page_not_found", f"the page {url[:200]!r} is longer than {_MAX_BYTES} bytes"
                    )
            return bytes(body)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
        raise RefusedCallError(
            "page_not_found",
            f"{host} cannot be reached: {type(problem).__name__ if url in str(problem) else reason_of(problem)}",
        ) from None


def _host_of(url: str) -> str | None:
    """The host of a web address; None where it is none."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        return None
