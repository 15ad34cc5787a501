"""Default episodes: the episode that a client of `/environments/{id}/mcp` gets if its URL names none.

One per MCP session or credential. They are kept in the store, so that any server on it gives the same ones.
"""

from collections.abc import Callable

from toolworld.ground import NotFoundError
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.episodes.log import OPEN_PREFIX

Admit = Callable[[int], None]
"""Lets a client without the token open an episode, by how many such episodes there are; or raises QuotaError."""


class DefaultEpisodes:
    """The default episodes of all environments."""

    def __init__(self, episodes: Episodes) -> None:
        self._store = episodes.store
        self._episodes = episodes

    async def get(self, environment: str, principal: str, admit: Admit | None = None) -> Episode:
        """The episode of a principal in an environment: always the same one, until it is closed.

        Args:
            environment: The environment's id.
            principal: A digest of the credential, or empty for all clients without one.
            admit: Lets a client without the token open one; None for one with it.

        Raises:
            QuotaError: the client may open none.
        """
        version = self._episodes.runtime(environment).environment.version
        before = await self._store.default_episode(environment, version, principal)
        if before is not None:
            episode = await self._episodes.get(before)
            if not episode.closed:
                return episode
        await self.admit(admit)
        opened = await self._open(environment, is_open=admit is not None)
        kept = await self._store.claim_default(environment, version, principal, opened.id, before)
        return await self._episodes.get(kept)

    async def admit(self, admit: Admit | None) -> None:
        """Let a client open an episode.

        Raises:
            QuotaError: it has no token, and may open none.
        """
        if admit is not None:
            admit(await self._store.count_beginning(OPEN_PREFIX))

    async def open_session(self, environment: str, *, is_open: bool = False) -> Episode:
        """Open an episode for an MCP session, whose id it gives; no other episode is reached by a session's id.

        Args:
            environment: The environment's id.
            is_open: Whether the client has no token, and was admitted.
        """
        episode = await self._open(environment, is_open=is_open)
        await self._store.add_session(environment, episode.id)
        return episode

    async def session(self, environment: str, session: str) -> Episode:
        """The episode of an MCP session.

        Raises:
            NotFoundError: there is no such session in this environment, or it has ended.
        """
        known = await self._store.is_session(environment, session)
        episode = await self._episodes.get(session) if known else None
        if episode is None or episode.closed:
            raise NotFoundError("there is no such session")
        return episode

    async def _open(self, environment: str, *, is_open: bool) -> Episode:
        name = OPEN_PREFIX + self._episodes.new_id() if is_open else None
        return await self._episodes.open(environment, episode=name)
