"""Trees of files in state documents, as records of entries by their path."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.ground import JsonObject

_DEFAULT: JsonObject = {
    "/home": "",
    "/home/user": "",
    "/home/user/documents": "",
    "/home/user/documents/letter.txt": "Dear Ms Berger,\nthank you for your letter of 3 March.\nYours sincerely",
    "/home/user/notes.txt": "milk\nbread\nstamps",
    "/home/user/projects": "",
    "/home/user/projects/plan.md": "# Plan\n\n1. Measure\n2. Mend",
}
"""The entries where no state document has any: directories are empty here."""


@dataclass(frozen=True, slots=True)
class FileState:
    """The files of a toolset."""

    records: tuple[JsonObject, ...]
    root: str
    part: str | None
    """The part of the state documents that held them."""


def files_of(documents: Sequence[JsonObject]) -> FileState:
    """The files that the first state document with a tree of them has, or some to begin with."""
    for document in documents:
        for part, value in document.items():
            if isinstance(value, dict) and _is_tree(value):
                return _read(part, value)
    entries = [
        _record(path, None if _is_directory(path) else str(text), is_directory=_is_directory(path))
        for path, text in _DEFAULT.items()
    ]
    return FileState(tuple(entries), "/home/user", None)


def _is_directory(path: str) -> bool:
    return "." not in path


def _is_tree(value: JsonObject) -> bool:
    """Whether a value is a directory of files and directories, each with its type."""
    inner = [one for one in value.values() if isinstance(one, dict)]
    return bool(inner) and len(inner) == len(value) and all(one.get("type") in ("directory", "file") for one in inner)


def _read(part: str, tree: JsonObject) -> FileState:
    records: list[JsonObject] = []
    waiting: list[tuple[str, JsonObject]] = [("", tree)]
    while waiting:
        path, inside = waiting.pop()
        for name, one in inside.items():
            if not isinstance(one, dict):
                continue
            contents = one.get("contents")
            is_directory = one.get("type") == "directory"
            text = one.get("content")
            kept = text if isinstance(text, str) else None
            records.append(_record(f"{path}/{name}", kept, is_directory=is_directory))
            if is_directory and isinstance(contents, dict):
                waiting.append((f"{path}/{name}", contents))
    roots = [str(one["path"]) for one in records if str(one["path"]).count("/") == 1 and one["kind"] == "directory"]
    return FileState(tuple(records), roots[0] if len(roots) == 1 else "/", part)


def _record(path: str, content: str | None, *, is_directory: bool) -> JsonObject:
    return {
        "path": path,
        "kind": "directory" if is_directory else "file",
        "content": None if is_directory else content or "",
    }
