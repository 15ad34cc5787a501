"""A store as toolworld 0.1.0 before November 2026 wrote it, to be brought up to date."""

import sqlite3
from contextlib import closing
from pathlib import Path

TABLES = """
CREATE TABLE environments (id TEXT, version TEXT, document BLOB NOT NULL, PRIMARY KEY (id, version));
CREATE TABLE episodes (
    id TEXT PRIMARY KEY,
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
) WITHOUT ROWID;
CREATE TABLE events (
    episode TEXT REFERENCES episodes (id) ON DELETE CASCADE,
    step INTEGER,
    event BLOB NOT NULL,
    PRIMARY KEY (episode, step)
) WITHOUT ROWID;
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
CREATE TRIGGER closed_stays_closed BEFORE INSERT ON events
    WHEN (SELECT closed FROM episodes WHERE id = NEW.episode)
    BEGIN SELECT raise(ABORT, 'the episode is closed'); END;
CREATE INDEX children ON episodes (parent) WHERE parent IS NOT NULL;
CREATE INDEX episodes_of_environment ON episodes (environment, version);
CREATE INDEX defaults_of_episode ON default_episodes (episode);
"""
CONTENT = """
INSERT INTO environments VALUES ('counters', 'v', x'7b7d');
INSERT INTO episodes (id, environment, version, seed, task, trial, answer, used)
    VALUES ('parent', 'counters', 'v', 7, 'counters/one', 2, 'Done.', 100);
INSERT INTO episodes (id, environment, version, seed, parent, fork_step, used)
    VALUES ('fork', 'counters', 'v', 7, 'parent', 1, 200);
INSERT INTO events VALUES ('parent', 0, x'7b2261223a307d'),
    ('parent', 1, x'7b2261223a317d'), ('fork', 1, x'7b2262223a317d');
UPDATE episodes SET closed = 1 WHERE id = 'parent';
INSERT INTO unanswered (episode, step, digest, reason) VALUES ('fork', 2, 'd', 'nobody answered');
INSERT INTO default_episodes VALUES ('counters', 'v', '', 'fork');
INSERT INTO sessions VALUES ('fork', 'counters');
"""


def write_store_of_version_1(path: Path) -> None:
    """Write a small store: a closed episode of a task, and a fork of it that is open."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA application_id = 1953460076; {TABLES} PRAGMA user_version = 1; {CONTENT}")
        connection.execute("PRAGMA journal_mode = WAL")
