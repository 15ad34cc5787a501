"""The files of a dataset, which grow together: what is written counts once its progress is written down."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Annotated, BinaryIO

from pydantic import Field

from toolworld.ground import (
    JsonValue,
    Record,
    RecordError,
    lock_alone,
    os_reason,
    parse_record,
    read_bytes,
    same,
    write_atomically,
)
from toolworld.rollout.synthesis.experience import Experience

PROGRESS = "progress.json"
TASKS, TRAJECTORIES, VERDICTS, REJECTED = "tasks.jsonl", "trajectories.jsonl", "verdicts.jsonl", "rejected.jsonl"
FILES = (TASKS, TRAJECTORIES, VERDICTS, REJECTED)


class Progress(Record):
    """How far a dataset is."""

    settings: dict[str, JsonValue]
    """What it is made with; it is gone on with by the same only."""
    count: Annotated[int, Field(ge=0)] = 0
    """How many tasks it has."""
    sizes: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=lambda: dict.fromkeys(FILES, 0))
    """How long each file is that holds what was made so far, in bytes; what stands behind is made again."""
    experience: Experience = Experience()


class DatasetFiles:
    """The files of a dataset in a folder. Killed at any moment, it is gone on from the last progress.

    Args:
        folder: Where they are.
        settings: What the dataset is made with.

    Raises:
        RecordError: the folder holds a dataset that was made with other settings, or cannot be written.
    """

    def __init__(self, folder: Path, settings: Mapping[str, JsonValue]) -> None:
        self._folder = folder
        self.progress = _progress(folder, settings)
        self._open: dict[str, BinaryIO] = {}

    def __enter__(self) -> "DatasetFiles":
        try:
            self._begin()
        except OSError as problem:
            self.close()
            raise RecordError(f"{self._folder} cannot be written: {os_reason(problem)}") from None
        except RecordError:
            self.close()
            raise
        return self

    def _begin(self) -> None:
        """Open the files for this process alone, as they were when the progress was written down."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            self._open[name] = (self._folder / name).open("ab")
        lock_alone(self._open[TASKS], self._folder)
        if (self._folder / PROGRESS).exists():
            self.progress = _progress(self._folder, self.progress.settings)  # whoever had them may have gone on
        for name, file in self._open.items():
            file.truncate(self.progress.sizes[name])
        if not (self._folder / PROGRESS).exists():
            self.save(0, self.progress.experience)  # so that what follows is known as the beginning of a dataset

    def close(self) -> None:
        """Close the files."""
        for file in self._open.values():
            file.close()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, name: str, record: Record) -> None:
        """Write a record; it counts once the progress is saved."""
        self._open[name].write(record.json_bytes() + b"\n")

    def save(self, count: int, experience: Experience) -> None:
        """Write down how far it is, after everything before is on the disk."""
        for file in self._open.values():
            file.flush()
            os.fsync(file.fileno())
        sizes = {name: os.fstat(file.fileno()).st_size for name, file in self._open.items()}
        self.progress = self.progress.model_copy(update={"count": count, "sizes": sizes, "experience": experience})
        write_atomically(self._folder / PROGRESS, self.progress.json_bytes())


def _progress(folder: Path, settings: Mapping[str, JsonValue]) -> Progress:
    """How far the dataset of a folder is."""
    path = folder / PROGRESS
    if not path.exists():
        for name in FILES:
            if (folder / name).exists():
                raise RecordError(f"{folder} has a {name} that is no part of a dataset; name another folder")
        return Progress(settings=dict(settings))
    found = parse_record(Progress, read_bytes(path), str(path))
    for name in sorted({*found.settings, *settings}):
        before, now = found.settings.get(name), settings.get(name)
        if not same(before, now):
            raise RecordError(f"{folder} was made with {name} {before!r}, and this is {now!r}; name another folder")
    for name in FILES:
        size = found.sizes.get(name)
        if size is None:
            raise RecordError(f"{path} does not say how long {name} is; name another folder")
        if not (folder / name).is_file() or (folder / name).stat().st_size < size:
            raise RecordError(f"{folder / name} is shorter than it was, or gone; name another folder")
    if found.count != _lines(folder / TASKS, found.sizes.get(TASKS, 0)):
        raise RecordError(
            f"{folder / TASKS} has not the {found.count} tasks that {PROGRESS} tells; name another folder"
        )
    return found


def _lines(path: Path, size: int) -> int:
    """How many lines a file has in its first bytes."""
    if not path.is_file():
        return -1
    with path.open("rb") as file:
        left, found = size, 0
        while left > 0 and (part := file.read(min(left, _PART))):
            left, found = left - len(part), found + part.count(b"\n")
        return found


_PART = 1 << 20


def settings_of(folder: Path) -> Mapping[str, JsonValue]:
    """What the dataset of a folder is made with; empty where there is none."""
    path = folder / PROGRESS
    return parse_record(Progress, read_bytes(path), str(path)).settings if path.is_file() else {}
