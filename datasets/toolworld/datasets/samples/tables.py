"""Rows of files: JSON lines, a JSON list, CSV or Parquet; each with the place that an error names."""

import csv
import io
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, cast

from toolworld.ground import EncodingError, JsonObject, JsonValue, RecordError, decode, os_reason, read_bytes

MAX_BYTES = 2_000_000_000
"""How large a file may be that is read."""
SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")
PARQUET_NEEDED = "Parquet needs pyarrow: pip install 'toolworld[parquet]'"


class Row(NamedTuple):
    """A row, and where it stands."""

    where: str
    values: JsonObject

    def need(self, *names: str) -> JsonValue:
        """The first of several columns that the row has.

        Raises:
            RecordError: it has none of them; the message names them, and those that it has.
        """
        for name in names:
            if name in self.values:
                return self.values[name]
        wanted = " or ".join(f"`{name}`" for name in names)
        has = ", ".join(f"`{name}`" for name in self.values) or "none"
        raise RecordError(f"{self.where}: there is no column {wanted}; it has {has}")

    def text(self, *names: str) -> str:
        """The same, as text; empty where the cell is empty.

        Raises:
            RecordError: there is no such column, or it holds no text.
        """
        value = self.need(*names)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise RecordError(f"{self.where}: `{next(one for one in names if one in self.values)}` is no text")
        return value

    def get(self, *names: str) -> JsonValue:
        """The first of several columns that the row has; None where it has none."""
        return next((self.values[name] for name in names if name in self.values), None)


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file, by its suffix.

    A `.json` file may be a list of objects, or lines of objects, as BFCL's are.

    Raises:
        RecordError: the file cannot be read, is of no kind that is known, or a row is no object.
    """
    if path.is_dir():
        raise RecordError(f"{path} is a folder without trajectories; name a file of it")
    if path.exists() and not path.is_file():
        raise RecordError(f"{path} is no file but a pipe or a device")
    try:
        size = path.stat().st_size
    except OSError as problem:
        raise RecordError(f"{path} cannot be read: {os_reason(problem)}") from None
    if size > MAX_BYTES:
        raise RecordError(f"{path} has {size:,} bytes; at most {MAX_BYTES:,} are read")
    if path.suffix == ".csv":
        yield from _csv_rows(path)
    elif path.suffix == ".parquet":
        yield from _parquet_rows(path)
    elif path.suffix in (".jsonl", ".json"):
        yield from _json_rows(path)
    else:
        raise RecordError(f"{path}: a dataset is a file ending in {', '.join(SUFFIXES)}")


def _json_rows(path: Path) -> Iterator[Row]:
    data = read_bytes(path)
    if data.lstrip()[:1] == b"[":
        try:
            found = decode(data)
        except EncodingError as problem:
            raise RecordError(f"{path}: {problem}") from None
        for number, value in enumerate(cast("list[JsonValue]", found)):
            yield _object(value, f"{path}: entry {number}")
        return
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            try:
                value = decode(line)
            except EncodingError as problem:
                raise RecordError(f"{path}:{number}: {problem}") from None
            yield _object(value, f"{path}:{number}")


def _object(value: JsonValue, where: str) -> Row:
    if not isinstance(value, dict):
        raise RecordError(f"{where}: a row is an object with named fields, and this is none")
    return Row(where, value)


def _csv_rows(path: Path) -> Iterator[Row]:
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise RecordError(f"{path} is not UTF-8: {problem.reason} at byte {problem.start}") from None
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        names = rows.fieldnames or ()
        twice = next((name for name in names if list(names).count(name) > 1), None)
        if twice is not None:
            raise RecordError(f"{path}: two columns are called `{twice}`")
        for row in rows:
            where = f"{path}:{rows.line_num}"
            if None in row or None in row.values():
                raise RecordError(f"{where}: the row has not as many cells as there are columns")
            yield Row(where, {name: (value or "").strip() for name, value in row.items()})
    except csv.Error as problem:
        raise RecordError(f"{path}:{rows.line_num}: {problem}") from None


def _parquet_rows(path: Path) -> Iterator[Row]:
    if find_spec("pyarrow") is None:
        raise RecordError(f"{path}: {PARQUET_NEEDED}")
    import pyarrow  # pyright: ignore[reportMissingTypeStubs]
    import pyarrow.parquet  # pyright: ignore[reportMissingTypeStubs]

    try:
        file: Any = cast(Any, pyarrow.parquet).ParquetFile(path)
        number = 0
        for batch in file.iter_batches():
            for values in batch.to_pylist():
                yield Row(f"{path}: row {number}", values)
                number += 1
    except (cast(Any, pyarrow).ArrowException, OSError) as problem:
        raise RecordError(f"{path} is no Parquet file that can be read: {str(problem).splitlines()[0]}") from None
