"""The control API's credential, compared in constant time, so that it cannot be guessed letter by letter."""

import secrets


def carries_token(header: str, token: str) -> bool:
    """Whether an `Authorization` header carries the bearer token."""
    return secrets.compare_digest(header.removeprefix("Bearer ").encode(), token.encode())
