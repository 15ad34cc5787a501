"""Reading and writing whole files: errors are one sentence, only regular files are read, and a write is atomic."""

import os
import stat
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

from toolworld.ground.errors import EncodingError, RecordError, ToolworldError
from toolworld.ground.json import refuse_repeated_keys
from toolworld.ground.text import os_reason

MAX_FILE_BYTES = 8 << 30
"""How large a file is that is read whole; whoever reads a stranger's names a smaller bound."""
MAX_LINE_BYTES = 256 << 20
"""How long a line of a file is that is read line by line."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Of UTF-8; some editors write it at the beginning of a file."""
_MAX_DRAFTS = 100
"""How many processes write one file at once."""


def read_bytes(
    path: Path, error: type[ToolworldError] = RecordError, *, most: int = MAX_FILE_BYTES, within: Path | None = None
) -> bytes:
    """Read a file; if it cannot be read, raise `error` with the reason.

    Args:
        path: The file.
        error: The class of error to raise.
        most: How many bytes it may have.
        within: The folder that it has to lie in; a link that leads out of it is not followed.
    """
    with open_regular(path, error, within=within) as file:
        try:
            data = file.read(most + 1)
        except OSError as problem:
            raise error(f"{path} cannot be read: {os_reason(problem)}") from None
    if len(data) > most:
        raise error(f"{path} is too large: it may have {_in_words(most)} at most")
    return data


def read_text(
    path: Path, error: type[ToolworldError] = RecordError, *, most: int = MAX_FILE_BYTES, within: Path | None = None
) -> str:
    r"""Read a file of UTF-8 text as `read_bytes` does, the same on any system: no byte order mark, lines end in \n."""
    try:
        text = read_bytes(path, error, most=most, within=within).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise error(f"{path} is not UTF-8 text") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_json_text(
    path: Path, error: type[ToolworldError] = RecordError, *, most: int = MAX_FILE_BYTES, within: Path | None = None
) -> str:
    """Read a file of JSON as `read_text` does; refused is one in which an object has a key twice."""
    text = read_text(path, error, most=most, within=within)
    try:
        refuse_repeated_keys(text)
    except EncodingError as problem:
        raise error(f"{path}: {problem}") from None
    return text


def open_regular(path: Path, error: type[ToolworldError] = RecordError, *, within: Path | None = None) -> BinaryIO:
    """Open a file to read it. A device, a pipe or a folder is refused: reading one could wait, or never end."""
    try:
        require_regular(path, error)
        if within is not None and not path.resolve().is_relative_to(within.resolve()):
            raise error(f"{path} leads out of {within}, and only files inside of it are read")
        return os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)), "rb")
    except OSError as problem:
        raise error(f"{path} cannot be read: {os_reason(problem)}") from None


def require_regular(path: Path, error: type[ToolworldError] = RecordError) -> None:
    """Raise `error` unless a path leads to a regular file.

    Raises:
        OSError: there is nothing, or a folder.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(0, "is a directory")
    if not stat.S_ISREG(mode):
        raise error(f"{path} is a device or a pipe, and not a regular file")


def bounded_lines(file: BinaryIO, path: Path, error: type[ToolworldError] = RecordError) -> Iterator[bytes]:
    """The lines of a file, each of bounded length.

    Raises:
        RecordError: a line is too long (or `error`, where given).
    """
    for number in count(1):
        line = file.readline(MAX_LINE_BYTES + 1)
        if len(line) > MAX_LINE_BYTES:
            raise error(f"{path}:{number}: the line is too long: it may have {_in_words(MAX_LINE_BYTES)} at most")
        if not line:
            return
        yield line


def write_atomically(path: Path, data: bytes, error: type[ToolworldError] = RecordError) -> None:
    """Write a file so that a reader sees either the old or the new content, even after a crash.

    If it cannot be written, raise `error` with the reason and leave the old file in place.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft_beside(path) as draft:
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
    except OSError as problem:
        raise error(f"{path} cannot be written: {os_reason(problem)}") from None


@contextmanager
def draft_beside(path: Path) -> Generator[Path]:
    """An empty file beside `path` for this process alone, to be renamed to it; it is removed if it is still there.

    It is in the same folder, because only a rename within one file system is atomic. One that a killed process has
    left is used again: it is locked for as long as its process lives.

    Raises:
        OSError: it cannot be made.
    """
    draft, handle = _locked_draft(path)
    try:
        yield draft
    finally:
        if _is_file_of(draft, handle):
            draft.unlink()
        os.close(handle)


def _locked_draft(path: Path) -> tuple[Path, int]:
    for number in range(_MAX_DRAFTS):
        draft = path.with_name(f".{path.name}.draft{number or ''}")
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        # between opening and locking, whoever had it may have renamed it
        if _is_locked_here(handle) and _is_file_of(draft, handle):
            os.ftruncate(handle, 0)
            return draft, handle
        os.close(handle)
    raise OSError(0, f"{_MAX_DRAFTS} processes are writing to it")


def _is_locked_here(handle: int) -> bool:
    """Lock an open file, unless another process has it."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_file_of(path: Path, handle: int) -> bool:
    """Whether a path leads to the file that is open."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except OSError:
        return False


def _in_words(size: int) -> str:
    return f"{size >> 20:,} MiB" if size >= 1 << 20 else f"{size:,} bytes"
