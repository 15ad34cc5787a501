"""Databases: which there are, their schemas, and queries that only read."""

import math
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple, Protocol

from toolworld.environments.resources.database_tools import DatabaseSettings
from toolworld.environments.resources.files import files_in
from toolworld.environments.resources.resource import RefusedCallError
from toolworld.ground import JsonObject, JsonValue, SpecError, cut

DATABASE_FILES = (".sqlite", ".db", ".sqlite3", ".sql")
_CELL = 500
"""Characters of a text in a row."""


class Column(NamedTuple):
    """A column of a table."""

    name: str
    type: str
    is_key: bool


class Reference(NamedTuple):
    """A foreign key."""

    column: str
    table: str
    to: str


class Table(NamedTuple):
    """A table of a database."""

    name: str
    columns: Sequence[Column]
    references: Sequence[Reference]


class Rows(NamedTuple):
    """What a query gave."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    cut: bool
    """Whether there were more."""


class Engine(Protocol):
    """One database that can only be read."""

    async def tables(self) -> Sequence[Table]:
        """Its tables, in the order of their names."""
        ...

    async def execute(self, query: str, limit: int) -> Rows:
        """Run a query.

        Raises:
            RefusedCallError: it is wrong, takes too long, or would change something.
        """
        ...


def quoted_name(name: str) -> str:
    """A name as SQL writes it, in double quotes."""
    return '"' + name.replace('"', '""') + '"'


class Databases:
    """Databases by id."""

    def __init__(self, engines: dict[str, Engine], settings: DatabaseSettings) -> None:
        self._engines = engines
        self._limit = settings.row_limit

    @classmethod
    def open(cls, settings: DatabaseSettings, folder: Path, dsn: str | None = None) -> "Databases":
        """Open the databases.

        Args:
            settings: How.
            folder: Where their files are.
            dsn: The address of a PostgreSQL database.

        Raises:
            SpecError: there are none, or one is not a database.
        """
        from toolworld.environments.resources.sqlite import SqliteEngine

        if dsn is not None:
            from toolworld.environments.resources.postgres import PostgresEngine

            return cls({"postgres": PostgresEngine(dsn, settings.seconds)}, settings)
        if settings.folder is None:
            raise SpecError("database: name a `folder` of SQLite files, or the `dsn` of a PostgreSQL database")
        files = files_in(folder / settings.folder, DATABASE_FILES, "database")
        names = [path.stem for path in files]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise SpecError(f"database: two files are called {twice}, and a database's id is its file's name")
        return cls({path.stem: SqliteEngine.open(path, settings.seconds) for path in files}, settings)

    async def answer(self, tool: str, arguments: JsonObject) -> JsonValue:
        """List, describe or query."""
        if tool == "text2sql_list_databases":
            listed = [(name, await engine.tables()) for name, engine in self._engines.items()]
            return {"databases": [{"db_id": name, "tables": [one.name for one in tables]} for name, tables in listed]}
        engine = self._engine(str(arguments["db_id"]))
        if tool == "text2sql_get_schema":
            names = arguments.get("table_names")
            chosen = [str(one) for one in names] if isinstance(names, list) else None
            return {"db_id": arguments["db_id"], "tables": [*await self._schemas(engine, chosen)]}
        found = await engine.execute(str(arguments["query"]), self._limit)
        return {"columns": [*found.columns], "rows": [*_records(found)], "cut": found.cut}

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            known = ", ".join(self._engines)
            raise RefusedCallError("unknown_database", f"there is no database {name[:80]!r}; there are: {known}"[:400])
        return self._engines[name]

    async def _schemas(self, engine: Engine, names: Sequence[str] | None) -> list[JsonObject]:
        tables = {one.name: one for one in await engine.tables()}
        unknown = next((name for name in names or () if name not in tables), None)
        if unknown is not None:
            raise RefusedCallError(
                "unknown_table", f"no table is called {unknown[:80]!r}; there are: {', '.join(tables)}"
            )
        return [await self._schema(engine, tables[name]) for name in names or tables]

    async def _schema(self, engine: Engine, table: Table) -> JsonObject:
        rows = await engine.execute(f"SELECT * FROM {quoted_name(table.name)} LIMIT 1", 1)
        return {
            "table": table.name,
            "columns": [{"name": one.name, "type": one.type, "key": one.is_key} for one in table.columns],
            "references": [{"column": one.column, "table": one.table, "to": one.to} for one in table.references],
            "sample": [*_records(rows)],
        }


def _records(found: Rows) -> list[JsonObject]:
    """Rows as objects; a name that stands twice gets a number."""
    names: dict[str, None] = {}
    taken = {*found.columns}
    for name in found.columns:
        free = (f"{name}_{number}" for number in count(2))
        chosen = name if name not in names else next(one for one in free if one not in taken)
        taken.add(chosen)
        names[chosen] = None
    return [{name: _cell(value) for name, value in zip(names, row, strict=True)} for row in found.rows]


def _cell(value: object) -> JsonValue:
    """A value as JSON has it: what it has no number for is a text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return cut(str(value).encode(errors="replace").decode(), _CELL)
