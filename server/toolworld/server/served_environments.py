"""The environments of a server: those that episodes can be opened in, and the other forms that episodes live in.

An episode stays in the form of its environment that it was opened in (a version, perhaps under faults).
So each form is written to the store, and read back when an episode in it is called.
"""

from collections import OrderedDict
from itertools import islice

from toolworld.environments import Environment, FaultProfile, Runtime, RuntimePool, with_faults
from toolworld.ground import NotFoundError, SpecError, StoreError, parse_record
from toolworld.server.store import Store

NAMED = 20
"""How many environments an error names."""
MOST_FORMS = 64
"""How many other forms of the environments are kept ready."""


class ServedEnvironments:
    """Environments by id and version, made ready."""

    def __init__(self, store: Store, runtimes: RuntimePool) -> None:
        self._store = store
        self._runtimes = runtimes
        self._forms: OrderedDict[tuple[str, str], Runtime] = OrderedDict()
        self._versions: OrderedDict[tuple[str, str, FaultProfile], str] = OrderedDict()
        self._kept: set[tuple[str, str]] = set()

    @property
    def names(self) -> list[str]:
        """The ids of the environments that episodes can be opened in."""
        return list(self._runtimes)

    def current(self, name: str) -> Runtime:
        """Give an environment as it is served.

        Raises:
            AccessError: it is not.
        """
        runtime = self._runtimes.get(name)
        if runtime is None:
            names = ", ".join(islice(self._runtimes, NAMED)) + (", ..." if len(self._runtimes) > NAMED else "")
            raise NotFoundError(f"there is no environment {name[:100]!r} here; there are: {names}")
        return runtime

    def show(self, name: str) -> Environment:
        """Give an environment as it is served, without making it ready.

        Raises:
            AccessError: it is not served.
        """
        return self._runtimes.environment(name) if name in self._runtimes else self.current(name).environment

    def under(self, name: str, faults: FaultProfile | None) -> Runtime:
        """Give an environment as it is under a fault profile; by default as it is served.

        Raises:
            AccessError: it is not served, or under other faults.
        """
        runtime = self.current(name)
        if faults is None or faults == runtime.environment.faults:
            return runtime
        wish = (name, runtime.environment.version, faults)
        known = self._form(name, self._versions.get(wish, ""))  # making the form anew costs milliseconds
        if known is not None:
            return known
        try:
            environment = with_faults(runtime.environment, faults)
        except SpecError as problem:
            raise NotFoundError(str(problem)) from None
        self._versions[wish] = environment.version
        if len(self._versions) > MOST_FORMS:
            self._versions.popitem(last=False)
        return self._form(environment.id, environment.version) or self._keep_ready(runtime.for_environment(environment))

    async def version(self, name: str, version: str) -> Runtime:
        """Give the form of an environment that an episode lives in.

        Raises:
            StoreError: the store does not have it.
        """
        current = self._runtimes.get(name)
        if current is not None and current.environment.version == version:
            return current
        known = self._form(name, version)
        if known is not None:
            return known
        found = await self._store.read("SELECT document FROM environments WHERE id = ? AND version = ?", name, version)
        if not found:
            raise StoreError(f"the store lacks version {version} of environment {name}")
        where = f"environment {name} version {version} in the store"
        environment = parse_record(Environment, found[0]["document"], where, StoreError)
        return self._keep_ready(Runtime(environment, simulation=self._runtimes.simulation))

    async def write(self, environment: Environment, again: bool = False) -> None:
        """Write an environment to the store, so that its episodes can be read without its files.

        Args:
            environment: In the form that an episode is to live in.
            again: Even if it was written before: pruning may have removed it since.
        """
        place = (environment.id, environment.version)
        if again or place not in self._kept:
            statement = "INSERT OR IGNORE INTO environments (id, version, document) VALUES (?, ?, ?)"
            await self._store.write(statement, *place, environment.json_bytes())
            self._kept.add(place)

    def _form(self, name: str, version: str) -> Runtime | None:
        if (name, version) in self._forms:
            self._forms.move_to_end((name, version))
        return self._forms.get((name, version))

    def _keep_ready(self, runtime: Runtime) -> Runtime:
        self._forms[runtime.environment.id, runtime.environment.version] = runtime
        if len(self._forms) > MOST_FORMS:
            self._forms.popitem(last=False)
        return runtime
