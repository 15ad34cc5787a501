"""Loading a suite by what a person writes: folders, packs and the names of built-in environments."""

from collections.abc import Sequence
from pathlib import Path

from toolworld.datasets.suite.task_suite import TaskSuite
from toolworld.datasets.task import Task
from toolworld.datasets.truth.draft import load_tasks
from toolworld.environments import (
    RuntimePool,
    SimulationPlan,
    find_environments,
    load_environments,
    save_pack,
)
from toolworld.ground import LineWriter, RecordError, SpecError, read_lines


async def load_suite(
    names: Sequence[str], tasks: Path | None = None, simulation: SimulationPlan | None = None
) -> TaskSuite:
    """Load environments with the tasks in their folders, or with the tasks of a file.

    Args:
        names: Folders, packs, or names of built-in environments.
        tasks: A JSONL file of tasks to use instead of the folders' own.
        simulation: How calls are simulated; by default by the environments' programs.

    Raises:
        SpecError: an environment or a task draft is not sound.
        RecordError: a file of tasks cannot be read.
    """
    found = find_environments(names)
    runtimes = RuntimePool({one.id: one.source for one in found}, simulation)
    if tasks is not None:
        return TaskSuite(runtimes, _distinct(_whole(tasks)))
    own: list[Task] = []
    for path in dict.fromkeys(one.path for one in found):
        if path.is_dir():
            own += await load_tasks(path, runtimes[next(one.id for one in found if one.path == path)])
        elif pack_tasks(path).exists():
            own += _whole(pack_tasks(path), within=path.parent)
    return TaskSuite(runtimes, _distinct(own))


async def save_suite(names: Sequence[str], pack: Path) -> tuple[int, int]:
    """Append environments to a pack, and their tasks to the file beside it.

    Returns:
        The numbers of environments and of tasks.

    Raises:
        SpecError: the pack is no `.jsonl` file, or holds one of the environments already.
    """
    if pack.suffix != ".jsonl":
        raise SpecError(f"a pack is a .jsonl file, not {pack}")
    loaded = load_environments(names)
    packed_before = {one.id for one in load_environments([str(pack)])} if pack.exists() else set[str]()  # noqa: ASYNC240
    for environment in loaded:
        if environment.id in packed_before:
            raise SpecError(f"{pack} holds an environment {environment.id} already")
    suite = await load_suite(names)
    save_pack(loaded, pack)
    with LineWriter(pack_tasks(pack)) as lines:
        for task in suite.tasks:
            lines.append(task)
    return len(loaded), len(suite.tasks)


def pack_tasks(pack: Path) -> Path:
    """The file beside a pack that holds the tasks of its environments."""
    return pack.with_suffix(".tasks.jsonl")


def _whole(path: Path, within: Path | None = None) -> tuple[Task, ...]:
    """The tasks of a file, all of them: one that is cut off would be missing from what is asked of the others."""
    lines = read_lines(path, Task, within=within)
    if lines.torn:
        raise RecordError(f"{path}: the last line is cut off ({lines.torn} bytes); mend it, or take it out")
    return lines.records


def _distinct(tasks: Sequence[Task]) -> tuple[Task, ...]:
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise RecordError(f"two tasks have the id {task.id}")
        seen.add(task.id)
    return tuple(tasks)
