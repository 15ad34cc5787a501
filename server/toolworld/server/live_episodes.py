"""Episodes in memory: a cache of their logs, bounded by about how many bytes they take."""

from collections import Counter, OrderedDict
from weakref import WeakValueDictionary

from toolworld.environments import Runtime
from toolworld.server.episode import Episode

MEMORY = 512 << 20
"""About how many bytes episodes may take in memory; what is beyond is read back from its log when it is called."""
RUNTIME_BYTES = 512 << 10
"""About how many bytes an environment made ready takes, which the live episodes in it hold."""


class LiveEpisodes:
    """The episodes that are in memory: those used last, and those that somebody holds.

    An episode is never live twice: whoever holds one and whoever asks for it have the same.
    """

    def __init__(self, memory: int = MEMORY) -> None:
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
        """Give an episode if it is live, as used just now."""
        episode = self._alive.get(name)
        return None if episode is None else self.keep(episode)

    def keep(self, episode: Episode) -> Episode:
        """Take an episode in, as used just now; those that nobody has used for longest are let go.

        Returns:
            The episode of that id that is live: this one, unless another caller was faster.
        """
        name = episode.row.id
        episode = self._alive.setdefault(name, episode)
        if name not in self._recent:
            self._count(episode.runtime, 1)
        self._recent[name] = episode
        self._recent.move_to_end(name)
        self.weigh(episode)
        return episode

    def weigh(self, episode: Episode) -> None:
        """Take note of how much an episode has grown; those that nobody has used for longest are let go for it."""
        name = episode.row.id
        if name not in self._recent:  # let go before; whoever holds it pays for it
            return
        weight = episode.weight
        self.weight += weight - self._weights.get(name, 0)
        self._weights[name] = weight
        while self.weight > self._memory and len(self._recent) > 1:
            oldest, dropped = self._recent.popitem(last=False)
            self.weight -= self._weights.pop(oldest)
            self._count(dropped.runtime, -1)

    def _count(self, runtime: Runtime, more: int) -> None:
        """Count the environments that live episodes hold ready, each once."""
        before = self._runtimes[id(runtime)]
        self._runtimes[id(runtime)] = before + more
        if before + more == 0:
            del self._runtimes[id(runtime)]
        if not before or not before + more:
            self.weight += more * RUNTIME_BYTES
