"""Tables in files: listed, looked at, read, and computed with in Python, in a process that can do nothing else."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from anyio import to_thread

from toolworld.environments.resources.files import files_in, name_in, read_file
from toolworld.environments.resources.python_process import run_python
from toolworld.environments.resources.python_program import typed
from toolworld.environments.resources.resource import (
    RefusedCallError,
)
from toolworld.environments.resources.table_tools import FilesystemSettings
from toolworld.ground import JsonObject, JsonValue, SpecError, cut, reason_of

TABLE_FILES = (".csv", ".tsv", ".json", ".jsonl", ".txt", ".md")
_SAMPLE, _CHARACTERS = 3, 24_000


class TableFolder:
    """A folder of tables."""

    def __init__(self, files: dict[str, Path], settings: FilesystemSettings) -> None:
        self._files = files
        self._settings = settings

    @classmethod
    def open(cls, settings: FilesystemSettings, folder: Path) -> "TableFolder":
        """Find the files.

        Raises:
            SpecError: there are none.
        """
        root = folder / settings.folder
        found = files_in(root, TABLE_FILES, "filesystem")
        return cls({name_in(root, path): path for path in found}, settings)

    async def answer(self, tool: str, arguments: JsonObject) -> JsonValue:
        """List, look, read or compute."""
        match tool:
            case "ds_list_files":
                return {"files": [{"file": name, "bytes": path.stat().st_size} for name, path in self._files.items()]}
            case "ds_inspect_data":
                return self._inspect(str(arguments["file"]))
            case "ds_read_csv":
                first, count = int(str(arguments.get("first_row", 0))), int(str(arguments.get("max_rows", 20)))
                rows = self._rows(str(arguments["csv_file"]))
                return {"rows": [*rows[first : first + count]], "total": len(rows)}
            case "ds_read_file":
                name = str(arguments["file"])
                whole = read_file(self._path(name), "filesystem").decode("utf-8-sig", errors="replace")
                return {"file": name, "text": cut(whole, _CHARACTERS)}
            case _:
                return await self._run(str(arguments["code"]))

    def _path(self, name: str) -> Path:
        if name not in self._files:
            known = ", ".join(self._files)
            raise RefusedCallError("file_not_found", f"there is no file {name[:80]!r}; there are: {known}"[:400])
        return self._files[name]

    def _rows(self, name: str) -> list[JsonObject]:
        try:
            rows = read_table(self._path(name))
        except SpecError as problem:
            raise RefusedCallError("not_a_table", str(problem)) from None
        return rows

    def _inspect(self, name: str) -> JsonValue:
        rows = self._rows(name)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        described: list[JsonValue] = []
        for column in columns:
            values = [row.get(column) for row in rows]
            different = len(dict.fromkeys(map(str, values)))
            described.append({"name": column, "type": _type_of(values), "different": different})
        return {"file": name, "rows": len(rows), "columns": described, "sample": [*rows[:_SAMPLE]]}

    async def _run(self, code: str) -> JsonValue:
        named = {name: path for name, path in self._files.items() if name in code} or self._files
        contents = await to_thread.run_sync(_contents, named)
        ran = await run_python(code, contents, seconds=self._settings.seconds, megabytes=self._settings.megabytes)
        if ran.error is not None:
            raise RefusedCallError("python_failed", ran.error)
        return {"output": ran.output, "value": ran.value}


def _contents(files: Mapping[str, Path]) -> dict[str, str]:
    """The texts of files, by name."""
    return {name: read_file(path, "filesystem").decode("utf-8-sig", errors="replace") for name, path in files.items()}


def read_table(path: Path) -> list[JsonObject]:
    """The rows of a table, numbers as numbers.

    Raises:
        SpecError: the file is no table.
    """
    source = read_file(path, "filesystem").decode("utf-8-sig", errors="replace")
    try:
        if path.suffix.casefold() in (".csv", ".tsv"):
            found = csv.DictReader(
                io.StringIO(source, newline=""), delimiter="\t" if path.suffix.casefold() == ".tsv" else ","
            )
            return [{str(name): typed(value) for name, value in row.items() if name is not None} for row in found]
        if path.suffix.casefold() in (".json", ".jsonl"):
            loaded: Any = (
                json.loads(source)
                if path.suffix.casefold() == ".json"
                else [json.loads(line) for line in source.split("\n") if line.strip()]
            )
            return [cast(JsonObject, _written(row)) for row in _objects(loaded)]
    except (csv.Error, ValueError, RecursionError) as problem:
        raise SpecError(f"{path.name} is no table: {reason_of(problem)}") from None
    raise SpecError(f"{path.name} is no table; these are: .csv, .tsv, .json, .jsonl")


def _written(value: Any) -> Any:
    """A value of a file as JSON has it for everybody: numbers that are none are texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {str(name): _written(one) for name, one in cast("dict[Any, Any]", value).items()}
    return [_written(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def _objects(loaded: Any) -> Sequence[Any]:
    rows = cast("list[Any]", loaded) if isinstance(loaded, list) else []
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it is no list of objects")
    return rows


def _type_of(values: Sequence[JsonValue]) -> str:
    kinds = [type(value).__name__ for value in values if value is not None]
    if not kinds:
        return "empty"
    names = {"int": "integer", "float": "number", "str": "text", "bool": "boolean"}
    if all(kind in ("int", "float") for kind in kinds):
        return "integer" if all(kind == "int" for kind in kinds) else "number"
    return names.get(kinds[0], "value") if len({*kinds}) == 1 else "text"
