"""The index of runs: a table in a temporary SQLite file, so that 100,000 runs take little memory.

It is written by one thread and read by others, one at a time.
"""

import sqlite3
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from toolworld.ground import RecordError
from toolworld.server.viewer.runs.filters import RunFilter
from toolworld.server.viewer.runs.row import NO_VERDICT, RunRow

ROWS_A_PAGE = 100
"""Runs that a page of the table shows."""
CHILDREN = "parent != '' AND parent = ?"
"""The condition of the forks of an episode, as the index of forks is made for."""
_TABLE = """
CREATE TABLE runs (
    number INTEGER PRIMARY KEY, source INTEGER NOT NULL, set_name TEXT, set_slug TEXT, slug TEXT, run TEXT,
    planned TEXT, environment TEXT, version TEXT, task TEXT, agent TEXT, user TEXT, seed INTEGER, trial INTEGER,
    request TEXT, calls INTEGER, cost REAL, tokens INTEGER, stop TEXT, tags TEXT, parent TEXT, fork_step INTEGER,
    words TEXT, offset INTEGER, length INTEGER,
    outcome TEXT, rank INTEGER, reward REAL, checks TEXT, blame TEXT, why TEXT, why_words TEXT,
    verdict_offset INTEGER DEFAULT -1, verdict_length INTEGER DEFAULT 0
);
CREATE UNIQUE INDEX by_run ON runs (source, run);
CREATE INDEX by_rank ON runs (rank, number);
CREATE INDEX by_place ON runs (set_slug, slug);
CREATE INDEX by_task ON runs (task, set_name);
CREATE INDEX by_parent ON runs (parent) WHERE parent != '';
CREATE INDEX by_outcome ON runs (set_name, agent, environment, outcome);
CREATE TABLE verdicts (
    source INTEGER, run TEXT, outcome TEXT, rank INTEGER, reward REAL, checks TEXT, blame TEXT, why TEXT,
    why_words TEXT, verdict_offset INTEGER, verdict_length INTEGER, PRIMARY KEY (source, run)
) WITHOUT ROWID;
"""
_OF_VERDICT = (*NO_VERDICT, "verdict_offset", "verdict_length")
_SHOWN = (
    "number, source, set_name, set_slug, slug, run, environment, version, task, agent, user, seed, trial, request, "
    "calls, cost, tokens, stop, tags, parent, fork_step, offset, length, outcome, reward, checks, blame, why, "
    "verdict_offset, verdict_length"
)


