"""Environments made ready when they are first asked for: thousands can be at hand, and few take memory."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from toolworld.environments.runtime.plan import SimulationPlan
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import Environment, EnvironmentSource

MAX_LOADED = 256
"""How many environments are kept ready; the others are read and made ready again when they are asked for."""


class RuntimePool(Mapping[str, Runtime]):
    """Environments by id, each made ready at its first use.

    If they are few enough to be kept, all are made ready at once, so that a schema or a state that is
    not sound is known at the start.

    Args:
        sources: How to read each.
        simulation: How their calls are simulated; by default by their programs.

    Raises:
        SpecError: one of them is not sound.
    """

    def __init__(self, sources: Mapping[str, EnvironmentSource], simulation: SimulationPlan | None = None) -> None:
        self._sources = dict(sources)
        self.simulation = simulation or SimulationPlan()
        self._ready: OrderedDict[str, Runtime] = OrderedDict()
        if len(self._sources) <= MAX_LOADED:
            for name in self._sources:
                self._make(name)

    @classmethod
    def of(cls, environments: Iterable[Environment], simulation: SimulationPlan | None = None) -> "RuntimePool":
        """Give environments that are at hand."""
        return cls({environment.id: lambda one=environment: one for environment in environments}, simulation)

    def changed(self, change: Callable[[Environment], Environment]) -> "RuntimePool":
        """Give the same environments in another form, made ready as these are.

        Raises:
            SpecError: one of them cannot be changed so.
        """
        sources = {name: partial(_changed, source, change) for name, source in self._sources.items()}
        return RuntimePool(sources, self.simulation)

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
        if len(self._ready) > MAX_LOADED:
            self._ready.popitem(last=False)
        return runtime


def _changed(source: EnvironmentSource, change: Callable[[Environment], Environment]) -> Environment:
    return change(source())
