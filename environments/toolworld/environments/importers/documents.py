"""Documents in JSON, YAML or TOML that strangers wrote: found in folders, bounded in size; nothing is run."""

import os
import tomllib
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, cast

from toolworld.environments.importers.found_toolset import MAX_FILE_BYTES
from toolworld.ground import (
    BYTE_ORDER_MARK,
    EncodingError,
    JsonValue,
    RecordError,
    UsageError,
    decode,
    encode,
    read_bytes,
)

_ENDINGS = (".json", ".yaml", ".yml")
MAX_YAML_DEPTH = 200
MAX_VALUES = 2_000_000
"""How many values a document in YAML may have."""


def document_files(path: Path, endings: tuple[str, ...] = _ENDINGS) -> Iterator[tuple[Path, str]]:
    """The documents of a folder with their paths in it, in order; or the one file that a path is.

    Raises:
        UsageError: there is nothing at the path.
    """
    if path.is_file():
        yield path.resolve(), path.name  # whoever names a link means what it leads to
        return
    if not path.is_dir():
        raise UsageError(f"{path} is neither a file nor a folder")
    for file in sorted(one for one in path.rglob("*") if one.name.lower().endswith(endings)):
        yield file, os.fsencode(file.relative_to(path).as_posix()).decode(errors="replace")


def read_document(path: Path, folder: Path | None = None) -> JsonValue:
    """Read a document.

    Args:
        path: The document.
        folder: The folder that was named, which it has to lie in; by default its own.

    Raises:
        RecordError: it cannot be read, is too large, or is not what its name says.
    """
    data = read_bytes(
        path, most=MAX_FILE_BYTES, within=folder if folder is not None and folder.is_dir() else path.parent
    ).removeprefix(BYTE_ORDER_MARK)
    if path.suffix.lower() == ".toml":
        return _read_toml(data, path)
    try:
        return decode(data)
    except EncodingError as problem:
        if path.suffix.lower() == ".json":
            raise RecordError(f"{path}: {problem}") from None
    return _read_yaml(data, path)


def _refuse_deep(events: Iterable[Any]) -> None:
    """Refuse YAML that is nested so deeply, or so long, that its reader would break: events come one by one.

    Raises:
        ValueError: it is.
    """
    depth = 0
    for number, event in enumerate(events):
        name = type(event).__name__
        depth += name.endswith(("MappingStartEvent", "SequenceStartEvent"))
        depth -= name.endswith(("MappingEndEvent", "SequenceEndEvent"))
        if depth > MAX_YAML_DEPTH or number > 2 * MAX_VALUES:
            raise ValueError(f"it is nested more than {MAX_YAML_DEPTH} levels deep, or has too many values")


def _read_yaml(data: bytes, path: Path) -> JsonValue:
    import yaml  # takes time to load, and most documents are JSON

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = data.decode()
        _refuse_deep(cast(Iterable[Any], yaml.parse(text, loader)))  # pyright: ignore[reportUnknownMemberType]
        found = yaml.load(text, loader)
        return decode(encode(_plain(found, count(MAX_VALUES, -1))))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, EncodingError, ValueError) as problem:
        said = (str(problem).splitlines() or ["it is not well formed"])[0]
        raise RecordError(f"{path} is neither JSON nor YAML that JSON can hold: {said}") from None


def _read_toml(data: bytes, path: Path) -> JsonValue:
    try:
        return decode(encode(_plain(tomllib.loads(data.decode()), count(MAX_VALUES, -1))))
    except (UnicodeDecodeError, RecursionError, EncodingError, ValueError) as problem:
        raise RecordError(f"{path} is not TOML that JSON can hold: {problem}") from None


def _plain(value: object, left: Iterator[int]) -> object:
    """A value of YAML as JSON has it: keys and days are texts, and aliases count each time that they are used.

    Raises:
        ValueError: it has too many values, as a few aliases of aliases can have.
    """
    if next(left) <= 0:
        raise ValueError(f"it has more than {MAX_VALUES:,} values")
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return {_key(name): _plain(inner, left) for name, inner in items}
    if isinstance(value, list | tuple | set):
        return [_plain(inner, left) for inner in cast("list[object]", value)]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _key(name: object) -> str:
    return str(name).lower() if isinstance(name, bool) else str(name)
