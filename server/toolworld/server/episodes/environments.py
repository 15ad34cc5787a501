"""The environments of a server: those that episodes can be opened in, and other versions that episodes live in.

An episode stays in the version of its environment that it was opened in, perhaps under a fault profile. So
each version is written to the store, and read back when an episode in it is called.
"""

from collections import OrderedDict
from itertools import islice

from toolworld.environments import Environment, FaultProfile, Runtime, RuntimePool, with_faults
from toolworld.ground import NotFoundError, SpecError, StoreError, UsageError, parse_record
from toolworld.server.store.protocol import EpisodeStore

MAX_NAMED = 20
"""How many environments an error message names."""
MAX_VERSIONS = 64
"""How many other versions of the environments are kept loaded."""


class ServedEnvironments:
    """Environments by id and version, loaded."""

    def __init__(self, store: EpisodeStore, runtimes: RuntimePool) -> None:
        self._store = store
        self._runtimes = runtimes
        self._others: OrderedDict[tuple[str, str], Runtime] = OrderedDict()
        self._written: set[tuple[str, str]] = set()

    @property
    def names(self) -> list[str]:
        """The ids of the environments that episodes can be opened in."""
        return list(self._runtimes)

    def current(self, name: str) -> Runtime:
        """An environment as it is served.

        Raises:
            NotFoundError: it is not served here.
        """
        runtime = self._runtimes.get(name)
        if runtime is None:
            names = ", ".join(islice(self._runtimes, MAX_NAMED)) + (", ..." if len(self._runtimes) > MAX_NAMED else "")
            raise NotFoundError(f"there is no environment {name[:100]!r} here; there are: {names}")
        return runtime

    def show(self, name: str) -> Environment:
        """An environment as it is served; it is not loaded for it.

        Raises:
            NotFoundError: it is not served here.
        """
        return self._runtimes.environment(name) if name in self._runtimes else self.current(name).environment

    def under(self, name: str, faults: FaultProfile | None) -> Runtime:
        """An environment under a fault profile; by default as it is served.

        Raises:
            NotFoundError: it is not served here.
            UsageError: it is served under another fault profile.
        """
        runtime = self.current(name)
        if faults is None or faults == runtime.environment.faults:
            return runtime
        try:
            return self._keep_loaded(self._runtimes.under(name, faults))
        except SpecError as problem:
            raise UsageError(str(problem)) from None

    async def version(self, name: str, version: str) -> Runtime:
        """The version of an environment that an episode lives in.

        Raises:
            StoreError: the store does not have it.
        """
        current = self._runtimes.get(name)
        if current is not None and current.environment.version == version:
            return current
        known = self._other(name, version)
        if known is not None:
            return known
        document = await self._store.environment(name, version)
        if document is None:
            raise StoreError(f"the store lacks version {version} of environment {name}")
        where = f"environment {name} version {version} in the store"
        environment = parse_record(Environment, document, where, StoreError)
        derived = current and _derived(current.environment, environment)
        return self._keep_loaded(Runtime(derived or environment, simulation=self._runtimes.simulation))

    async def write(self, environment: Environment, again: bool = False) -> None:
        """Write an environment to the store, so that its episodes can be read without its files.

        Args:
            environment: In the version that an episode is to live in.
            again: Even if it was written before: pruning may have removed it since.
        """
        place = (environment.id, environment.version)
        if again or place not in self._written:
            await self._store.add_environment(*place, environment.json_bytes())
            self._written.add(place)

    def _other(self, name: str, version: str) -> Runtime | None:
        if (name, version) in self._others:
            self._others.move_to_end((name, version))
        return self._others.get((name, version))

    def _keep_loaded(self, runtime: Runtime) -> Runtime:
        self._others[runtime.environment.id, runtime.environment.version] = runtime
        if len(self._others) > MAX_VERSIONS:
            self._others.popitem(last=False)
        return runtime


def _derived(current: Environment, stored: Environment) -> Environment | None:
    """The stored version as it is derived from the one that is served, and trusted as that is, if it can be."""
    if stored.faults is None or current.faults is not None:
        return None
    try:
        made = with_faults(current, stored.faults)
    except SpecError:
        return None
    return made if made.version == stored.version else None
