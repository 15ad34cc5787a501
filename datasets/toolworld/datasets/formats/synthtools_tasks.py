"""Tasks of SynthTools' environments, which were imported before: those with a solution, and those that cannot be done.

A task without a solution says nothing that could be checked, and is refused; so is one whose solution is refused here.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from toolworld.datasets.suite.loading import pack_tasks
from toolworld.datasets.task import Scenario, Task
from toolworld.datasets.truth.draft import TASKS, DraftCall, TaskDraft
from toolworld.datasets.truth.imported import task_or_reason
from toolworld.environments import (
    Environment,
    ImportedItem,
    Runtime,
    SynthToolsTask,
    compact_name,
    load_environments,
    read_synthtools_tasks,
    synthtools_call,
)
from toolworld.ground import RecordError, read_lines, write_lines


async def import_synthtools_tasks(path: Path, out: Path) -> tuple[ImportedItem, ...]:
    """Write the tasks in a file or folder beside the environments that were made of it.

    Args:
        path: What was imported.
        out: The pack, or the folder of folders, that was made of it.

    Returns:
        A line for each task.
    """
    rows = list(read_synthtools_tasks(path))
    environments = {one.id: one for one in _environments(out, {row.environment for row in rows})}
    made: dict[str, list[Task]] = {}
    items: list[ImportedItem] = []
    for number, row in enumerate(rows):
        environment = environments.get(row.environment)
        task = (
            await _made(row, f"task_{number}", environment) if environment else "no tools of its specification came in"
        )
        if isinstance(task, Task):
            made.setdefault(task.environment, []).append(task)
            items.append(ImportedItem(item=row.place, outcome="imported", environment=task.environment))
        else:
            items.append(ImportedItem(item=row.place, outcome="refused", why=task))
    _write(made, out)
    return tuple(items)


def _environments(out: Path, wanted: set[str]) -> Iterable[Environment]:
    if out.suffix == ".jsonl":
        return [one for one in load_environments([str(out)]) if one.id in wanted] if out.exists() else []
    return load_environments([str(out / one) for one in sorted(wanted) if (out / one).is_dir()])


async def _made(row: SynthToolsTask, name: str, environment: Environment) -> Task | str:
    if not row.solution and row.is_valid is not False:
        return "it has no solution, so that nothing says what is right"
    names = {compact_name(one.original_name or one.name): one.name for one in environment.tools}
    try:
        calls = tuple(_call(text, names, row.place) for text in row.solution)
        draft = TaskDraft(id=name, request=row.text, scenario=Scenario(goal=row.text), calls=calls)
    except (RecordError, ValidationError) as problem:
        return str(problem)
    return await task_or_reason(draft, Runtime(environment))


def _call(text: str, names: Mapping[str, str], where: str) -> DraftCall:
    name, bracket, rest = text.strip().partition("(")
    known = names.get(compact_name(name), re.sub(r"\W+", "_", name.strip()))
    call = synthtools_call(f"{known}{bracket}{rest}", where)
    return DraftCall(name=call.name, arguments=call.arguments)


def _write(made: Mapping[str, list[Task]], out: Path) -> None:
    if out.suffix == ".jsonl":
        path = pack_tasks(out)
        others = read_lines(path, Task).records if path.exists() else ()
        kept = [one for one in others if one.environment not in made]
        if made:
            write_lines(path, [*kept, *(task for tasks in made.values() for task in tasks)])
        return
    for environment, tasks in made.items():
        write_lines(out / environment / TASKS, tasks)
