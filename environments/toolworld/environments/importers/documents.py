"""Documents in JSON or YAML that strangers wrote: found in folders, bounded in size, read without running anything."""

from collections.abc import Iterator
from pathlib import Path

from toolworld.environments.importers.found_toolset import MAX_FILE_BYTES
from toolworld.ground import EncodingError, JsonValue, RecordError, UsageError, decode, encode, os_reason

_ENDINGS = (".json", ".yaml", ".yml")


def document_files(path: Path, endings: tuple[str, ...] = _ENDINGS) -> Iterator[tuple[Path, str]]:
    """The documents of a folder with their paths in it, in order; or the one file that a path is.

    Raises:
        UsageError: there is nothing at the path.
    """
    if path.is_file():
        yield path, path.name
        return
    if not path.is_dir():
        raise UsageError(f"{path} is neither a file nor a folder")
    for file in sorted(one for one in path.rglob("*") if one.name.endswith(endings) and one.is_file()):
        yield file, file.relative_to(path).as_posix()


def read_document(path: Path) -> JsonValue:
    """Read a document.

    Raises:
        RecordError: it cannot be read, is too large, or is neither JSON nor YAML.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise RecordError(f"{path} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read")
        data = path.read_bytes()
    except OSError as problem:
        raise RecordError(f"{path} cannot be read: {os_reason(problem)}") from None
    try:
        return decode(data)
    except EncodingError as problem:
        if path.suffix == ".json":
            raise RecordError(f"{path}: {problem}") from None
    return _read_yaml(data, path)


def _read_yaml(data: bytes, path: Path) -> JsonValue:
    import yaml  # takes time to load, and most documents are JSON

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return decode(encode(yaml.load(data.decode(), loader)))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, EncodingError) as problem:
        raise RecordError(f"{path} is neither JSON nor YAML: {str(problem).splitlines()[0]}") from None
