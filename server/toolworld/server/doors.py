"""Doors: which episode a client gets that comes to an environment and brings none."""

from toolworld.ground import NotFoundError
from toolworld.server.episode import Episode
from toolworld.server.episodes import Episodes

_SELECT = "SELECT episode FROM doors WHERE environment = ? AND principal = ?"
_INSERT = "INSERT INTO doors (environment, principal, episode) VALUES (?, ?, ?)"
_TAKE = f"{_INSERT} ON CONFLICT DO UPDATE SET episode = excluded.episode WHERE doors.episode = ?"


class Doors:
    """The doors of all environments; what is behind them is in the store, so any replica opens them."""

    def __init__(self, episodes: Episodes) -> None:
        self._store = episodes.store
        self._episodes = episodes

    async def behind(self, environment: str, principal: str) -> Episode:
        """Give the episode that a client without one gets in an environment: always the same for the same principal."""
        name = f"{self._episodes.runtime(environment).environment.version}:{principal}"
        found = await self._store.read(_SELECT, environment, name)
        before = found[0]["episode"] if found else ""
        if before:
            episode = await self._episodes.get(before)
            if not episode.closed:
                return episode
        opened = await self._episodes.open(environment)
        await self._store.write(_TAKE, environment, name, opened.row.id, before)  # of two at once the first wins
        [kept] = await self._store.read(_SELECT, environment, name)
        return await self._episodes.get(kept["episode"])

    async def open_session(self, environment: str) -> Episode:
        """Open an episode for an MCP session, whose id it gives; only such an episode is reached by a session's id."""
        episode = await self._episodes.open(environment)
        await self._store.write(_INSERT, environment, f"session:{episode.row.id}", episode.row.id)
        return episode

    async def session(self, environment: str, session: str) -> Episode:
        """Give the episode of an MCP session.

        Raises:
            AccessError: there is no such session in this environment, or it has ended.
        """
        found = await self._store.read(_SELECT, environment, f"session:{session}")
        episode = await self._episodes.get(session) if found else None
        if episode is None or episode.closed:
            raise NotFoundError("there is no such session")
        return episode
