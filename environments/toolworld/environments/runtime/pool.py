"""Runtimes by environment id, loaded on first use, so that thousands can be served and few take memory."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from toolworld.environments.faults.rewrite import with_faults
from toolworld.environments.runtime.plan import SimulationPlan
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import Environment, EnvironmentSource
from toolworld.environments.spec.fault_profile import FaultProfile

MAX_LOADED = 256
"""Maximum number of environments that are kept loaded. The least recently used one is dropped first, and loaded
again when it is asked for."""

MAX_FAULTY = 64
"""How many environments are kept loaded under fault profiles."""


class RuntimePool(Mapping[str, Runtime]):
    """Runtimes by environment id, each loaded on first use.

    If at most `MAX_LOADED` environments are given, all are loaded at once, so that an invalid schema or
    state is reported at the start.

    Args:
        sources: Functions that read the environments, by id.
        simulation: How their calls are simulated; by default by their programs.

    Raises:
        SpecError: an environment is invalid.
    """

    def __init__(self, sources: Mapping[str, EnvironmentSource], simulation: SimulationPlan | None = None) -> None:
        self._sources = dict(sources)
        self.simulation = simulation or SimulationPlan()
        self._ready: OrderedDict[str, Runtime] = OrderedDict()
        self._faulty: OrderedDict[tuple[str, str, FaultProfile], Runtime] = OrderedDict()
        if len(self._sources) <= MAX_LOADED:
            for name in self._sources:
                self._load(name)

    @classmethod
    def of(cls, environments: Iterable[Environment], simulation: SimulationPlan | None = None) -> "RuntimePool":
        """A pool of environments that are in memory already."""
        return cls({environment.id: lambda loaded=environment: loaded for environment in environments}, simulation)

    def transformed(self, change: Callable[[Environment], Environment]) -> "RuntimePool":
        """A pool of the same environments, each passed through `change`, with the same simulation plan.

        Raises:
            SpecError: `change` does not apply to one of them.
        """
        sources = {name: partial(_read_changed, source, change) for name, source in self._sources.items()}
        return RuntimePool(sources, self.simulation)

    def environment(self, name: str) -> Environment:
        """The environment with this id; no runtime is loaded for it."""
        return self._ready[name].environment if name in self._ready else self._sources[name]()

    def under(self, name: str, faults: FaultProfile | None) -> Runtime:
        """An environment under a fault profile; as it is in the pool where none is named, or its own.

        Raises:
            KeyError: there is no such environment.
            SpecError: it is under another profile in the pool.
        """
        runtime = self[name]
        if faults is None or faults == runtime.environment.faults:
            return runtime
        key = (name, runtime.environment.version, faults)
        if key not in self._faulty:
            self._faulty[key] = runtime.for_environment(with_faults(runtime.environment, faults))
            if len(self._faulty) > MAX_FAULTY:
                self._faulty.popitem(last=False)
        self._faulty.move_to_end(key)
        return self._faulty[key]

    def __getitem__(self, name: str) -> Runtime:
        if name in self._ready:
            self._ready.move_to_end(name)
            return self._ready[name]
        return self._load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, name: object) -> bool:
        return name in self._sources

    def _load(self, name: str) -> Runtime:
        runtime = self._ready[name] = Runtime(self._sources[name](), simulation=self.simulation)
        if len(self._ready) > MAX_LOADED:
            self._ready.popitem(last=False)
        return runtime


def _read_changed(source: EnvironmentSource, change: Callable[[Environment], Environment]) -> Environment:
    return change(source())
