"""How many connections a server has at once, so that clients that open many lock nobody out.

A connection waits while its client has not sent a whole request, or does not read its answer: half-open ones do, idle
ones, and stuck ones. Where there is no room for another one, the one that has waited longest is closed for it.
"""

from collections.abc import Sized
from typing import Protocol

from toolworld.ground import UsageError

MAX_CONNECTIONS = 10_000
RESERVED_FILES = 48
"""Open files that are not connections: the store, workers, logs."""


class Waiting(Protocol):
    """A connection that can be closed."""

    def hang_up(self) -> None:
        """Close it."""
        ...


class Connections:
    """The connections of a server that wait.

    Args:
        most: How many connections there may be, waiting or not.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[Waiting, None] = {}

    def make_room(self, connections: Sized, new: Waiting) -> None:
        """Close a connection if a new one is one too many: that which has waited longest, or the new one itself."""
        if len(connections) > self._most:
            oldest = next(iter(self._waiting), new)
            self.stop_waiting(oldest)
            oldest.hang_up()

    def wait(self, connection: Waiting) -> None:
        """Note that a connection begins to wait."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = None

    def stop_waiting(self, connection: Waiting) -> None:
        """Note that a connection waits no more, or is closed."""
        self._waiting.pop(connection, None)


def most_connections() -> int:
    """How many connections the limit of open files leaves room for; the limit is raised as far as it may be.

    Raises:
        UsageError: it leaves room for none.
    """
    try:
        import resource
    except ImportError:  # there is none on Windows
        return MAX_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    most = MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, soft - RESERVED_FILES)
    if most < 1:
        raise UsageError(f"a process may open {soft} files here (ulimit -n), and a server needs {RESERVED_FILES + 1}")
    return most
