"""Paths with a slash at the end are those without it: clients put one there, and a call is no folder."""

from starlette.types import ASGIApp, Receive, Scope, Send


class WithoutTrailingSlash:
    """Takes slashes from the end of a path.

    Args:
        app: The application that sees the path without them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] in ("http", "websocket") and scope["path"].endswith("/") and scope["path"] != "/":
            raw = scope.get("raw_path") or b""
            scope = {**scope, "path": scope["path"].rstrip("/") or "/", "raw_path": raw.rstrip(b"/") or b"/"}
        await self._app(scope, receive, send)
