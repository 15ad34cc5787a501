"""The files of a run: the rows, as one JSON list or as lines, and beside them what was rejected."""

import os
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast, overload

from toolworld.datasets.generation.parts import Demonstration
from toolworld.datasets.generation.runner.summary import GenerationSummary
from toolworld.ground import JsonObject, RecordError, UsageError, decode, encode, os_reason


class OutputPaths:
    """Where the files of a run are.

    Args:
        output: The file of the rows: `.json` or `.jsonl`.
        replies: The log of replies, where it is elsewhere.

    Raises:
        UsageError: the file has another ending.
    """

    def __init__(self, output: str | Path, replies: str | Path | None = None) -> None:
        self.rows = Path(output).expanduser()
        if self.rows.suffix not in (".json", ".jsonl"):
            raise UsageError(f"{output}: the output is a file that ends in .json or .jsonl")
        stem = self.rows.with_suffix("")
        self.rejected = Path(f"{stem}.rejected.jsonl")
        self.summary = Path(f"{stem}.summary.json")
        self.page = Path(f"{stem}.html")
        self.replies = Path(replies).expanduser() if replies else Path(f"{stem}.replies.jsonl")
        written = (self.rows, self.rejected, self.summary, self.page)
        taken = {one.resolve() for one in (*written, partial_of(self.rows), partial_of(self.rejected))}
        if self.replies.resolve() in taken:
            raise UsageError(f"{self.replies}: the replies cannot go to a file that the run writes itself")
        for one in (*written, self.replies):
            if one.is_dir():
                raise UsageError(f"{one} is a folder, and the run writes a file there")


def partial_of(path: Path) -> Path:
    """Where a file is until it is whole."""
    return path.with_name(f"{path.name}.partial")


class RowWriter:
    """Writes rows one by one to a file beside its place, which takes that place when all are written.

    Args:
        path: The place. The rows that are written so far are in `<name>.partial`.

    Raises:
        RecordError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = partial_of(path)
        self._is_list = path.suffix == ".json"
        self.places = array("Q")
        """The beginning and the length of each row."""
        self._end = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self._partial.open("w+b")
        except OSError as problem:
            raise RecordError(f"{path} cannot be written: {os_reason(problem)}") from None

    def __len__(self) -> int:
        return len(self.places) // 2

    def write(self, row: JsonObject) -> None:
        """Write a row."""
        line = encode(row)
        before = (b",\n" if self.places else b"[\n") if self._is_list else b""
        after = b"" if self._is_list else b"\n"
        self.places.extend((self._end + len(before), len(line)))
        self._put(before + line + after)

    def read(self, place: int) -> JsonObject:
        """A row that was written."""
        self._file.flush()
        start, length = self.places[2 * place], self.places[2 * place + 1]
        return cast(JsonObject, decode(os.pread(self._file.fileno(), length, start)))

    def finish(self) -> None:
        """Put the file in its place."""
        if self._is_list:
            self._put(b"\n]\n" if self.places else b"[]\n")
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._partial, self._path)
        except OSError as problem:
            raise RecordError(f"{self._path} cannot be written: {os_reason(problem)}") from None

    def close(self) -> None:
        """Leave the rows in the file beside their place."""
        self._file.close()

    def _put(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as problem:
            raise RecordError(f"{self._partial} cannot be written: {os_reason(problem)}") from None
        self._end += len(data)


class AcceptedRows(Sequence[Demonstration]):
    """The rows that were accepted, up to some place, as demonstrations; each is read when it is asked for."""

    def __init__(self, writer: RowWriter, until: int) -> None:
        self._writer, self._until = writer, until

    def __len__(self) -> int:
        return self._until

    @overload
    def __getitem__(self, place: int) -> Demonstration: ...
    @overload
    def __getitem__(self, place: slice) -> list[Demonstration]: ...
    def __getitem__(self, place: int | slice) -> Demonstration | list[Demonstration]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(self._until))]
        row = self._writer.read(range(self._until)[place])
        return Demonstration(f"row/{range(self._until)[place]}", str(row["instruction"]), str(row["response"]))


class GeneratedRows(Sequence[dict[str, Any]]):
    """The rows of a run, read from its file as they are asked for.

    Args:
        path: The file.
        places: The beginning and the length of each row.
        summary: What became of all candidates.
        was_finished: Whether the run was finished before, so that nothing was asked now.
    """

    def __init__(
        self, path: Path, places: "array[int]", summary: GenerationSummary, *, was_finished: bool = False
    ) -> None:
        self.path, self.summary, self.was_finished = path, summary, was_finished
        self._places = places

    def __len__(self) -> int:
        return len(self._places) // 2

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        with self.path.open("rb") as file:
            return self._read(file, range(len(self))[place])

    def __repr__(self) -> str:
        return f"{len(self)} of {self.summary.asked} rows in {self.path}"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with self.path.open("rb") as file:
            for place in range(len(self)):
                yield self._read(file, place)

    def _read(self, file: BinaryIO, place: int) -> dict[str, Any]:
        file.seek(self._places[2 * place])
        return cast("dict[str, Any]", decode(file.read(self._places[2 * place + 1])))
