"""The control API's credential, compared in constant time, so that it cannot be guessed letter by letter."""

import secrets

from starlette.datastructures import Headers
from starlette.types import Scope

USER_NEEDS_TOKEN = "the user's side of an episode needs the bearer token of TOOLWORLD_TOKEN"
"""Told to whoever asks for the user's tools without it: an agent must not become the user by a URL."""


def carries_token(header: str, token: str) -> bool:
    """Whether an `Authorization` header carries the bearer token."""
    return secrets.compare_digest(header.removeprefix("Bearer ").encode(), token.encode())


def lacks_token(scope: Scope, token: str | None) -> bool:
    """Whether a request does not carry the token, where there is one."""
    return token is not None and not carries_token(Headers(scope=scope).get("authorization", ""), token)
