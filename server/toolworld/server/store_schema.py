"""The tables of a store, and how a store of an older toolworld becomes one of today."""

from collections.abc import Iterator
from sqlite3 import complete_statement

import aiosqlite

SCHEMA_VERSION = 2
APPLICATION_ID = 0x746F6F6C
"""`tool`, in the file's header: tells a toolworld store from any other SQLite file."""

_ENVIRONMENTS = """
CREATE TABLE {name} (id TEXT, version TEXT, document BLOB NOT NULL, PRIMARY KEY (id, version));
"""
_EPISODES = """
CREATE TABLE {name} (
    id TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    version TEXT NOT NULL,
    seed INTEGER NOT NULL,
    task TEXT,
    parent TEXT REFERENCES episodes (id),
    fork_step INTEGER NOT NULL DEFAULT 0,
    closed INTEGER NOT NULL DEFAULT 0,
    used INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (environment, version) REFERENCES environments (id, version)
) WITHOUT ROWID;
"""
_EVENTS = """
CREATE TABLE {name} (
    episode TEXT REFERENCES episodes (id) ON DELETE CASCADE,
    step INTEGER,
    event BLOB NOT NULL,
    PRIMARY KEY (episode, step)
) WITHOUT ROWID;
"""
_DOORS = """
CREATE TABLE {name} (
    environment TEXT,
    principal TEXT,
    episode TEXT NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
    PRIMARY KEY (environment, principal)
) WITHOUT ROWID;
"""
_INDEXES = """
CREATE TABLE heartbeat (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL);
CREATE TRIGGER closed_stays_closed BEFORE INSERT ON events
    WHEN (SELECT closed FROM episodes WHERE id = NEW.episode)
    BEGIN SELECT raise(ABORT, 'the episode is closed'); END;
CREATE INDEX children ON episodes (parent) WHERE parent IS NOT NULL;
CREATE INDEX inhabitants ON episodes (environment, version);
CREATE INDEX doors_of ON doors (episode);
"""

_NEW = f"""
PRAGMA application_id = {APPLICATION_ID};
{_ENVIRONMENTS.format(name="environments")}{_EPISODES.format(name="episodes")}{_EVENTS.format(name="events")}{_DOORS.format(name="doors")}{_INDEXES}
"""

_MIGRATIONS = {
    1: f"""
{_ENVIRONMENTS.format(name="environments_2")}
{_EPISODES.format(name="episodes_2")}{_EVENTS.format(name="events_2")}{_DOORS.format(name="doors_2")}
INSERT INTO environments_2 SELECT id, version, document FROM environments;
INSERT INTO episodes_2 (id, environment, version, seed, task, parent, fork_step, closed)
    SELECT id, environment, version, seed, task, parent, fork_step, closed FROM episodes;
INSERT INTO events_2 SELECT episode, step, event FROM events;
INSERT INTO doors_2 SELECT environment, principal, episode FROM doors;
DROP TABLE doors; DROP TABLE events; DROP TABLE episodes; DROP TABLE environments;
ALTER TABLE environments_2 RENAME TO environments;
ALTER TABLE episodes_2 RENAME TO episodes;
ALTER TABLE events_2 RENAME TO events;
ALTER TABLE doors_2 RENAME TO doors;
{_INDEXES}
""",
}
"""By the version they lead away from, each to the next: 2 came with foreign keys, and with when an episode was used."""


async def bring_up_to_date(connection: aiosqlite.Connection, version: int | None) -> None:
    """Make the tables of a new store (`version` None), or change those of an older one; all or nothing."""
    await connection.execute("PRAGMA foreign_keys = OFF")  # tables are replaced by their successors
    await connection.execute("BEGIN IMMEDIATE")
    try:
        if await _version_now(connection) == version:  # and no other process was faster
            steps = _NEW if version is None else "".join(_MIGRATIONS[old] for old in range(version, SCHEMA_VERSION))
            for statement in _statements(f"{steps} PRAGMA user_version = {SCHEMA_VERSION};"):
                await connection.execute(statement)
        await connection.commit()
    except aiosqlite.Error:
        await connection.rollback()
        raise


async def _version_now(connection: aiosqlite.Connection) -> int | None:
    [[tables]] = await connection.execute_fetchall("SELECT count(*) FROM sqlite_master")
    [[version]] = await connection.execute_fetchall("PRAGMA user_version")
    return version if tables else None


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements, triggers whole."""
    statement = ""
    for part in script.split(";")[:-1]:
        statement += f"{part};"
        if complete_statement(statement):
            yield statement
            statement = ""
