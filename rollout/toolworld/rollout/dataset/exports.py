"""The forms in which a dataset is written for trainers and other projects."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from toolworld.datasets import (
    Task,
    TaskSuite,
    Trajectory,
    to_chat,
    to_conversation,
    to_sharegpt,
    to_synthtools,
)
from toolworld.environments import Environment, RuntimePool
from toolworld.ground import RecordError, each_line, encode, os_reason
from toolworld.rollout.dataset.files import TASKS, TRAJECTORIES

EXPORT = "export"
CHAT, SHAREGPT, CONVERSATIONS, TASK_CONTENT = (
    "chat.jsonl",
    "sharegpt.jsonl",
    "conversations.jsonl",
    "task_content.jsonl",
)


class DatasetRow(NamedTuple):
    """A task of a dataset with its run."""

    task: Task
    trajectory: Trajectory


def rows_of(folder: Path) -> Iterator[DatasetRow]:
    """The tasks of a dataset with their runs, one after the other.

    Raises:
        RecordError: a file cannot be read, or they do not belong together.
    """
    tasks, runs = each_line(folder / TASKS, Task), each_line(folder / TRAJECTORIES, Trajectory)
    for task, trajectory in zip(tasks, runs, strict=True):
        if trajectory.task != task.id:
            raise RecordError(f"{folder}: run {trajectory.id} stands where a run of {task.id} should")
        yield DatasetRow(task, trajectory)


def export_dataset(folder: Path, runtimes: RuntimePool, *, steered: bool) -> tuple[Path, ...]:
    """Write a dataset as OpenAI messages, ShareGPT, conversation records of data-generator, and SynthTools rows.

    Args:
        folder: The dataset.
        runtimes: Its environments.
        steered: Whether the memory of the corpus steered it, which conversation records tell.

    Returns:
        The files, in the folder `export` of the dataset.

    Raises:
        RecordError: a file cannot be read or written.
    """
    suite = TaskSuite(runtimes, ())

    def environment_of(row: DatasetRow) -> Environment:
        return suite.runtime_of(row.task).environment

    forms: Mapping[str, Callable[[DatasetRow], bytes]] = {
        CHAT: lambda row: encode(to_chat(row.trajectory, environment_of(row))),
        SHAREGPT: lambda row: encode(to_sharegpt(row.trajectory, environment_of(row))),
        CONVERSATIONS: lambda row: encode(
            to_conversation(row.task, row.trajectory, environment_of(row), steered=steered)
        ),
        TASK_CONTENT: lambda row: to_synthtools(row.task, suite.runtime_of(row.task)).json_bytes(),
    }
    places = {name: folder / EXPORT / name for name in forms}
    drafts = {name: path.with_name(f"{name}.part") for name, path in places.items()}
    try:
        (folder / EXPORT).mkdir(exist_ok=True)
        with ExitStack() as stack:
            open_files = {name: stack.enter_context(path.open("wb")) for name, path in drafts.items()}
            for row in rows_of(folder):
                for name, form in forms.items():
                    open_files[name].write(form(row) + b"\n")
        for name, path in places.items():
            drafts[name].replace(path)
    except OSError as problem:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
        raise RecordError(f"{folder / EXPORT} cannot be written: {os_reason(problem)}") from None
    return tuple(places.values())
