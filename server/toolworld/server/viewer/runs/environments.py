"""The environments and tasks at hand, which runs are shown with: found in files, or served."""

import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Protocol

from toolworld.datasets import Task, TaskSuite, load_suite, rederive_under_faults
from toolworld.environments import (
    FAULT_PROFILES,
    FaultProfile,
    Runtime,
    builtin_folders,
    find_environments,
)
from toolworld.ground import NotFoundError, RecordError, SpecError, StoreError, ToolworldError, UsageError, read_lines
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.viewer.runs.row import tags_of_task

LOOK_SECONDS = 3.0
"""How often it is looked whether files of tasks have grown."""


class KnownEnvironments(Protocol):
    """Environments and tasks that runs are shown with."""

    @property
    def problems(self) -> Sequence[str]:
        """Why an environment or a file of tasks could not be read."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The ids of the environments."""
        ...

    @property
    def named(self) -> Sequence[str]:
        """Those of them that were asked for; the others are at hand in case a run is of one."""
        ...

    @property
    def given_tasks(self) -> Sequence[Task]:
        """The tasks of files that were given beside the runs."""
        ...

    async def current(self, environment: str) -> Runtime | None:
        """An environment as it is now; None if it is not at hand."""
        ...

    async def version(self, environment: str, version: str) -> Runtime | None:
        """An environment in the version of a run; None if that is not at hand."""
        ...

    async def tasks_of(self, environment: str) -> Sequence[Task]:
        """The tasks of an environment."""
        ...

    async def task(self, name: str, runtime: Runtime | None, seed: int) -> Task | None:
        """A task as it was in an environment, perhaps under faults; None if it is not at hand."""
        ...


class ServedEnvironments(KnownEnvironments):
    """The environments of a server."""

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes

    @property
    def problems(self) -> Sequence[str]:
        """None: what a server cannot load it does not serve."""
        return ()

    @property
    def names(self) -> Sequence[str]:
        """The ids of the environments."""
        return self._episodes.environments.names

    @property
    def named(self) -> Sequence[str]:
        """All of them."""
        return self.names

    @property
    def given_tasks(self) -> Sequence[Task]:
        """None: a server's tasks are those of its environments."""
        return ()

    async def current(self, environment: str) -> Runtime | None:
        """An environment as it is served."""
        return self._episodes.runtime(environment) if environment in self.names else None

    async def version(self, environment: str, version: str) -> Runtime | None:
        """An environment in the version of a run."""
        try:
            return await self._episodes.environments.version(environment, version)
        except (StoreError, SpecError):
            return None

    async def tasks_of(self, environment: str) -> Sequence[Task]:
        """The tasks of an environment."""
        return self._episodes.tasks.of(environment)

    async def task(self, name: str, runtime: Runtime | None, seed: int) -> Task | None:
        """A task as it was in an environment."""
        found = self._episodes.tasks.find(name) or self._episodes.tasks.find(name.partition("~")[0])
        plain = await self.current(found.environment) if found else None
        return await _as_played(found, plain, runtime, seed) if found else None


