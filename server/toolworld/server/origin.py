"""Only this machine: a guard against web pages that reach for a server on the visitor's own computer."""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, seen from itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class LocalOnly:
    """Refuses requests whose Host, or whose Origin where there is one, is not this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if not is_local(f"//{headers.get('host', '')}"):
                await JSONResponse({"error": "this server answers to its local name only"}, 421)(scope, receive, send)
                return
            if "origin" in headers and not is_local(headers["origin"]):
                await JSONResponse({"error": "requests from other origins are refused"}, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_local(url: str) -> bool:
    """Tell whether a URL, or `//host:port`, is on this machine."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
