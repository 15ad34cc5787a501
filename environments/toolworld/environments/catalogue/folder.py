"""An environment on disk, as a folder that a person can read and edit:

environment.json   id, domain, title, description, tools, state schema, clock, rules
policy.md          what the agent must obey
state.json         the initial state, one record per line
behaviour.py       the program (absent where a model simulates the tools)
recording.jsonl    what a real server answered, of which this is the twin (absent where there was none)
"""

from pathlib import Path
from typing import cast

import orjson
from pydantic import ValidationError

from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.recorded_answer import RecordedAnswer
from toolworld.environments.state.schema import StateDocument
from toolworld.ground import (
    EncodingError,
    JsonObject,
    JsonValue,
    SpecError,
    decode,
    describe_error,
    described_schema,
    encode,
    parse_record,
    read_json_text,
    read_lines,
    read_text,
    write_atomically,
    write_lines,
)

SPEC_FILE, POLICY_FILE, STATE_FILE = "environment.json", "policy.md", "state.json"
RECORDING_FILE, CAPTURE_FILE = "recording.jsonl", "capture.jsonl"
MAX_PART_BYTES = 256 << 20
"""How large each file of a folder may be."""
_FIELDS_IN_OTHER_FILES = {"policy", "initial_state", "behaviour", "recording"}
"""Fields of an environment that have files of their own."""


def load_folder(folder: Path) -> Environment:
    """Read an environment folder.

    Raises:
        SpecError: a file is missing, cannot be read, or has invalid content; the message names the file and the place.
    """
    if not (folder / SPEC_FILE).is_file() and (folder / CAPTURE_FILE).is_file():
        raise SpecError(f"{folder} holds a recording that no twin was made of yet: toolworld env twin {folder}")
    if not (folder / SPEC_FILE).is_file():
        raise SpecError(f"{folder} is not an environment folder: it has no {SPEC_FILE}")
    spec = _read_object(folder / SPEC_FILE)
    spec.pop("$schema", None)  # for editors
    misplaced = _FIELDS_IN_OTHER_FILES & spec.keys()
    if misplaced:
        raise SpecError(
            f"{folder / SPEC_FILE}: `{min(misplaced)}` has a file of its own "
            f"({POLICY_FILE}, {STATE_FILE}, {BEHAVIOUR_FILE} or {RECORDING_FILE})"
        )
    state = parse_record(StateDocument, _read_json(folder / STATE_FILE), str(folder / STATE_FILE), SpecError)
    # NaN and integers beyond 64 bits pass the validation, but cannot be written as JSON
    try:
        encode(state.model_dump())
    except EncodingError as problem:
        raise SpecError(f"{folder / STATE_FILE}: {problem}") from None
    program, recording = folder / BEHAVIOUR_FILE, folder / RECORDING_FILE
    parts: dict[str, object] = {
        "policy": _read_text(folder / POLICY_FILE),
        "initial_state": state,
        "behaviour": _read_text(program) if _is_there(program) else None,
        "recording": _read_recording(recording) if _is_there(recording) else (),
    }
    try:
        return Environment.model_validate({**spec, **parts}).at(folder)
    except ValidationError as problem:
        raise SpecError(f"{folder / SPEC_FILE}: {describe_error(problem)}") from None


def spec_schema() -> JsonObject:
    """The JSON Schema of `environment.json`."""
    schema = described_schema(Environment)
    properties = cast(JsonObject, schema["properties"])
    required = cast("list[str]", schema["required"])
    parts = cast(JsonObject, schema["$defs"])
    kept = {name: shape for name, shape in properties.items() if name not in _FIELDS_IN_OTHER_FILES}
    schema_place: JsonObject = {"type": "string", "description": "Where this JSON Schema is, for editors."}
    return {
        **schema,
        "title": SPEC_FILE,
        "properties": {"$schema": schema_place, **kept},
        "required": [name for name in required if name not in _FIELDS_IN_OTHER_FILES],
        "$defs": {name: part for name, part in parts.items() if name != StateDocument.__name__},
    }


def save_folder(environment: Environment, folder: Path) -> None:
    """Write an environment as a folder; each existing file is replaced atomically."""
    spec = environment.model_dump(mode="json", exclude=_FIELDS_IN_OTHER_FILES, exclude_none=True)
    write_atomically(folder / SPEC_FILE, orjson.dumps(spec, option=orjson.OPT_INDENT_2) + b"\n", SpecError)
    write_atomically(folder / POLICY_FILE, environment.policy.encode(), SpecError)
    write_atomically(folder / STATE_FILE, state_text(environment.initial_state), SpecError)
    if environment.behaviour is not None:
        write_atomically(folder / BEHAVIOUR_FILE, environment.behaviour.encode(), SpecError)
    else:
        (folder / BEHAVIOUR_FILE).unlink(missing_ok=True)  # of an earlier version
    if environment.recording:
        write_lines(folder / RECORDING_FILE, environment.recording)
    else:
        (folder / RECORDING_FILE).unlink(missing_ok=True)


def state_text(document: StateDocument) -> bytes:
    """A state as JSON with one record per line, so that people can read it and diffs show single records."""
    collections = (
        b"    " + orjson.dumps(name) + b": [" + _record_lines(list(records)) + b"]"
        for name, records in document.collections.items()
    )
    singletons = (
        b"    " + orjson.dumps(name) + b": " + orjson.dumps(value) for name, value in document.singletons.items()
    )
    return (
        b'{\n  "collections": {\n' + b",\n".join(collections) + b"\n  },\n"
        b'  "singletons": {\n' + b",\n".join(singletons) + b"\n  }\n}\n"
    )


def _record_lines(records: list[dict[str, JsonValue]]) -> bytes:
    if not records:
        return b""
    return b"\n" + b",\n".join(b"      " + orjson.dumps(record) for record in records) + b"\n    "


def _read_recording(path: Path) -> tuple[RecordedAnswer, ...]:
    return read_lines(path, RecordedAnswer, SpecError, within=path.parent).records


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()  # one that leads nowhere is an error, and not absent


def _read_object(path: Path) -> JsonObject:
    try:
        value = decode(_read_json(path))
    except EncodingError as problem:
        raise SpecError(f"{path}: {problem}") from None
    if not isinstance(value, dict):
        raise SpecError(f"{path}: must hold a JSON object")
    return value


def _read_json(path: Path) -> str:
    return read_json_text(path, SpecError, most=MAX_PART_BYTES, within=path.parent)


def _read_text(path: Path) -> str:
    return read_text(path, SpecError, most=MAX_PART_BYTES, within=path.parent)
