"""Runs in files: `trajectories.jsonl` with its `verdicts.jsonl`, read in parts, and further as they grow."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import orjson

from toolworld.datasets import Trajectory, Verdict
from toolworld.ground import BYTE_ORDER_MARK, JsonObject, Record, RecordError, open_regular, os_reason, parse_record
from toolworld.server.viewer.runs.index import RunIndex
from toolworld.server.viewer.runs.row import RunRow, columns_of_run, columns_of_verdict

PART_BYTES = 4 << 20
"""How much of a file is read before others get their turn."""
FIRST_BYTES = 1 << 20
"""How much is read before the first page is shown."""
MAX_LINE = 256 << 20
"""How long a line may be, in bytes."""
_MARK_BYTES = 1024
_TOO_LONG = b"a line that is too long"
MAX_PROBLEMS = 20
"""How many lines that cannot be read are named."""

R = TypeVar("R", bound=Record)
TagsOf = Callable[[str], list[str]]
"""The tags of a task, by its id."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, and where it begins, in bytes."""

    offset: int
    data: bytes


@dataclass(slots=True)
class GrowingFile:
    """A file of lines that is read on from where it was left; another file in its place is noticed."""

    path: Path
    offset: int = 0
    inode: int = 0
    number: int = 0
    """The number of the last line that was read."""
    size: int = 0
    written: int = 0
    """How long it was when it was read last, and when it had been written."""
    mark: bytes = b""
    """A digest of the beginning and the end of what was read, by which another file in its place is known."""

    def has_changed_place(self) -> bool:
        """Whether there is another file now, or a shorter one."""
        try:
            found = self.path.stat()
        except OSError:
            return self.offset > 0
        if self.offset == 0:
            return False
        if found.st_ino != self.inode or found.st_size < self.offset:
            return True
        if found.st_mtime_ns == self.written:
            return False
        # written again, or written on: what was read is looked at, and where nothing was added all of it may be another
        return found.st_size == self.size or self._mark_now() != self.mark

    def _mark_now(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                return _mark_of(file, self.offset)
        except OSError:
            return b""

    def lines(self, most: int) -> Iterator[Line]:
        """The next whole lines, of about so many bytes; a last line that is cut off is left.

        Raises:
            RecordError: the file cannot be read.
        """
        with open_regular(self.path) as file:
            found = os.fstat(file.fileno())
            self.inode, self.size, self.written = found.st_ino, found.st_size, found.st_mtime_ns
            file.seek(self.offset)
            left = most
            while left > 0:
                data = file.readline(MAX_LINE + 1)
                if len(data) > MAX_LINE:
                    _skip_line(file, data)
                    data = _TOO_LONG
                elif not data.endswith(b"\n") and not _is_whole(data):
                    break
                line = Line(self.offset, data)
                left -= file.tell() - self.offset
                self.offset = file.tell()
                self.number += 1
                yield line
            self.mark = _mark_of(file, self.offset)

    def is_at_end(self) -> bool:
        """Whether there is nothing more to read now."""
        try:
            return self.path.stat().st_size <= self.offset
        except OSError:
            return True


def _skip_line(file: BinaryIO, data: bytes) -> None:
    """Go to the end of a line that is too long."""
    while data and not data.endswith(b"\n"):
        data = file.readline(PART_BYTES)


def _mark_of(file: BinaryIO, end: int) -> bytes:
    file.seek(0)
    found = hashlib.sha256(file.read(min(end, _MARK_BYTES)))
    file.seek(max(0, end - _MARK_BYTES))
    found.update(file.read(min(end, _MARK_BYTES)))
    return found.digest()


def _is_whole(data: bytes) -> bool:
    """Whether a last line without its newline is whole: of a file that nobody writes any more."""
    try:
        return isinstance(orjson.loads(data), dict)
    except orjson.JSONDecodeError:
        return False


@dataclass(slots=True)
class RunFiles:
    """A set of runs in files.

    Args:
        number: Of the source in the index.
        set: The name of the set.
        trajectories: The file of the runs; None where only their verdicts are at hand.
        verdicts: The file of their verdicts, which may not be there yet.
        tags_of: The tags of a task.
    """

    number: int
    set: str
    trajectories: Path | None
    verdicts: Path | None
    tags_of: TagsOf
    problems: list[str] = field(default_factory=list[str])
    """Lines that could not be read."""
    skipped: int = 0
    """How many of them there are."""
    trouble: str = ""
    """Why the files cannot be read now; empty where they can."""
    generation: int = 0
    """How often other files took the place of those that were read."""
    _runs: GrowingFile | None = None
    _verdicts: GrowingFile | None = None

    def __post_init__(self) -> None:
        self._runs = GrowingFile(self.trajectories) if self.trajectories else None
        self._verdicts = GrowingFile(self.verdicts) if self.verdicts else None

    @property
    def _files(self) -> list[GrowingFile]:
        return [file for file in (self._runs, self._verdicts) if file is not None]

    def read_on(self, index: RunIndex, most: int = PART_BYTES) -> bool:
        """Read a part of both files into the index; returns whether all that is there now was read."""
        self.trouble = ""
        if any(file.has_changed_place() for file in self._files):
            index.forget(self.number)
            self.problems, self.skipped = [], 0
            self.generation += 1
            self.__post_init__()
        try:
            if self._runs is not None and self._runs.path.exists():
                index.put_runs(self.number, [*self._rows(self._runs, self._run_columns, most)])
            if self._verdicts is not None and self._verdicts.path.exists():
                rows = [*self._rows(self._verdicts, self._verdict_columns, self._in_step(most))]
                if self._runs is None:
                    index.put_runs(self.number, [_only_judged(self.set, row) for row in rows])
                index.put_verdicts(self.number, [_of_verdict(row) for row in rows])
            return all(file.is_at_end() or self._is_torn(file) for file in self._files)
        except (RecordError, OSError) as problem:  # a folder or a pipe in the place of a file; other sets are shown
            self.trouble = str(problem)
            return True

    def _in_step(self, most: int) -> int:
        """How much of the verdicts goes with so much of the runs: read in step, hardly any is kept for later."""
        if self._runs is None or self._verdicts is None or self._runs.is_at_end():
            return most
        runs, verdicts = (file.path.stat().st_size for file in (self._runs, self._verdicts))
        return max(1, most * verdicts // max(1, runs))

    def _is_torn(self, file: GrowingFile) -> bool:
        """Whether what is left of a file is the beginning of a line."""
        before = file.offset
        number, mark = file.number, file.mark
        torn = next(iter([*file.lines(1)]), None) is None
        file.offset, file.number, file.mark = before, number, mark
        return torn

    def _rows(
        self, file: GrowingFile, columns: Callable[[Line], dict[str, Any]], most: int
    ) -> Iterator[dict[str, Any]]:
        for line in file.lines(most):
            data = line.data.removeprefix(BYTE_ORDER_MARK) if line.offset == 0 else line.data
            if not data.strip():
                continue
            try:
                yield columns(Line(line.offset, data))
            except Exception as problem:  # noqa: BLE001 - a stranger's line may be anything; the others are shown
                reason = str(problem) if isinstance(problem, RecordError) else "it is no record of a run"
                self._note(f"{file.path}:{file.number}: {reason}")

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.skipped += 1
            if len(self.problems) < MAX_PROBLEMS:
                self.problems.append(problem)

    def _run_columns(self, line: Line) -> dict[str, Any]:
        row = cast(JsonObject, orjson.loads(line.data))
        if "log" not in row or "environment" not in row:
            raise RecordError("it is no trajectory")
        columns = columns_of_run(self.set, row, self.tags_of(str(row.get("task") or "")))
        return {**columns, "offset": line.offset, "length": len(line.data)}

    def _verdict_columns(self, line: Line) -> dict[str, Any]:
        verdict = parse_record(Verdict, line.data, "the verdict")
        place = {"verdict_offset": line.offset, "verdict_length": len(line.data)}
        played = {"task": verdict.task, "seed": verdict.seed, "trial": verdict.trial}
        return {"run": verdict.trajectory, "played": played, **columns_of_verdict(verdict), **place}

    def trajectory(self, row: RunRow) -> Trajectory | None:
        """The trajectory of a run; None where only its verdict is at hand.

        Raises:
            RecordError: it cannot be read (any more).
        """
        if self.trajectories is None:
            return None
        found = _record_at(self.trajectories, row.offset, row.length, Trajectory)
        return self._same(row, found, found.id)

    def verdict(self, row: RunRow) -> Verdict | None:
        """The verdict of a run; None if it has none.

        Raises:
            RecordError: it cannot be read (any more).
        """
        if self.verdicts is None or row.verdict_offset < 0:
            return None
        found = _record_at(self.verdicts, row.verdict_offset, row.verdict_length, Verdict)
        return self._same(row, found, found.trajectory)

    def _same(self, row: RunRow, found: R, name: str) -> R:
        if name != row.run:
            raise RecordError(f"the files of {self.set} have changed since they were read; load the page again")
        return found


def _record_at(path: Path, offset: int, length: int, model: type[R]) -> R:
    with open_regular(path) as file:
        try:
            file.seek(offset)
            data = file.read(length)
        except OSError as problem:
            raise RecordError(f"{path} cannot be read: {os_reason(problem)}") from None
    return parse_record(model, data.removeprefix(BYTE_ORDER_MARK), f"{path} at byte {offset:,}")


def _only_judged(set_name: str, row: dict[str, Any]) -> dict[str, Any]:
    """The columns of a run of which only the verdict is at hand."""
    played = row["played"]
    environment = str(played["task"]).partition("/")[0]
    known: JsonObject = {"id": row["run"], "environment": environment, "log": [], **played}
    return {**columns_of_run(set_name, known), "offset": -1, "length": 0}


def _of_verdict(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "played"}