class FoundEnvironments(KnownEnvironments):
    """Environments and tasks found in files, loaded when a run of them is opened.

    Args:
        names: Folders, packs and built-in names that were given; the built-in ones are always there.
        task_files: Files of tasks.

    Raises:
        SpecError: one of the names is no environment.
    """

    def __init__(self, names: Sequence[str], task_files: Sequence[Path] = ()) -> None:
        given = find_environments(names) if names else []
        ours = find_environments([str(path) for path in builtin_folders().values()])
        self.sources = {one.id: one.source for one in [*ours, *given]}
        """Functions that read the environments, by id."""
        self._places: dict[str, list[str]] = {}
        for one in [*given, *ours]:  # a dataset may bring an environment that is built in, with tasks of its own
            self._places.setdefault(one.id, []).append(str(one.path))
        self._named = [one.id for one in given]
        self._task_files = task_files
        self._suites: dict[str, TaskSuite | None] = {}
        self._tasks: dict[str, Task] = {}
        self._tasks_read: tuple[tuple[int, int], ...] = ()
        self._looked = float("-inf")
        self._lock = Lock()
        self._versions: dict[tuple[str, str], Runtime] = {}
        self._problems: list[str] = []

    @property
    def problems(self) -> Sequence[str]:
        """Why an environment or a file of tasks could not be read."""
        return self._problems

    @property
    def names(self) -> Sequence[str]:
        """The ids of the environments."""
        return [*self._places]

    @property
    def given_tasks(self) -> Sequence[Task]:
        """The tasks of the files."""
        return [*self._from_files().values()]

    @property
    def named(self) -> Sequence[str]:
        """Those that were named, or lay in a folder that was."""
        return self._named

    async def current(self, environment: str) -> Runtime | None:
        """An environment as it is in its files."""
        suites = await self._suites_of(environment)
        return suites[0].runtimes[environment] if suites else None

    async def version(self, environment: str, version: str) -> Runtime | None:
        """An environment in a version: as it is, or under one of the known fault profiles."""
        place = environment, version
        if place not in self._versions:
            found = await self._find_version(environment, version)
            if found is None:  # a task that comes later may bring the fault profile of that version
                return None
            self._versions[place] = found
        return self._versions[place]

    async def _find_version(self, environment: str, version: str) -> Runtime | None:
        tasks = [task for task in self._from_files().values() if task.environment == environment]
        profiles: dict[FaultProfile | None, None] = dict.fromkeys(
            [None, *(task.faults for task in tasks), *FAULT_PROFILES.values()]
        )
        for suite in await self._suites_of(environment):
            for profile in profiles:
                try:
                    found = suite.runtimes.under(environment, profile)
                except SpecError:
                    continue
                if found.environment.version == version:
                    return found
        return None

    async def tasks_of(self, environment: str) -> Sequence[Task]:
        """The tasks of an environment: those of the files that were given, then its own."""
        own = {task.id: task for suite in await self._suites_of(environment) for task in suite.tasks}
        return [task for task in {**own, **self._from_files()}.values() if task.environment == environment]

    async def task(self, name: str, runtime: Runtime | None, seed: int) -> Task | None:
        """A task as it was in an environment."""
        if name in self._from_files():
            return self._from_files()[name]
        plain_name = name.partition("~")[0]
        environment = runtime.environment.id if runtime else plain_name.partition("/")[0]
        known = {task.id: task for task in await self.tasks_of(environment)}
        found = known.get(name) or known.get(plain_name)
        plain = await self.current(environment)
        return await _as_played(found, plain, runtime, seed) if found else None

    def tags_of(self, name: str) -> list[str]:
        """The tags that a task of the files gives to its runs."""
        task = self._from_files().get(name)
        return tags_of_task(task) if task else []

    def _from_files(self) -> dict[str, Task]:
        """The tasks of the files, which may grow."""
        with self._lock:  # pages and the reading of runs ask for them in threads of their own
            if time.monotonic() - self._looked < LOOK_SECONDS:
                return self._tasks
            states = tuple(_state_of(path) for path in self._task_files)
            if states != self._tasks_read:
                tasks: dict[str, Task] = {}
                for path in self._task_files:
                    tasks |= self._read(path)
                self._tasks, self._tasks_read = tasks, states
            self._looked = time.monotonic()
            return self._tasks

    def _read(self, path: Path) -> dict[str, Task]:
        try:
            return {task.id: task for task in read_lines(path, Task).records} if path.exists() else {}
        except RecordError as problem:
            if str(problem) not in self._problems:
                self._problems.append(str(problem))
            return {}

    async def _suites_of(self, environment: str) -> list[TaskSuite]:
        """The suites that have an environment: those that were given come first."""
        suites = [await self._suite_at(place) for place in self._places.get(environment, ())]
        return [suite for suite in suites if suite is not None and environment in suite.runtimes]

    async def _suite_at(self, place: str) -> TaskSuite | None:
        if place not in self._suites:
            try:
                self._suites[place] = await load_suite([place])
            except ToolworldError as problem:
                self._suites[place] = None
                self._problems.append(str(problem))
        return self._suites[place]


def _state_of(path: Path) -> tuple[int, int]:
    """By what a file is known to have changed."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


async def _as_played(task: Task, plain: Runtime | None, runtime: Runtime | None, seed: int) -> Task | None:
    """A task as it is in the environment of a run; None if it is another one there."""
    if runtime is None or task.environment_version == runtime.environment.version:
        return task
    if plain is None or runtime.environment.faults is None:
        return None
    try:
        return await rederive_under_faults(task, plain, runtime, seed)
    except (SpecError, NotFoundError, UsageError):
        return None
