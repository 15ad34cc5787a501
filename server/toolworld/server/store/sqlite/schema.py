"""The tables of an SQLite store, and how a store of an older version is brought up to date."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from sqlite3 import complete_statement

from toolworld.ground import StoreError

APPLICATION_ID = 0x746F6F6C
"""`tool`, in the file's header: tells a toolworld store from any other SQLite file."""

# Migrations are made of these, too: before they change, a migration gets the text of its time.
_EPISODES = """
CREATE TABLE {name} (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    environment TEXT NOT NULL,
    version TEXT NOT NULL,
    seed INTEGER NOT NULL,
    task TEXT,
    trial INTEGER NOT NULL DEFAULT 0,
    answer TEXT,
    parent TEXT REFERENCES episodes (id),
    fork_step INTEGER NOT NULL DEFAULT 0,
    closed INTEGER NOT NULL DEFAULT 0,
    used INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (environment, version) REFERENCES environments (id, version)
);
"""
# Events are appended, whatever episode they are of: so a commit of many episodes' events touches few pages.
_EVENTS = """
CREATE TABLE {name} (
    number INTEGER PRIMARY KEY,
    episode INTEGER NOT NULL REFERENCES episodes (number) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    event BLOB NOT NULL,
    UNIQUE (episode, step)
);
"""
_INDEXES = """
CREATE INDEX children ON episodes (parent) WHERE parent IS NOT NULL;
CREATE INDEX episodes_of_environment ON episodes (environment, version);
"""
_CONVERSATIONS = """
ALTER TABLE episodes ADD COLUMN fork_exchange INTEGER NOT NULL DEFAULT 0;
CREATE TABLE exchanges (
    episode INTEGER NOT NULL REFERENCES episodes (number) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    exchange BLOB NOT NULL,
    PRIMARY KEY (episode, number)
) WITHOUT ROWID;
CREATE TABLE verdicts (
    episode INTEGER PRIMARY KEY REFERENCES episodes (number) ON DELETE CASCADE,
    verdict BLOB NOT NULL
);
"""
_MODELS = """
CREATE TABLE completions (key TEXT PRIMARY KEY, completion BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE spending (budget TEXT PRIMARY KEY, spent REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE reservations (
    name TEXT PRIMARY KEY,
    budget TEXT NOT NULL,
    amount REAL NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;
"""
_COLUMNS = "id, environment, version, seed, task, trial, answer, parent, fork_step, closed, used"

MIGRATIONS: Mapping[int, str] = {
    1: f"""
DROP TRIGGER closed_stays_closed;
{_EPISODES.format(name="numbered_episodes")}
INSERT INTO numbered_episodes ({_COLUMNS}) SELECT {_COLUMNS} FROM episodes ORDER BY id;
{_EVENTS.format(name="appended_events")}
INSERT INTO appended_events (episode, step, event)
    SELECT numbered_episodes.number, step, event FROM events
    JOIN numbered_episodes ON numbered_episodes.id = events.episode ORDER BY 1, 2;
DROP TABLE events;
DROP TABLE episodes;
ALTER TABLE numbered_episodes RENAME TO episodes;
ALTER TABLE appended_events RENAME TO events;
{_INDEXES}
""",
    2: _CONVERSATIONS,
    3: _MODELS,
}
"""Scripts by the version that they lead away from, each to the next one. The tables below are those of the newest."""

TABLES = f"""
CREATE TABLE environments (id TEXT, version TEXT, document BLOB NOT NULL, PRIMARY KEY (id, version));
{_EPISODES.format(name="episodes")}
{_EVENTS.format(name="events")}
CREATE TABLE unanswered (
    number INTEGER PRIMARY KEY,
    episode TEXT NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    digest TEXT NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (episode, digest)
);
CREATE TABLE default_episodes (
    environment TEXT,
    version TEXT,
    principal TEXT,
    episode TEXT NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
    PRIMARY KEY (environment, version, principal)
) WITHOUT ROWID;
CREATE TABLE sessions (
    episode TEXT PRIMARY KEY REFERENCES episodes (id) ON DELETE CASCADE,
    environment TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE heartbeat (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL);
{_INDEXES}
{_CONVERSATIONS}
{_MODELS}
CREATE INDEX defaults_of_episode ON default_episodes (episode);
"""


def script(migrations: Mapping[int, str] = MIGRATIONS) -> str:
    """The script that makes the tables of a new store."""
    return f"PRAGMA application_id = {APPLICATION_ID};{TABLES}PRAGMA user_version = {newest(migrations)};"


def newest(migrations: Mapping[int, str] = MIGRATIONS) -> int:
    """The newest version of the tables; the first one is 1."""
    return len(migrations) + 1


def prepare_file(name: str, make: bool, busy_seconds: float, migrations: Mapping[int, str] = MIGRATIONS) -> None:
    """Make the tables of a new store, or bring those of an older one up to date; all or nothing.

    Args:
        name: The file.
        make: Whether to make a store where there is none.
        busy_seconds: How long to wait for another process that has the file locked.
        migrations: Scripts that lead from one version to the next.

    Raises:
        StoreError: the file is empty and must not be made a store, is no store, or is of a newer toolworld.
        sqlite3.Error: the file cannot be opened, or stays locked.
    """
    with closing(sqlite3.connect(name, timeout=busy_seconds, isolation_level=None)) as connection:
        # The lock comes first: of many processes that open one new file at once, one makes the tables
        # and the others find them made. Switching to WAL needs the file for a moment without any reader.
        connection.execute("BEGIN IMMEDIATE")
        try:
            _bring_up_to_date(connection, name, make, migrations)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")


def _bring_up_to_date(connection: sqlite3.Connection, name: str, make: bool, migrations: Mapping[int, str]) -> None:
    tables, kind, version = (
        connection.execute(query).fetchone()[0]
        for query in ("SELECT count(*) FROM sqlite_master", "PRAGMA application_id", "PRAGMA user_version")
    )
    if not tables and not make:
        raise StoreError(f"{name} is empty: no store")
    if tables and kind != APPLICATION_ID:
        raise StoreError(f"{name} is an SQLite file, but not a toolworld store")
    if tables and version < 1:
        raise StoreError(f"{name} is a toolworld store without a version")
    if version > newest(migrations):
        raise StoreError(f"{name} was written by a newer toolworld (store version {version})")
    steps = "".join(migrations[old] for old in range(version, newest(migrations))) if tables else script(migrations)
    for statement in _statements(f"{steps}PRAGMA user_version = {newest(migrations)};"):
        connection.execute(statement)


def _statements(text: str) -> Iterator[str]:
    """Split a script into statements; a trigger, which has semicolons inside, stays whole."""
    statement = ""
    for part in text.split(";")[:-1]:
        statement += f"{part};"
        if complete_statement(statement):
            yield statement
            statement = ""
