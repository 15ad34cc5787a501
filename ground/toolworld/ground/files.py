"""Reading and writing whole files: errors are one sentence, and a write is atomic."""

import os
import tempfile
from pathlib import Path

from toolworld.ground.errors import RecordError, ToolworldError
from toolworld.ground.text import os_reason


def read_bytes(path: Path, error: type[ToolworldError] = RecordError) -> bytes:
    """Read a file; if it cannot be read, raise `error` with the reason."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise error(f"{path} cannot be read: {os_reason(problem)}") from None


def write_atomically(path: Path, data: bytes, error: type[ToolworldError] = RecordError) -> None:
    """Write a file so that a reader sees either the old or the new content, even after a crash.

    If it cannot be written, raise `error` with the reason and leave the old file in place.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, because only a rename within one file system is atomic.
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # `mkstemp` creates a file that only its owner can read.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as problem:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise error(f"{path} cannot be written: {os_reason(problem)}") from None
