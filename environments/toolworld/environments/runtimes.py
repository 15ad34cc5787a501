"""Environments made ready when they are first asked for: thousands can be at hand, and few take memory."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from toolworld.environments.environment import Environment
from toolworld.environments.runtime import Runtime
from toolworld.environments.simulation import Simulation

MOST_READY = 256
"""How many environments are kept ready; the others are read and made ready again when they are asked for."""

Source = Callable[[], Environment]
"""Reads an environment."""


class Runtimes(Mapping[str, Runtime]):
    """Environments by id, each made ready at its first use.

    If they are few enough to be kept, all are made ready at once, so that a schema or a state that is
    not sound is known at the start.

    Args:
        sources: How to read each.
        simulation: How their calls are simulated; by default by their programs.

    Raises:
        SpecError: one of them is not sound.
    """

    def __init__(self, sources: Mapping[str, Source], simulation: Simulation | None = None) -> None:
        self._sources = dict(sources)
        self.simulation = simulation or Simulation()
        self._ready: OrderedDict[str, Runtime] = OrderedDict()
        if len(self._sources) <= MOST_READY:
            for name in self._sources:
                self._make(name)

    @classmethod
    def of(cls, environments: Iterable[Environment], simulation: Simulation | None = None) -> "Runtimes":
        """Give environments that are at hand."""
        return cls({environment.id: lambda one=environment: one for environment in environments}, simulation)

    def changed(self, change: Callable[[Environment], Environment]) -> "Runtimes":
        """Give the same environments in another form, made ready as these are.

        Raises:
            SpecError: one of them cannot be changed so.
        """
        sources = {name: partial(_changed, source, change) for name, source in self._sources.items()}
        return Runtimes(sources, self.simulation)

    def environment(self, name: str) -> Environment:
        """Give an environment without making it ready."""
        return self._ready[name].environment if name in self._ready else self._sources[name]()

    def __getitem__(self, name: str) -> Runtime:
        if name in self._ready:
            self._ready.move_to_end(name)
            return self._ready[name]
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, name: object) -> bool:
        return name in self._sources

    def _make(self, name: str) -> Runtime:
        runtime = self._ready[name] = Runtime(self._sources[name](), simulation=self.simulation)
        if len(self._ready) > MOST_READY:
            self._ready.popitem(last=False)
        return runtime


def _changed(source: Source, change: Callable[[Environment], Environment]) -> Environment:
    return change(source())
