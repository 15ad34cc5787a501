"""All sessions of a server: how many there may be, and which of them a socket holds."""

import secrets
from collections import OrderedDict

from toolworld.server.adapters.openenv.session import OpenEnvSession
from toolworld.server.episodes.episodes import Episodes

MAX_SESSIONS = 4096
"""Sessions of a server at a time."""


class TooManySessionsError(Exception):
    """There is no room for another session."""


class Sessions:
    """Sessions by id. One that no socket holds makes room for another one, the oldest first.

    Args:
        episodes: All episodes.
        most: How many there may be.
    """

    def __init__(self, episodes: Episodes, most: int = MAX_SESSIONS) -> None:
        self.episodes = episodes
        """All episodes."""
        self._most = most
        self._free: OrderedDict[str, OpenEnvSession] = OrderedDict()
        self._held: dict[str, OpenEnvSession] = {}

    def __len__(self) -> int:
        return len(self._free) + len(self._held)

    async def open(self, environment: str) -> str:
        """Open a session that no socket holds, and return its id.

        Raises:
            TooManySessionsError: there are too many, and sockets hold them all.
            NotFoundError: there is no such environment.
        """
        self.episodes.environments.show(environment)
        if len(self) >= self._most:
            if not self._free:
                raise TooManySessionsError(f"there are {self._most} sessions, which is the most")
            _, oldest = self._free.popitem(last=False)
            await oldest.close()
        name = secrets.token_urlsafe(18)
        self._free[name] = OpenEnvSession(self.episodes, environment)
        return name

    def find(self, name: object, environment: str) -> OpenEnvSession | None:
        """A session of an environment by its id."""
        found = self._free.get(str(name)) or self._held.get(str(name))
        return found if found is not None and found.environment == environment else None

    def hold(self, name: str, environment: str) -> OpenEnvSession | None:
        """Give a session to a socket; None where there is none of that id, or another socket holds it."""
        session = self.find(name, environment)
        if session is None or name in self._held:
            return None
        self._held[name] = self._free.pop(name)
        return session

    def release(self, name: str) -> None:
        """Take a session back from its socket."""
        if name in self._held:
            self._free[name] = self._held.pop(name)

    def is_held(self, name: object) -> bool:
        """Whether a socket holds a session."""
        return name in self._held

    async def close(self, name: str) -> None:
        """Close a session with its episode."""
        session = self._free.pop(name, None) or self._held.pop(name, None)
        if session is not None:
            await session.close()
