"""The names that this server answers to: a guard against web pages that rebind their own name to it."""

import ipaddress
import re
from collections.abc import Collection

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


_AUTHORITY = r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=%-]+)(?::[0-9]*)?"
"""A host with its port (RFC 3986, 3.2), and without the user that a request's target cannot have (RFC 9110, 4.2.4)."""
_HOST = re.compile(_AUTHORITY, re.IGNORECASE)
_ORIGIN = re.compile(rf"https?://{_AUTHORITY}", re.IGNORECASE)
"""A serialized origin (RFC 6454, 6.2): no path, no user; `null` is nobody's."""


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
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) > 1 or len(origins) > 1:  # one reader would take the first, another the last
            return JSONResponse({"error": "a request has one Host and one Origin"}, 400)
        host = host_of(_HOST, *hosts)
        if not (self._any_host or self._knows(host)):
            return JSONResponse({"error": "this server does not go by that name"}, 421)
        if origins and not self._allows_origin(host_of(_ORIGIN, *origins), host):
            return JSONResponse({"error": "requests from other origins are refused"}, 403)
        return None

    def _allows_origin(self, origin: str, host: str) -> bool:
        return self._knows(origin) or (origin != "" and origin == host)

    def _knows(self, host: str) -> bool:
        return is_loopback(host) or host in self._names


def host_of(form: re.Pattern[str], header: str = "") -> str:
    """The host that a header names, in lower case; empty where it is not of that form."""
    found = form.fullmatch(header)
    return found["host"].strip("[]").lower() if found else ""
