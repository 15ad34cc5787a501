"""Episodes in memory: a cache of their logs, bounded by about how many bytes they take."""

from collections import Counter, OrderedDict
from weakref import WeakValueDictionary

from toolworld.environments import Runtime
from toolworld.server.episodes.episode import Episode

LIVE_BYTES = 512 << 20
"""About how many bytes live episodes may take; those beyond are read back from their logs when they are called."""
RUNTIME_BYTES = 512 << 10
"""About how many bytes a loaded environment takes, which the live episodes in it hold in memory."""


class LiveEpisodes:
    """The episodes in memory: those used most recently, and those that a caller holds.

    An episode is never live twice: every caller that holds it or asks for it has the same object.
    """

    def __init__(self, memory: int = LIVE_BYTES) -> None:
        self._memory = memory
        self._alive: WeakValueDictionary[str, Episode] = WeakValueDictionary()
        self._recent: OrderedDict[str, Episode] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._runtimes: Counter[int] = Counter()
        self.weight = 0
        """About how many bytes they take."""

    def __len__(self) -> int:
        return len(self._alive)

    def get(self, name: str) -> Episode | None:
        """A live episode, which counts as used now; None if it is not in memory."""
        episode = self._alive.get(name)
        if episode is not None and episode.gone:
            self._drop(name)
            return None
        return None if episode is None else self.keep(episode)

    def keep(self, episode: Episode) -> Episode:
        """Keep an episode in memory as used now, and drop those unused for longest where there is no room.

        Returns:
            The episode of that id that is live: this one, unless another caller was faster.
        """
        name = episode.id
        episode = self._alive.setdefault(name, episode)
        if name not in self._recent:
            self._count(episode.runtime, 1)
        self._recent[name] = episode
        self._recent.move_to_end(name)
        self.weigh(episode)
        return episode

    def weigh(self, episode: Episode) -> None:
        """Update the weight of an episode that has grown, and drop those unused for longest where there is no room."""
        name = episode.id
        if name not in self._recent:  # dropped before; a caller still holds it, outside the bound
            return
        weight = episode.weight
        self.weight += weight - self._weights.get(name, 0)
        self._weights[name] = weight
        while self.weight > self._memory and len(self._recent) > 1:
            self._forget(next(iter(self._recent)))

    def _drop(self, name: str) -> None:
        """Take an episode out of memory that is no more in the store; whoever holds it finds that out by itself."""
        self._alive.pop(name, None)
        if name in self._recent:
            self._forget(name)

    def _forget(self, name: str) -> None:
        dropped = self._recent.pop(name)
        self.weight -= self._weights.pop(name)
        self._count(dropped.runtime, -1)

    def _count(self, runtime: Runtime, more: int) -> None:
        """Count the environments that live episodes keep loaded, each once."""
        before = self._runtimes[id(runtime)]
        self._runtimes[id(runtime)] = before + more
        if before + more == 0:
            del self._runtimes[id(runtime)]
        if not before or not before + more:
            self.weight += more * RUNTIME_BYTES
