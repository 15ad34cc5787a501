"""Queries and programs of an explorer without a model: rows that have a value, in tables whose columns were seen."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from toolworld.ground import JsonObject, JsonValue
from toolworld.rollout.facts.items import is_key
from toolworld.rollout.facts.relations import label_of, singular
from toolworld.rollout.facts.values import is_name
from toolworld.rollout.trees.node import Node

_MOST_VALUES, _LONGEST_START = 12, 80
_VAGUE = ("id", "key", "code", "name", "title", "type", "status", "date", "day", "description", "price", "quantity")
"""Names of columns that stand in many tables and mean another thing in each."""


class _Column(NamedTuple):
    """A column that was seen."""

    place: str
    """The database, or the file."""
    table: str
    name: str


class _Cell(NamedTuple):
    """A value, with the columns that it may stand in."""

    value: JsonValue
    columns: tuple[_Column, ...]
    step: int


class Query(NamedTuple):
    """The arguments of a query or program, what it asks about, and the step that showed that; -1 for the start."""

    arguments: JsonObject
    about: str
    step: int


def sql_queries(path: Sequence[Node], start: str, description: str) -> Iterator[Query]:
    """Queries for rows that have a value of an earlier row in another column, or what exploration started from.

    Args:
        path: What was done so far.
        start: What exploration started from.
        description: What that is, which may name its table.
    """
    references, columns = _schema(path)
    for cell in (*_cells(path, columns, references), *_start_cells(start, columns, description)):
        for column in cell.columns:
            query = f"SELECT * FROM {_quoted(column.table)} WHERE {_quoted(column.name)} = {_literal(cell.value)}"
            yield Query({"db_id": column.place, "query": query}, str(cell.value), cell.step)


def python_programs(path: Sequence[Node], start: str, description: str) -> Iterator[Query]:
    """The same for tables in files."""
    columns = _file_columns(path)
    for cell in (*_cells(path, columns, {}), *_start_cells(start, columns, description)):
        for column in cell.columns:
            code = f"[row for row in read_csv({column.place!r}) if row[{column.name!r}] == {cell.value!r}]"
            yield Query({"code": code}, str(cell.value), cell.step)


def _schema(path: Sequence[Node]) -> tuple[dict[tuple[str, str], list[tuple[str, str]]], list[_Column]]:
    """Which column refers to which, in both directions, and all columns that were seen."""
    references: dict[tuple[str, str], list[tuple[str, str]]] = {}
    columns: list[_Column] = []
    for table, place in _tables(path):
        name = str(table["table"])
        for column in cast("list[JsonObject]", table["columns"]):
            columns.append(_Column(place, name, str(column["name"])))
        for one in cast("list[JsonObject]", table["references"]):
            here, there = (name, str(one["column"])), (str(one["table"]), str(one["to"]))
            references.setdefault(here, []).append(there)
            references.setdefault(there, []).append(here)
    return references, columns


def _tables(path: Sequence[Node]) -> Iterator[tuple[JsonObject, str]]:
    for node in path:
        result = node.result
        if isinstance(result, dict) and "db_id" in result and isinstance(result.get("tables"), list):
            for table in cast("list[JsonObject]", result["tables"]):
                yield table, str(result["db_id"])


def _file_columns(path: Sequence[Node]) -> list[_Column]:
    """The columns of tables that were looked at."""
    found: list[_Column] = []
    for node in path:
        result = node.result
        if isinstance(result, dict) and "sample" in result and isinstance(result.get("columns"), list):
            file = str(result["file"])
            for column in cast("list[JsonObject]", result["columns"]):
                found.append(_Column(file, file.rpartition(".")[0], str(column["name"])))
    return found


def _cells(
    path: Sequence[Node],
    columns: Sequence[_Column],
    references: Mapping[tuple[str, str], Sequence[tuple[str, str]]],
) -> Iterator[_Cell]:
    """Values of rows that were found, the latest first, with the columns of other tables that they may stand in."""
    for step in range(len(path) - 1, -1, -1):
        for row in _rows(path[step]):
            of = _table_of(row, columns)
            for name, value in [*row.items()][:_MOST_VALUES]:
                if not isinstance(value, str | int) or isinstance(value, bool):
                    continue
                targets = {*references.get((of, name), ())}
                fits = tuple(
                    one
                    for one in columns
                    if one.table != of
                    and ((one.table, one.name) in targets or (not targets and one.name == name and not _is_vague(name)))
                )
                if fits:
                    yield _Cell(value, fits, step)


def _is_vague(name: str) -> bool:
    """Whether columns of this name have little to do with each other."""
    return name in _VAGUE


def _start_cells(start: str, columns: Sequence[_Column], description: str) -> Iterator[_Cell]:
    """What exploration started from, in the columns of names, or of keys where it is none; in the table described."""
    if len(start) > _LONGEST_START:
        return
    words = label_of(description).split()
    described = [one for one in columns if singular(one.table) in words]
    wanted = [one for one in described or columns if (not is_name(start) if is_key(one.name) else _is_named(one.name))]
    yield _Cell(start, tuple(wanted), -1)


def _is_named(column: str) -> bool:
    return column in ("name", "title") or column.endswith(("_name", "_title"))


def _rows(node: Node) -> Iterator[JsonObject]:
    """The rows that a query or program gave."""
    result = node.result if isinstance(node.result, dict) else {}
    if "table" in result or "tables" in result or "sample" in result:
        return
    rows = result.get("rows", result.get("value"))
    found = rows if isinstance(rows, list) else [rows]
    yield from (row for row in found[:20] if isinstance(row, dict))


def _table_of(row: Mapping[str, JsonValue], columns: Sequence[_Column]) -> str:
    """The table whose columns a row has."""
    for table in dict.fromkeys(one.table for one in columns):
        if {one.name for one in columns if one.table == table} == {*row}:
            return table
    return ""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: JsonValue) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
