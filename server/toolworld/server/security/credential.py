"""The control API's credential: a bearer token as RFC 6750 has it, compared in constant time."""

import re
import secrets

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Scope

from toolworld.ground import UsageError

USER_NEEDS_TOKEN = "the user's side of an episode needs the bearer token of TOOLWORLD_TOKEN"
"""Told to whoever asks for the user's tools without it: an agent must not become the user by a URL."""
_VISIBLE = re.compile(r"[!-~]+")
_BEARER = re.compile(rf"bearer +({_VISIBLE.pattern}) *", re.IGNORECASE)


def checked_token(token: str | None) -> str | None:
    """A token that requests can carry; None and an empty one stand for none.

    Raises:
        UsageError: it has a blank, or a character that is not ASCII, so that no header could carry it.
    """
    if token and not _VISIBLE.fullmatch(token):
        raise UsageError("TOOLWORLD_TOKEN has a blank or a character that no header carries; visible ASCII is allowed")
    return token or None


def carries_token(header: str, token: str) -> bool:
    """Whether an `Authorization` header carries the bearer token: `Bearer TOKEN`, the scheme in any case."""
    carried = _BEARER.fullmatch(header)
    return carried is not None and secrets.compare_digest(carried[1].encode(), token.encode())


def lacks_token(scope: Scope, token: str | None) -> bool:
    """Whether a request does not carry the token, where there is one."""
    return token is not None and not carries_token(Headers(scope=scope).get("authorization", ""), token)


def unauthorized(message: str) -> JSONResponse:
    """The answer to a request without the token."""
    return JSONResponse({"error": message}, 401, {"www-authenticate": "Bearer"})
