"""Environments ready to answer calls, with the tasks that can be played in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from toolworld.datasets.task import Task
from toolworld.environments import Environment, Runtime, RuntimePool
from toolworld.ground import NotFoundError, UsageError


@dataclass(frozen=True, slots=True)
class TaskSuite:
    """Environments by id, and tasks in order."""

    runtimes: RuntimePool
    tasks: tuple[Task, ...]

    @property
    def environments(self) -> list[Environment]:
        """The environments, in order; none is loaded for it."""
        return [self.runtimes.environment(name) for name in self.runtimes]

    def runtime_of(self, task: Task) -> Runtime:
        """The environment of a task, under the fault profile that the task was made for.

        Raises:
            NotFoundError: it is not in the suite.
            SpecError: it is under another fault profile there.
        """
        if task.environment not in self.runtimes:
            names = ", ".join(self.runtimes)
            raise NotFoundError(f"task {task.id} is of environment {task.environment}, which is not among: {names}")
        return self.runtimes.under(task.environment, task.faults)

    def with_tasks(self, tasks: Sequence[Task]) -> "TaskSuite":
        """The suite with these tasks instead of its own.

        Raises:
            NotFoundError: the environment of one is not in the suite.
            UsageError: it is made for another version of its environment, or two have one id.
        """
        for task in tasks:
            version = self.runtime_of(task).environment.version
            if task.environment_version != version:
                raise UsageError(
                    f"task {task.id} is of version {task.environment_version} of {task.environment}, "
                    f"and this is version {version}"
                )
        if len({task.id for task in tasks}) < len(tasks):
            raise UsageError("two of the tasks have the same id")
        return replace(self, tasks=tuple(tasks))

    def only(self, tasks: Sequence[str]) -> "TaskSuite":
        """The suite with these tasks only, in the order given; ids may be without environment and fault profile.

        Raises:
            NotFoundError: there is no such task, or several environments have one of that name.
        """
        return replace(self, tasks=tuple({task.id: task for task in map(self._task, tasks)}.values()))

    def _task(self, name: str) -> Task:
        found = [task for task in self.tasks if name in _names(task)]
        if len(found) > 1:
            raise NotFoundError(f"{name!r} is the name of several tasks: {', '.join(task.id for task in found)}")
        if not found:
            raise NotFoundError(f"there is no task {name!r} among {len(self.tasks)}; `toolworld tasks list` shows them")
        return found[0]


def _names(task: Task) -> set[str]:
    """The names by which a task is found: its id, and its id without the environment's or the fault profile's."""
    plain = task.id.partition("~")[0]
    return {task.id, plain, task.id.partition("/")[2], plain.partition("/")[2]}