class RunIndex:
    """The rows of all runs at hand."""

    def __init__(self) -> None:
        # An empty name is a file of SQLite's own, which is gone when it is closed.
        self._connection = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._connection.executescript(f"PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; {_TABLE}")
        self._lock = Lock()
        self.version = 0
        """Goes up with each change, so that who watches knows of it."""

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._connection.close()

    def put_runs(self, source: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add runs, or replace those of the same id; a verdict that was read before is theirs."""
        if not rows:
            return
        names = [*rows[0], *_OF_VERDICT]
        statement = (
            f"INSERT INTO runs (source, {', '.join(names)}) VALUES (?{', ?' * len(names)}) ON CONFLICT (source, run) "
            f"DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in rows[0])}"
        )
        with self._writing():
            known = self._verdicts(source, [row["run"] for row in rows])
            self._connection.executemany(
                statement,
                [(source, *row.values(), *known.get(row["run"], (*NO_VERDICT.values(), -1, 0))) for row in rows],
            )
            # a record of a run that got no episode is replaced by one of the same run that got one
            self._connection.executemany(
                "DELETE FROM runs WHERE source = ? AND run = ?",
                [(source, row["planned"]) for row in rows if row["planned"] != row["run"]],
            )

    def put_verdicts(self, source: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Give runs their verdicts, by `run`; those of runs that are not here yet are kept until they are."""
        if not rows:
            return
        sets = ", ".join(f"{name} = ?" for name in _OF_VERDICT)
        with self._writing():
            for row in rows:
                values = [row[name] for name in _OF_VERDICT]
                done = self._connection.execute(
                    f"UPDATE runs SET {sets} WHERE source = ? AND run = ?", (*values, source, row["run"])
                )
                if not done.rowcount:
                    self._connection.execute(
                        f"INSERT OR REPLACE INTO verdicts (source, run, {', '.join(_OF_VERDICT)}) "
                        f"VALUES (?, ?{', ?' * len(_OF_VERDICT)})",
                        (source, row["run"], *values),
                    )

    @contextmanager
    def _writing(self) -> Generator[None]:
        """A transaction: what fails leaves nothing."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException as problem:
                self._connection.execute("ROLLBACK")
                if isinstance(problem, sqlite3.Error | OverflowError):
                    raise RecordError(f"a run cannot be kept in the index: {problem}") from None
                raise
            self._connection.execute("COMMIT")
            self.version += 1

    def _verdicts(self, source: int, runs: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """Verdicts that came before their runs."""
        marks = ", ".join("?" * len(runs))
        found = self._connection.execute(
            f"SELECT run, {', '.join(_OF_VERDICT)} FROM verdicts WHERE source = ? AND run IN ({marks})", (source, *runs)
        )
        return {row[0]: row[1:] for row in found}

    def forget(self, source: int) -> None:
        """Drop the runs of a source, which is read anew."""
        with self._lock:
            self._connection.execute("DELETE FROM runs WHERE source = ?", (source,))
            self._connection.execute("DELETE FROM verdicts WHERE source = ?", (source,))
            self.version += 1

    def drop_runs(self, source: int, runs: Sequence[str]) -> None:
        """Drop runs that are no more there."""
        if runs:
            with self._lock:
                self._connection.executemany(
                    "DELETE FROM runs WHERE source = ? AND run = ?", [(source, run) for run in runs]
                )
                self.version += 1

    def select(self, columns: str, condition: str = "1", values: Iterable[Any] = (), rest: str = "") -> list[Any]:
        """Rows of columns of the runs that meet a condition."""
        with self._lock:
            return self._connection.execute(
                f"SELECT {columns} FROM runs WHERE {condition} {rest}", (*values,)
            ).fetchall()

    def rows(
        self, condition: str = "1", values: Iterable[Any] = (), rest: str = "ORDER BY rank, number"
    ) -> list[RunRow]:
        """Runs that meet a condition."""
        return [RunRow(*row) for row in self.select(_SHOWN, condition, values, rest)]

    def numbered(self, numbers: Sequence[int]) -> list[RunRow]:
        """Runs by their numbers."""
        return self.rows(f"number IN ({', '.join('?' * len(numbers))})", numbers, "")

    def page(self, wanted: RunFilter, after: tuple[int, int] | None = None, limit: int = ROWS_A_PAGE) -> list[RunRow]:
        """The runs of a filter, those that failed first.

        Args:
            wanted: The filter.
            after: The rank and the number of the last run of the page before.
            limit: How many.
        """
        condition, values = wanted.where()
        if after is not None:
            condition, values = f"(rank, number) > (?, ?) AND {condition}", [*after, *values]
        return self.rows(condition, values, f"ORDER BY rank, number LIMIT {limit}")

    def find(self, set_slug: str, run_slug: str) -> RunRow | None:
        """The run at an address."""
        found = self.rows("set_slug = ? AND slug = ?", (set_slug, run_slug), "LIMIT 1")
        return found[0] if found else None

    def neighbours(self, row: RunRow, wanted: RunFilter) -> tuple[RunRow | None, RunRow | None]:
        """The runs before and after one, in the order of the table."""
        ranks = self.select("rank", "number = ? AND run = ?", (row.number, row.run))
        if not ranks:  # it is no run of the table
            return None, None
        [(rank,)] = ranks
        condition, values = wanted.where()
        before = self.rows(
            f"(rank, number) < (?, ?) AND {condition}",
            [rank, row.number, *values],
            "ORDER BY rank DESC, number DESC LIMIT 1",
        )
        after = self.page(wanted, (rank, row.number), 1)
        return (before[0] if before else None), (after[0] if after else None)

    def of_task(self, task: str, limit: int = ROWS_A_PAGE) -> list[RunRow]:
        """The runs of a task, by their sets."""
        return self.rows("task = ?", (task,), f"ORDER BY set_name, agent, seed, trial, number LIMIT {limit}")
