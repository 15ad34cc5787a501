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
_PIECE_BYTES = 1 << 20
"""How much is read at once: a reader makes room for all that it asks for."""
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
    data = bytearray()
    with open_regular(path, error, within=within) as file:
        try:
            while piece := file.read(_PIECE_BYTES):
                data += piece
                if len(data) > most:
                    raise error(f"{path} is too large: it may have {_in_words(most)} at most")
        except OSError as problem:
            raise error(f"{path} cannot be read: {os_reason(problem)}") from None
    return bytes(data)


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

    If it cannot be written, raise `error` with the reason and leave the old file in place. What a link leads to is
    written, and not the link; a device or a pipe is refused.
    """
    try:
        path = path.resolve() if path.is_symlink() else path
        if path.exists():
            require_regular(path, error)
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
    """A draft that is locked here: a new one, or one that was left. One that has another name too is not touched."""
    failure: OSError | None = None
    for number in range(_MAX_DRAFTS):
        draft = path.with_name(f".{path.name}.draft{number or ''}")
        try:
            handle = os.open(draft, os.O_RDWR | os.O_CREAT | _NO_FOLLOWING, 0o644)
        except OSError as problem:  # of another user, or a folder of that name
            failure = problem
            continue
        # between opening and locking, whoever had it may have renamed it
        if _is_locked_here(handle) and _is_file_of(draft, handle):
            if _is_alone(handle):
                os.ftruncate(handle, 0)
                return draft, handle
            draft.unlink()
        os.close(handle)
    raise failure or OSError(0, f"{_MAX_DRAFTS} processes are writing to it")


_NO_FOLLOWING = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def _is_alone(handle: int) -> bool:
    """Whether an open file is a regular one without another name, under which it would be changed as well."""
    status = os.fstat(handle)
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def _is_locked_here(handle: int) -> bool:
    """Lock an open file, unless another process has it; where there are no locks it counts as locked if it is empty."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return os.fstat(handle).st_size == 0
    return True


def _is_file_of(path: Path, handle: int) -> bool:
    """Whether a path leads to the file that is open."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except OSError:
        return False


def _in_words(size: int) -> str:
    return f"{size >> 20:,} MiB" if size >= 1 << 20 else f"{size:,} bytes"
