"""The names that this server answers to: a guard against web pages that rebind their own name to it."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose


def is_loopback(host: str) -> bool:
    """Whether a host is the loopback interface of this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class KnownHosts:
    """Refuses requests whose Host, or whose Origin where there is one, is not a name of this server.

    Args:
        app: The application that is guarded.
        names: The names besides those of this machine.
        any_host: Whether every Host is accepted; then an Origin has to be the Host's own.
    """

    def __init__(self, app: ASGIApp, names: Collection[str], any_host: bool) -> None:
        self._app = app
        self._names = {name.lower() for name in names}
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refusal = self._refusal(Headers(scope=scope)) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:  # before the handshake is accepted, this is a 403
            await WebSocketClose()(scope, receive, send)

    def _refusal(self, headers: Headers) -> Response | None:
        """Why a request is refused; None where it is not."""
        host = host_of(f"//{headers.get('host', '')}")
        if not (self._any_host or self._knows(host)):
            return JSONResponse({"error": "this server does not go by that name"}, 421)
        if "origin" in headers and not self._allows_origin(host_of(headers["origin"]), host):
            return JSONResponse({"error": "requests from other origins are refused"}, 403)
        return None

    def _allows_origin(self, origin: str, host: str) -> bool:
        return self._knows(origin) or (origin != "" and origin == host)

    def _knows(self, host: str) -> bool:
        return is_loopback(host) or host in self._names


def host_of(url: str) -> str:
    """The host of a URL or of `//host:port`, in lower case; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
