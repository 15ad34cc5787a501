"""A SQLite database that can only be read: its file is opened so, and an authorizer refuses all else."""

import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from anyio import to_thread

from toolworld.environments.resources.database import Column, Reference, Rows, Table, quoted_name
from toolworld.environments.resources.files import read_file
from toolworld.environments.resources.resource import RefusedCallError
from toolworld.ground import SpecError, reason_of

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_FORBIDDEN_FUNCTIONS = {"load_extension", "readfile", "writefile", "fts3_tokenizer", "zeroblob", "randomblob", "random"}
"""Functions that reach outside, take memory at will, or say something else each time."""
_OPCODES = 10_000
"""How many steps of SQLite's machine are made before the time is looked at."""
_MAX_PAGES, _MAX_SCRIPT = 65_536, 64 << 20
"""How large a script may make its database, in pages of 4 KiB, and how long it and its values may be, in bytes."""
_SCRIPT_SECONDS = 30.0
"""How long a script may take that makes a database."""
_MAX_LENGTH, _MAX_COLUMNS, _MAX_PATTERN, _MAX_RESULT = 200_000, 200, 100, 4 << 20
"""Bytes of a value or of a query, columns, bytes of a pattern (one comparison cannot be stopped), and of all rows."""


class SqliteEngine:
    """A SQLite database; one query at a time."""

    def __init__(self, connection: sqlite3.Connection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._lock = threading.Lock()
        self._tables = [self._table(name) for name in self._names()]
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_LENGTH)
        connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, _MAX_COLUMNS)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _MAX_PATTERN)
        connection.set_authorizer(_allows)

    @classmethod
    def open(cls, path: Path, seconds: float) -> "SqliteEngine":
        """Open a file, or run a script in memory.

        Raises:
            SpecError: it is no database, or the script is wrong.
        """
        try:
            if path.suffix.casefold() == ".sql":
                connection = sqlite3.connect(":memory:", check_same_thread=False)
                _run_script(connection, read_file(path, "database").decode("utf-8-sig", errors="replace"))
            else:
                address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
                connection = sqlite3.connect(address, uri=True, check_same_thread=False)
            return cls(connection, seconds)
        except sqlite3.Error as problem:
            raise SpecError(f"database: {path} is no database that can be read: {reason_of(problem)}") from None

    async def tables(self) -> Sequence[Table]:
        """Its tables."""
        return self._tables

    async def execute(self, query: str, limit: int) -> Rows:
        """Run a query in a thread."""
        return await to_thread.run_sync(self._execute, query, limit)

    def _execute(self, query: str, limit: int) -> Rows:
        with self._lock:
            deadline = time.monotonic() + self._seconds
            self._connection.set_progress_handler(lambda: time.monotonic() > deadline, _OPCODES)
            cursor = self._connection.cursor()
            try:
                cursor.execute(query)
                rows = _fetched(cursor, limit + 1)
            except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError) as problem:
                why = reason_of(problem)
                why = f"it takes longer than {self._seconds:g} seconds" if why == "interrupted" else why
                raise RefusedCallError("query_failed", f"the query failed: {why}") from None
            finally:
                cursor.close()
            if cursor.description is None:
                raise RefusedCallError("query_failed", "the query failed: write one statement that reads")
            return Rows([str(one[0]) for one in cursor.description], rows[:limit], len(rows) > limit)

    def _names(self) -> list[str]:
        found = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
        return [str(row[0]) for row in found]

    def _table(self, name: str) -> Table:
        quoted = quoted_name(name)
        columns = [
            Column(str(row[1]), str(row[2]), bool(row[5]))
            for row in self._connection.execute(f"PRAGMA table_info({quoted})")
        ]
        keys = self._connection.execute(f"PRAGMA foreign_key_list({quoted})").fetchall()
        references = sorted(Reference(str(row[3]), str(row[2]), str(row[4] or row[3])) for row in keys)
        return Table(name, columns, references)


def _fetched(cursor: sqlite3.Cursor, limit: int) -> list[tuple[object, ...]]:
    """The first rows, bounded in bytes."""
    rows: list[tuple[object, ...]] = []
    size = 0
    for row in cursor:
        size += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
        if size > _MAX_RESULT:
            raise ValueError(f"its rows have more than {_MAX_RESULT} bytes; ask for less")
        rows.append(row)
        if len(rows) == limit:
            break
    return rows


def _run_script(connection: sqlite3.Connection, script: str) -> None:
    """Make a database of a script, which may write to this database in memory and to nothing else, for a while."""
    deadline = time.monotonic() + _SCRIPT_SECONDS
    connection.execute(f"PRAGMA max_page_count = {_MAX_PAGES}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_SCRIPT)
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _OPCODES)
    connection.set_authorizer(_allows_in_script)
    connection.executescript(script)
    connection.set_authorizer(None)


def _allows_in_script(action: int, first: str | None, second: str | None, _: str | None, __: str | None) -> int:
    reaches_out = action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)
    reaches_out |= action == sqlite3.SQLITE_FUNCTION and second in _FORBIDDEN_FUNCTIONS
    reaches_out |= action == sqlite3.SQLITE_PRAGMA and first != "foreign_keys"
    return sqlite3.SQLITE_DENY if reaches_out else sqlite3.SQLITE_OK


def _allows(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    del first, database, trigger
    is_allowed = action in _ALLOWED and not (action == sqlite3.SQLITE_FUNCTION and second in _FORBIDDEN_FUNCTIONS)
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY
