"""Writing rows: into one file, or into a folder with a file for each split and a card."""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from toolworld.datasets.training_export.card import training_card
from toolworld.ground import JsonObject, RecordError, encode, os_reason, write_atomically

CARD = "README.md"
_SUFFIXES = (".jsonl", ".json", ".parquet", ".csv")


class RowWriter(Protocol):
    """Writes rows to a file; the file is whole when it is closed."""

    def write(self, row: JsonObject) -> None:
        """Write a row."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class LinesOfRows:
    """Rows as lines of JSON."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def write(self, row: JsonObject) -> None:
        """Write a row."""
        assert self._file is not None
        self._file.write(encode(row) + b"\n")

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        self._file.close()


def write_rows(
    out: Path, rows: Iterable[JsonObject], open_writer: Callable[[Path], RowWriter], suffix: str
) -> dict[str, int]:
    """Write rows.

    Args:
        out: A file, by its suffix; or a folder, which gets a file for each split with rows, and a card.
        rows: Each with its `split`.
        open_writer: Makes the writer of a file.
        suffix: Of the files in a folder.

    Returns:
        How many rows each file has, by the split's name; of one file by the file's name.

    Raises:
        RecordError: something is there already, or cannot be written; then nothing new is left there.
    """
    is_folder = out.suffix != suffix
    if is_folder and out.suffix.lower() in _SUFFIXES:
        raise RecordError(
            f"{out}: a file of these rows ends in {suffix}; another name without {out.suffix} is a folder"
        )
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise RecordError(f"{out} is there already; name another one")
    counts: Counter[str] = Counter()
    drafts: dict[Path, Path] = {}
    try:
        with ExitStack() as stack:
            writers: dict[str, RowWriter] = {}
            for row in rows:
                name = str(row["split"]) if is_folder else out.name
                if name not in writers:
                    place = out / f"{name}{suffix}" if is_folder else out
                    drafts[place] = place.with_name(f"{place.name}.part")
                    place.parent.mkdir(parents=True, exist_ok=True)
                    writers[name] = stack.enter_context(open_writer(drafts[place]))
                writers[name].write(row)
                counts[name] += 1
        for place, draft in drafts.items():
            draft.replace(place)
        if is_folder and counts:
            write_atomically(out / CARD, training_card(counts, suffix).encode())
    except OSError as problem:
        raise RecordError(f"{out} cannot be written: {os_reason(problem)}") from None
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    return dict(counts)
