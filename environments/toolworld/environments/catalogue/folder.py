"""An environment on disk: a folder that a person can read and edit.

environment.json   id, domain, title, description, tools, state schema, clock, rules
policy.md          what the agent must obey
state.json         the initial state, one record a line
behaviour.star     the program (absent where a model simulates the tools)
"""

from pathlib import Path

import orjson
from pydantic import ValidationError

from toolworld.environments.spec.environment import BEHAVIOUR_FILE as BEHAVIOUR
from toolworld.environments.spec.environment import Environment
from toolworld.environments.state.schema import StateDocument
from toolworld.ground import (
    EncodingError,
    JsonObject,
    JsonValue,
    SpecError,
    decode,
    describe_error,
    encode,
    parse_record,
    read_bytes,
    write_atomically,
)

SPEC, POLICY, STATE = "environment.json", "policy.md", "state.json"
_ELSEWHERE = {"policy", "initial_state", "behaviour"}


def load_folder(folder: Path) -> Environment:
    """Read an environment folder.

    Raises:
        SpecError: a file is missing, cannot be read, or does not hold what it should (which, and where in it).
    """
    if not (folder / SPEC).is_file():
        raise SpecError(f"{folder} is not an environment folder: it has no {SPEC}")
    spec = _object(folder / SPEC)
    misplaced = _ELSEWHERE & spec.keys()
    if misplaced:
        raise SpecError(f"{folder / SPEC}: `{min(misplaced)}` has a file of its own ({POLICY}, {STATE} or {BEHAVIOUR})")
    state = parse_record(StateDocument, _text(folder / STATE), str(folder / STATE), SpecError)
    try:
        encode(state.model_dump())
    except EncodingError as problem:
        raise SpecError(f"{folder / STATE}: {problem}") from None
    program = folder / BEHAVIOUR
    parts: dict[str, object] = {
        "policy": _text(folder / POLICY),
        "initial_state": state,
        "behaviour": _text(program) if program.exists() else None,
    }
    try:
        return Environment.model_validate({**spec, **parts})
    except ValidationError as problem:
        raise SpecError(f"{folder / SPEC}: {describe_error(problem)}") from None


def save_folder(environment: Environment, folder: Path) -> None:
    """Write an environment as a folder; files that are there are replaced, each as a whole."""
    spec = environment.model_dump(mode="json", exclude=_ELSEWHERE, exclude_none=True)
    write_atomically(folder / SPEC, orjson.dumps(spec, option=orjson.OPT_INDENT_2) + b"\n", SpecError)
    write_atomically(folder / POLICY, environment.policy.encode(), SpecError)
    write_atomically(folder / STATE, state_text(environment.initial_state), SpecError)
    if environment.behaviour is not None:
        write_atomically(folder / BEHAVIOUR, environment.behaviour.encode(), SpecError)


def state_text(document: StateDocument) -> bytes:
    """Write a state with one record a line, so that a person can read it and a diff shows what changed."""
    collections = (
        b"    " + orjson.dumps(name) + b": [" + _block(list(records)) + b"]"
        for name, records in document.collections.items()
    )
    singletons = (
        b"    " + orjson.dumps(name) + b": " + orjson.dumps(value) for name, value in document.singletons.items()
    )
    return (
        b'{\n  "collections": {\n' + b",\n".join(collections) + b"\n  },\n"
        b'  "singletons": {\n' + b",\n".join(singletons) + b"\n  }\n}\n"
    )


def _block(records: list[dict[str, JsonValue]]) -> bytes:
    if not records:
        return b""
    return b"\n" + b",\n".join(b"      " + orjson.dumps(record) for record in records) + b"\n    "


def _object(path: Path) -> JsonObject:
    try:
        value = decode(_text(path))
    except EncodingError as problem:
        raise SpecError(f"{path}: {problem}") from None
    if not isinstance(value, dict):
        raise SpecError(f"{path}: must hold a JSON object")
    return value


def _text(path: Path) -> str:
    try:
        return read_bytes(path, SpecError).decode()
    except UnicodeDecodeError:
        raise SpecError(f"{path} is not UTF-8 text") from None
