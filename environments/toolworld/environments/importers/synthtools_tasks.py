"""Tasks of SynthTools' environments: a list in `*.environment.yml`, or a file each, some with a solution.

What a task is called differs from file to file: `text`, `task` or `task_text`; `validity` or `task_validity`. A
solution is a list of calls, each a text or an object of one, such as `{tool_call1: 'Name(a = 1, b = "x")'}`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolworld.environments.importers.documents import document_files, read_document
from toolworld.environments.importers.found_toolset import environment_id, list_of, object_of, text_of
from toolworld.ground import JsonObject, JsonValue, RecordError

_LISTS = ("tasks", "task_list")
_TEXTS = ("text", "task", "task_text", "description")
_VALIDITIES = ("validity", "task_validity", "valid")
_SOLUTIONS = ("solution", "gt_tool_calls", "ground_truth")


@dataclass(frozen=True, slots=True)
class SynthToolsTask:
    """A task as its document has it."""

    place: str
    """Where it stands: the file, and its number in there."""
    environment: str
    """The id of the environment that its specification becomes."""
    text: str
    is_valid: bool | None
    """Whether it can be done and is allowed; None where nothing says so."""
    solution: tuple[str, ...]
    """The right calls, each as a text."""


def read_synthtools_tasks(path: Path) -> Iterator[SynthToolsTask]:
    """Read the tasks in a file or folder; documents that cannot be read are named by the import of the tools."""
    for file, name in document_files(path):
        try:
            yield from tasks_in(read_document(file, path), name)
        except RecordError:
            continue


def spec_of(name: str) -> str:
    """The specification that a file belongs to: `<spec>__Tool.json`, `<spec>.environment.yml`."""
    return name.rsplit("/", 1)[-1].split("__")[0].split(".")[0]


def tasks_in(document: JsonValue, name: str) -> Iterator[SynthToolsTask]:
    """The tasks of a document: those of its list, or the one that it is."""
    whole = object_of(document)
    listed = [one for key in _LISTS for one in list_of(whole.get(key)) if isinstance(one, dict)]
    single = whole.get("task_data")
    if not listed and isinstance(single, dict):
        listed = [{**single, **{key: whole[key] for key in _SOLUTIONS if key in whole}}]
    environment = environment_id(spec_of(name))
    for number, one in enumerate(listed):
        text = next((said for key in _TEXTS if (said := text_of(one.get(key)).strip())), "")
        if text:
            yield SynthToolsTask(f"{name}#task {number}", environment, text, _validity(one), tuple(_solution(one)))


def _validity(task: JsonObject) -> bool | None:
    said = next((task[key] for key in _VALIDITIES if key in task), None)
    if isinstance(said, bool) or said is None:
        return said
    plain = text_of(said).strip().lower()
    if plain.startswith(("valid", "yes", "true")):
        return True
    return False if plain.startswith(("invalid", "not valid")) or plain in ("no", "false") else None


def _solution(task: Mapping[str, JsonValue]) -> Iterator[str]:
    """The calls of a solution as texts; what is none is given as a text, too, which no call has."""
    found = next((task[key] for key in _SOLUTIONS if task.get(key)), None)
    for one in found if isinstance(found, list) else [found] if found is not None else []:
        inner = list(one.values()) if isinstance(one, dict) and one else [one]
        yield from (text if isinstance(text, str) else f"{str(text)[:200]} (no text)" for text in inner)
