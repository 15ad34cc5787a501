"""Importer of BFCL's multi-turn function documents, with the configurations of its tasks as state documents.

Source of the format: the data folder of the package `bfcl-eval` (Berkeley Function-Calling Leaderboard, Apache-2.0):
`multi_turn_func_doc/*.json` has a function a line, `BFCL_v4_multi_turn_*.json` a task a line. Nothing of it is run.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from toolworld.environments.importers.found_toolset import (
    MAX_FILE_BYTES,
    FoundToolset,
    ImportedItem,
    OperationDraft,
    environment_id,
    finished,
    list_of,
    object_of,
    refused,
    text_of,
)
from toolworld.environments.normaliser.mend import mended
from toolworld.environments.normaliser.operation import Toolset
from toolworld.ground import EncodingError, JsonObject, JsonValue, UsageError, decode, read_bytes

_DOCUMENTS = "multi_turn_func_doc"
_CLASSES = {
    "gorilla_file_system": "GorillaFileSystem",
    "math_api": "MathAPI",
    "message_api": "MessageAPI",
    "posting_api": "TwitterAPI",
    "ticket_api": "TicketAPI",
    "trading_bot": "TradingBot",
    "travel_booking": "TravelAPI",
    "vehicle_control": "VehicleControlAPI",
}
"""The class that each document describes, by which tasks name their configuration."""


def import_bfcl(path: Path) -> Iterator[FoundToolset]:
    """Read the data folder of `bfcl-eval`, or a single function document.

    Raises:
        UsageError: the path has no function documents.
    """
    folder = path / "data" if (path / "data" / _DOCUMENTS).is_dir() else path
    documents = [path] if path.is_file() else sorted((folder / _DOCUMENTS).glob("*.json"))
    if not documents:
        raise UsageError(f"{path} has no {_DOCUMENTS}/*.json; give the data folder of bfcl-eval")
    states = _configurations(folder) if path.is_dir() else {}
    for document in documents:
        yield _toolset(document, states, folder if folder.is_dir() else document.parent)


def _configurations(folder: Path) -> dict[str, list[JsonObject]]:
    """The configurations of all tasks, by class."""
    found: dict[str, list[JsonObject]] = {}
    for file in sorted(folder.glob("BFCL_v4_multi_turn_*.json")):
        for line in read_bytes(file, UsageError, most=MAX_FILE_BYTES, within=folder).splitlines():
            for name, state in object_of(object_of(_decoded(line)).get("initial_config")).items():
                if isinstance(state, dict) and state:
                    found.setdefault(name, []).append(state)
    return found


def _decoded(line: bytes) -> JsonValue:
    try:
        return decode(line)
    except EncodingError:
        return None


def _toolset(document: Path, states: Mapping[str, list[JsonObject]], folder: Path) -> FoundToolset:
    named = _CLASSES.get(document.stem, document.stem)
    made = environment_id(document.stem)
    drafts: list[tuple[str, OperationDraft]] = []
    left: list[ImportedItem] = []
    about = ""
    for number, line in enumerate(
        read_bytes(document, UsageError, most=MAX_FILE_BYTES, within=folder).splitlines(), start=1
    ):
        function, place = _decoded(line), f"{document.name}:{number}"
        if not line.strip():
            continue
        if not isinstance(function, dict) or not text_of(function.get("name")):
            left.append(ImportedItem(item=place, outcome="refused", why="the line is no function with a name"))
            continue
        before, _, said = text_of(function.get("description")).partition("Tool description:")
        about = about or before.strip()
        drafts.append((f"{place} {function['name']}", _draft(function, said.strip() or before.strip())))
    if not drafts:
        return refused(document.name, "it has no function")
    operations, items = finished(drafts, made)
    toolset = Toolset(made, named, named, about or named, operations, tuple(states.get(named, ())))
    return FoundToolset(toolset, tuple(items + left))


def _draft(function: JsonObject, said: str) -> OperationDraft:
    draft = OperationDraft(original=text_of(function["name"]), description=said)
    parameters = object_of(function.get("parameters"))
    required = list_of(parameters.get("required"))
    for name, schema in object_of(parameters.get("properties")).items():
        draft.add(name, schema, required=name in required)
    draft.response = mended(function.get("response"), draft.mends)
    return draft
