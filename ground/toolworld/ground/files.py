"""Reading and writing whole files: errors in one sentence, and never half a file."""

import os
import tempfile
from pathlib import Path

from toolworld.ground.errors import RecordError, ToolworldError
from toolworld.ground.text import os_reason


def read_bytes(path: Path, error: type[ToolworldError] = RecordError) -> bytes:
    """Read a file, or raise `error` with a sentence that says why it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise error(f"{path} cannot be read: {os_reason(problem)}") from None


def write_atomically(path: Path, data: bytes, error: type[ToolworldError] = RecordError) -> None:
    """Write a file so that a reader sees the old one or the new one, whatever happens in between."""
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as problem:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise error(f"{path} cannot be written: {os_reason(problem)}") from None
