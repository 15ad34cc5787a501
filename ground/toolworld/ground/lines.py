"""JSONL that survives a crash: a torn last line is set aside, any other bad line is an error with its number."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Generic, NamedTuple, TypeVar

from toolworld.ground.errors import EncodingError, RecordError, ToolworldError
from toolworld.ground.files import read_bytes, write_atomically
from toolworld.ground.json import decode
from toolworld.ground.record import Record, parse_record
from toolworld.ground.text import os_reason

R = TypeVar("R", bound=Record)


class Lines(NamedTuple, Generic[R]):
    """What a JSONL file holds."""

    records: tuple[R, ...]
    torn: int
    """Bytes of an unfinished last line, which is no record; 0 where the file ends cleanly."""


def read_lines(path: Path, model: type[R], error: type[ToolworldError] = RecordError) -> Lines[R]:
    """Read every record of a JSONL file.

    A last line that begins a JSON object and does not end it was cut off by a crash: it is counted, not read.

    Raises:
        RecordError: the file cannot be read, or a line in it is not such a record (with its number).
    """
    whole, tail = _split(read_bytes(path, error))
    records = [
        parse_record(model, line, f"{path}:{number}", error)
        for number, line in enumerate(whole, start=1)
        if line.strip()
    ]
    return Lines(tuple(records), len(tail))


def write_lines(path: Path, records: Sequence[Record]) -> None:
    """Write a JSONL file anew, as a whole."""
    write_atomically(path, b"".join(record.json_bytes() + b"\n" for record in records))


class LineWriter:
    """Appends records to a JSONL file, each flushed as it is written.

    If the file ends in a torn line, that line is moved to `<file>.torn` first, so that what is
    appended stays readable and nothing is thrown away.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                _mend(path)
            self._file = path.open("ab")
        except OSError as problem:
            raise RecordError(f"{path} cannot be written: {os_reason(problem)}") from None

    def append(self, record: Record) -> None:
        """Write one record as one line."""
        self._file.write(record.json_bytes() + b"\n")
        self._file.flush()

    def __enter__(self) -> "LineWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    """Split into whole lines and a torn tail (empty unless the last line is unfinished JSON)."""
    *whole, last = data.split(b"\n")
    if not last.strip():
        return whole, b""
    if not last.startswith(b"{"):
        return [*whole, last], b""
    try:
        decode(last)
    except EncodingError:
        return whole, last
    return [*whole, last], b""


def _mend(path: Path) -> None:
    data = path.read_bytes()
    _, tail = _split(data)
    if tail:
        with path.with_name(path.name + ".torn").open("ab") as aside:
            aside.write(tail + b"\n")
        os.truncate(path, len(data) - len(tail))
    elif data and not data.endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")
