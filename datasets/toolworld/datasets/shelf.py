"""Environments made ready, each with its tasks: what most verbs begin with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolworld.datasets.draft import load_tasks
from toolworld.datasets.task import Task
from toolworld.environments import (
    Environment,
    Runtime,
    RuntimePool,
    SimulationPlan,
    find_environments,
    find_folder,
    load_folder,
)
from toolworld.ground import NotFoundError, RecordError, read_lines


@dataclass(frozen=True, slots=True)
class Shelf:
    """Environments by id, and tasks in order."""

    runtimes: RuntimePool
    tasks: tuple[Task, ...]

    @property
    def environments(self) -> list[Environment]:
        """The environments themselves."""
        return [runtime.environment for runtime in self.runtimes.values()]

    def runtime_of(self, task: Task) -> Runtime:
        """Give the environment of a task.

        Raises:
            AccessError: it is not on the shelf.
        """
        runtime = self.runtimes.get(task.environment)
        if runtime is None:
            names = ", ".join(self.runtimes)
            raise NotFoundError(f"task {task.id} is of environment {task.environment}, which is not among: {names}")
        return runtime


async def load_shelf(
    names: Sequence[str], tasks: Path | None = None, simulation: SimulationPlan | None = None
) -> Shelf:
    """Load environments by what a person writes, with the tasks in their folders, or with those of a file.

    Args:
        names: Folders, packs, or names of built-in environments.
        tasks: The file of tasks to use instead of the folders' own.
        simulation: How calls are simulated; by default by the environments' programs.

    Raises:
        SpecError: an environment or a task draft is not sound.
        RecordError: a file of tasks cannot be read.
    """
    runtimes = RuntimePool(find_environments(list(names)), simulation)
    if tasks is not None:
        return Shelf(runtimes, _distinct(read_lines(tasks, Task).records))
    own: list[Task] = []
    for place in (find_folder(name) for name in names):
        if place.is_dir():
            own += await load_tasks(place, runtimes[load_folder(place).id])
        elif pack_tasks(place).exists():
            own += read_lines(pack_tasks(place), Task).records
    return Shelf(runtimes, _distinct(own))


def pack_tasks(pack: Path) -> Path:
    """Give the file beside a pack that holds the tasks of its environments."""
    return pack.with_suffix(".tasks.jsonl")


def _distinct(tasks: Sequence[Task]) -> tuple[Task, ...]:
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise RecordError(f"two tasks have the id {task.id}")
        seen.add(task.id)
    return tuple(tasks)
