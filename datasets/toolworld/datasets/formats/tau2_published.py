"""tau2-bench domains as they are published: an environment, and those of its tasks whose calls can be made there.

`tasks.json` holds the calls of each task without what they return, so they are made here. A task is refused, with its
reason, where that proves nothing: the user side has tools of its own, the task begins in another state, or a call is
refused by a program that was compiled and may be wrong about it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from toolworld.datasets.fact import fact_of
from toolworld.datasets.formats.tau2 import (
    Tau2Instructions,
    Tau2Task,
    first_person,
    import_tau2_task,
    read_tau2_tasks,
    tau2_scenario,
    with_required_transfers,
)
from toolworld.datasets.task import Task
from toolworld.datasets.truth.draft import TASKS, DraftCall, TaskDraft
from toolworld.datasets.truth.imported import task_or_reason
from toolworld.environments import (
    Environment,
    ImportedItem,
    Runtime,
    Tau2Files,
    find_tau2_files,
    has_tau2_program,
    import_found,
    import_tau2,
    read_tau2_source,
    save_folder,
)
from toolworld.ground import JsonValue, Record, RecordError, describe_error, read_bytes, write_lines


class _Read(Record):
    model_config = ConfigDict(frozen=True, extra="ignore")  # editions of tau2 differ in fields that are not used


class _Instructions(Tau2Instructions):
    model_config = ConfigDict(frozen=True, extra="ignore")

    task_instructions: str = ""


class _UserScenario(_Read):
    persona: str | None = None
    instructions: _Instructions | str


class _Action(_Read):
    name: str
    arguments: dict[str, JsonValue]
    requestor: Literal["assistant", "user"] = "assistant"


class _Criteria(_Read):
    actions: tuple[_Action, ...] | None = None
    communicate_info: tuple[str, ...] | None = None


class _StartingState(_Read):
    initialization_data: JsonValue = None
    initialization_actions: JsonValue = None
    message_history: JsonValue = None


class PublishedTask(_Read):
    """A task of tau2's `tasks.json`."""

    id: Annotated[str, BeforeValidator(str)]
    user_scenario: _UserScenario
    initial_state: _StartingState | None = None
    evaluation_criteria: _Criteria | None = None

    @property
    def actions(self) -> tuple[_Action, ...]:
        """The reference calls."""
        return (self.evaluation_criteria.actions or ()) if self.evaluation_criteria else ()


MAX_TASKS_BYTES = 256 << 20
_TASKS: TypeAdapter[tuple[PublishedTask, ...]] = TypeAdapter(tuple[PublishedTask, ...])


@dataclass(frozen=True, slots=True)
class Tau2Import:
    """What came of a domain."""

    environment: Environment
    tasks: tuple[Task, ...]
    items: tuple[ImportedItem, ...]
    """A line for each tool and each task."""


async def import_tau2_folder(path: Path, out: Path, *, seed: int = 0) -> Tau2Import:
    """Write an environment folder with its tasks for a tau2 domain.

    Args:
        path: The folder of a domain: that of its data or that of its source, in a checkout or package; or a folder with
            `db.json`, `policy.md`, `tools.json` and `tasks*.jsonl`, whose calls were recorded.
        out: The folder to write.
        seed: Decides what a compiled program is made up of.

    Raises:
        RecordError: a file cannot be read.
        SpecError: no environment can be made of it.
    """
    files = find_tau2_files(path)
    environment, items = _environment(files, seed)
    runtime = Runtime(environment)
    tasks: list[Task] = []
    for file in sorted(files.data.glob("tasks*.jsonl")):
        for row in read_tau2_tasks(file):
            tasks.append(await import_tau2_task(row, runtime))
            items.append(_imported(row, environment))
    taken = {one.id for one in tasks}
    for row in _published(files.data / "tasks.json"):
        made = await _task_or_reason(row, runtime)
        if isinstance(made, Task) and made.id in taken:
            made = f"another task has the id {made.id}"
        if isinstance(made, Task):
            taken.add(made.id)
            tasks.append(made)
            items.append(_imported(row, environment))
        else:
            items.append(ImportedItem(item=f"task {row.id}", outcome="refused", why=made))
    save_folder(environment, out)
    write_lines(out / TASKS, tasks)
    return Tau2Import(environment, tuple(tasks), tuple(items))


def _environment(files: Tau2Files, seed: int) -> tuple[Environment, list[ImportedItem]]:
    """The environment, with a line for each tool: of our program, where the tools beside the data are those it has."""
    ours = import_tau2(files.data, files.domain) if has_tau2_program(files.domain) else None
    if ours is not None and (files.tools is None or (files.data / "tools.json").is_file()):
        return ours, _imported_tools(ours)
    found = read_tau2_source(files)
    theirs = {one.name for one in found.toolset.operations} if found.toolset is not None else set[str]()
    if ours is not None and theirs <= {one.name for one in ours.tools}:
        return ours, _imported_tools(ours)
    return import_found(found, seed=seed), [*found.items]


def _imported_tools(environment: Environment) -> list[ImportedItem]:
    tools = [f"tool {one.name}" for one in environment.tools]
    return [ImportedItem(item=one, outcome="imported", environment=environment.id) for one in tools]


def _imported(row: Tau2Task | PublishedTask, environment: Environment) -> ImportedItem:
    return ImportedItem(item=f"task {row.id}", outcome="imported", environment=environment.id)


def _published(path: Path) -> Iterator[PublishedTask]:
    if not path.is_file():
        return
    try:
        yield from _TASKS.validate_json(read_bytes(path, most=MAX_TASKS_BYTES, within=path.parent))
    except ValidationError as problem:
        raise RecordError(f"{path}: {describe_error(problem)}") from None


async def _task_or_reason(row: PublishedTask, runtime: Runtime) -> Task | str:
    """The task, or why its calls prove nothing here."""
    start = row.initial_state
    if start is not None and (start.initialization_data or start.initialization_actions or start.message_history):
        return "it begins in a state of its own, which is made by calls of the benchmark's own"
    if any(one.requestor == "user" for one in row.actions):
        return "the user makes calls too, on a device of its own"
    made = await task_or_reason(_draft(row), runtime)
    return with_required_transfers(made) if isinstance(made, Task) else made


def _draft(row: PublishedTask) -> TaskDraft:
    told = row.user_scenario.instructions
    said = _Instructions(reason_for_call=told) if isinstance(told, str) else told
    facts = (row.evaluation_criteria.communicate_info or ()) if row.evaluation_criteria else ()
    return TaskDraft(
        id=re.sub(r"[^A-Za-z0-9_.-]+", "_", row.id).strip("_.-") or "task",
        request=first_person(said.reason_for_call),
        scenario=tau2_scenario(row.user_scenario.persona, said),
        calls=tuple(DraftCall(name=one.name, arguments=one.arguments) for one in row.actions),
        facts=tuple(fact_of(one) for one in facts if one.strip()),
    )
