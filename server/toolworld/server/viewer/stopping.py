"""Whether the server is about to end, which streams without an end have to know."""

from starlette.types import Scope

STOPPING = "toolworld.stopping"
"""In the scope of a request: a function that tells whether the server is about to end."""


def is_stopping(scope: Scope) -> bool:
    """Whether the server that a request came to is about to end."""
    tells = scope.get(STOPPING)
    return tells is not None and tells()
