"""The files of a resource: regular files inside its folder only, each of bounded size, in the order of their names."""

import hashlib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from toolworld.ground import SpecError, os_reason

MAX_LISTED = 100_000
"""How many files and folders are looked at."""
MAX_FILES, MAX_BYTES, MAX_TOTAL = 20_000, 64 << 20, 1 << 30
"""How many files a resource has at most, and how long one and all together are."""


def files_in(place: Path, suffixes: Iterable[str], what: str) -> list[Path]:
    """The files of a folder and those below, or the one file that is named.

    Args:
        place: The folder or file.
        suffixes: Of the files that count; others are passed over.
        what: What the resource is called in messages.

    Raises:
        SpecError: there is none, or there are too many or too long ones.
    """
    wanted = {*suffixes}
    if place.is_file():
        found = [place]
    elif place.is_dir():
        root = place.resolve()
        inside = sorted(islice(place.rglob("*"), MAX_LISTED + 1))
        if len(inside) > MAX_LISTED:
            raise SpecError(f"{what}: {place} has more than {MAX_LISTED} files and folders")
        shown = (one for one in inside if not _is_hidden(one, place))
        found = [one for one in shown if _is_regular(one, root) and one.suffix.casefold() in wanted]
    else:
        raise SpecError(f"{what}: there is no file or folder {place}")
    if not found:
        raise SpecError(f"{what}: {place} has no file that can be read; these can: {', '.join(sorted(wanted))}")
    _check_sizes(found, what)
    return found


def name_in(root: Path, path: Path) -> str:
    """What a file is called: its place in its folder, or its name where it was named alone."""
    return path.name if path == root else path.relative_to(root).as_posix()


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _is_regular(path: Path, root: Path) -> bool:
    """Whether it is a file that lies in the folder, and no link that leads out of it."""
    return path.is_file() and path.resolve().is_relative_to(root)


def _check_sizes(found: list[Path], what: str) -> None:
    if len(found) > MAX_FILES:
        raise SpecError(f"{what}: there are {len(found)} files, and {MAX_FILES} are the most")
    total = 0
    for path in found:
        size = path.stat().st_size
        total += size
        if size > MAX_BYTES or total > MAX_TOTAL:
            raise SpecError(
                f"{what}: {path} is too long; a file has at most {MAX_BYTES >> 20} MiB, all together {MAX_TOTAL >> 20}"
            )


def read_file(path: Path, what: str) -> bytes:
    """The bytes of a file.

    Raises:
        SpecError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as problem:
        raise SpecError(f"{what}: {path} cannot be read: {os_reason(problem)}") from None


def digest_of_files(files: Iterable[Path], root: Path) -> str:
    """The SHA-256 of the names and contents of files."""
    whole = hashlib.sha256()
    for path in files:
        name = name_in(root, path)
        with path.open("rb") as file:
            whole.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()
