"""Crash-safe JSONL: an incomplete last line is set aside; any other bad line is an error that names its number."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Generic, NamedTuple, TypeVar

from toolworld.ground.errors import EncodingError, RecordError, ToolworldError
from toolworld.ground.files import (
    BYTE_ORDER_MARK,
    bounded_lines,
    open_regular,
    read_bytes,
    require_regular,
    write_atomically,
)
from toolworld.ground.json import decode, refuse_repeated_keys
from toolworld.ground.record import Record, parse_record
from toolworld.ground.text import os_reason

R = TypeVar("R", bound=Record)


MAX_STRANGERS_BYTES = 256 << 20
"""How large a file of lines in a stranger's folder may be."""


class Lines(NamedTuple, Generic[R]):
    """The content of a JSONL file."""

    records: tuple[R, ...]
    torn: int
    """Length in bytes of an incomplete last line, which is not among the records; 0 if the file ends cleanly."""


def read_lines(
    path: Path, model: type[R], error: type[ToolworldError] = RecordError, *, within: Path | None = None
) -> Lines[R]:
    """Parse every record of a JSONL file.

    `within` is the folder that it has to lie in, if it is a stranger's: then it is also bounded in size, and refused
    where an object has a key twice.

    A last line that begins a JSON object without ending it was cut off by a crash: its bytes are counted, not parsed.

    Raises:
        RecordError: the file cannot be read, or a line is not such a record; the message has the line's number.
    """
    whole, tail = _split(_read(path, error, within))
    records = [
        parse_record(model, line, f"{path}:{number}", error)
        for number, line in enumerate(whole, start=1)
        if line.strip()
    ]
    return Lines(tuple(records), len(tail))


def _read(path: Path, error: type[ToolworldError], within: Path | None) -> bytes:
    if within is None:
        return read_bytes(path, error).removeprefix(BYTE_ORDER_MARK)
    data = read_bytes(path, error, most=MAX_STRANGERS_BYTES, within=within).removeprefix(BYTE_ORDER_MARK)
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            refuse_repeated_keys(line)
        except EncodingError as problem:
            raise error(f"{path}:{number}: {problem}") from None
    return data


def each_line(path: Path, model: type[R], error: type[ToolworldError] = RecordError) -> Iterator[R]:
    """The records of a JSONL file one after the other, so that a long one need not fit in memory.

    Raises:
        RecordError: the file cannot be read, or a line is not such a record; the message has the line's number.
    """
    with open_regular(path, error) as file:
        try:
            for number, line in enumerate(bounded_lines(file, path, error), start=1):
                record = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
                if record.strip():
                    yield parse_record(model, record, f"{path}:{number}", error)
        except OSError as problem:
            raise error(f"{path} cannot be read: {os_reason(problem)}") from None


def write_lines(path: Path, records: Sequence[Record]) -> None:
    """Write a whole JSONL file, replacing any earlier one atomically."""
    write_atomically(path, b"".join(record.json_bytes() + b"\n" for record in records))


class LineWriter:
    """A writer that appends records to a JSONL file and flushes each one; closing it syncs the file to disk.

    If the file ends in an incomplete line, that line is moved to `<file>.torn` first, so that the
    appended records stay readable and no data is lost.

    Args:
        path: The file.
        alone: Refuse a file to which another process writes in this way.

    Raises:
        RecordError: the file cannot be opened or repaired, or another process writes to it.
    """

    def __init__(self, path: Path, alone: bool = False) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                require_regular(path)
            self._file = path.open("ab")
        except OSError as problem:
            raise RecordError(f"{path} cannot be written: {os_reason(problem)}") from None
        try:
            if alone:
                lock_alone(self._file, path)
            _repair_end(path)
        except BaseException as problem:
            self._file.close()
            if isinstance(problem, OSError):
                raise RecordError(f"{path} cannot be written: {os_reason(problem)}") from None
            raise

    def append(self, record: Record) -> int:
        """Write one record as one line, and return the number of bytes."""
        written = self._file.write(record.json_bytes() + b"\n")
        self._file.flush()
        return written

    def __enter__(self) -> "LineWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def lock_alone(file: BinaryIO, path: Path) -> None:
    """Lock an open file until it is closed; the system unlocks it when the process dies.

    Raises:
        RecordError: another process has it.
    """
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RecordError(f"another process is writing to {path}; wait for it, or write to another place") from None


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    """Split into complete lines and an incomplete tail (empty unless the last line is unfinished JSON)."""
    *whole, last = data.split(b"\n")
    if not last.strip():
        return whole, b""
    # Every record is an object. Other text was not cut off by a crash: the parser is to report it as a bad line.
    if not last.startswith(b"{"):
        return [*whole, last], b""
    try:
        decode(last)
    except EncodingError:
        return whole, last
    return [*whole, last], b""


def _repair_end(path: Path) -> None:
    """Make the file end with a newline; an incomplete last line is moved to `<file>.torn`."""
    data = path.read_bytes()
    _, tail = _split(data)
    if tail:
        with path.with_name(path.name + ".torn").open("ab") as torn_file:
            torn_file.write(tail + b"\n")
        # Only after the copy is written: a crash in between repeats the tail, but never loses it.
        os.truncate(path, len(data) - len(tail))
    elif data and not data.endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")
