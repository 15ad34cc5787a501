"""What goes wrong, by whose doing: the caller's, the network's, or the simulation's."""

from __future__ import annotations


class ToolworldError(Exception):
    """The base of all errors of this package."""


class RefusedError(ToolworldError):
    """The server refused a request, and says why.

    Args:
        sentence: The server's words.
        status: The HTTP status.
        was_repeated: Whether the request had been sent before, so that this may be the answer to a second one.
        next: The step, or the exchange, that comes next, where the request named another one.
    """

    def __init__(self, sentence: str, status: int, was_repeated: bool = False, next: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.was_repeated = was_repeated
        self.next = next

    def __reduce__(self) -> tuple[object, ...]:
        return RefusedError, (str(self), self.status, self.was_repeated, self.next)


class UnreachableError(ToolworldError):
    """Nobody answered, however often the request was sent."""


class VoidRun(ToolworldError):  # noqa: N818 - the word that users know
    """A call or the user could not be simulated, or the verdict gives no reward: the run says nothing of the agent."""
