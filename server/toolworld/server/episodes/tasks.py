"""The tasks that episodes can be opened for."""

from collections import Counter
from collections.abc import Iterator, Sequence

from toolworld.datasets import Task, rederive_under_faults
from toolworld.environments import Runtime
from toolworld.ground import NotFoundError, SpecError, UsageError


class TaskBook:
    """Tasks by id; a task under the fault profile that is served is also found by its id without the profile's name."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = {task.id: task for task in tasks}
        self._by_plain_id: dict[str, list[Task]] = {}
        for task in tasks:
            if task.faults is not None:
                self._by_plain_id.setdefault(task.id.partition("~")[0], []).append(task)
        self._counts = Counter(task.environment for task in tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def of(self, environment: str) -> list[Task]:
        """The tasks in an environment, in order."""
        return [task for task in self if task.environment == environment]

    def count(self, environment: str) -> int:
        """How many tasks an environment has."""
        return self._counts[environment]

    def find(self, name: str) -> Task | None:
        """A task by its id, without the name of a fault profile if need be; None if there is no such task."""
        if name in self._tasks:
            return self._tasks[name]
        found = self._by_plain_id.get(name, ())
        return found[0] if len(found) == 1 else None

    def get(self, name: str) -> Task:
        """A task by its id, without the name of a fault profile if need be.

        Raises:
            NotFoundError: there is no such task; `faults` is how a task is opened under a profile.
        """
        task = self.find(name)
        if task is None:
            raise NotFoundError(f"there is no task {name[:200]!r} here ({len(self)} tasks are)")
        return task


async def under_faults(task: Task, plain: Runtime, faulty: Runtime, seed: int) -> Task:
    """A task as it is in an environment that may be under a fault profile.

    Args:
        task: The task as it is known.
        plain: The environment that it was made in.
        faulty: The environment of the episode.
        seed: The episode's seed, on which faults depend.

    Raises:
        UsageError: it cannot be done under the profile.
    """
    if task.faults == faulty.environment.faults:
        return task
    try:
        return await rederive_under_faults(task, plain, faulty, seed)
    except SpecError as problem:
        raise UsageError(str(problem)) from None
