"""The tables of a PostgreSQL store, and how those of an older version are brought up to date."""

from collections.abc import Mapping
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs]

from toolworld.ground import StoreError

_LOCK = 0x746F6F6C
"""`tool`: the advisory lock under which tables are made."""

# Texts that a stranger may fill with anything are kept as bytes: a text of PostgreSQL has no NUL. Ids are compared byte
# by byte, as in an SQLite store, so that lists of both are in the same order.
_TABLES = """
CREATE TABLE store_version (version integer NOT NULL);
CREATE SEQUENCE writers;
CREATE TABLE environments (
    id text COLLATE "C",
    version text COLLATE "C",
    document bytea NOT NULL,
    PRIMARY KEY (id, version)
);
CREATE TABLE episodes (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    environment text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    seed bigint NOT NULL,
    task text,
    trial integer NOT NULL,
    answer bytea,
    parent text COLLATE "C" REFERENCES episodes (id),
    fork_step integer NOT NULL,
    fork_exchange integer NOT NULL,
    closed boolean NOT NULL,
    used bigint NOT NULL,
    writer bigint NOT NULL,
    FOREIGN KEY (environment, version) REFERENCES environments (id, version)
) WITH (fillfactor = 85);
CREATE INDEX children ON episodes (parent) WHERE parent IS NOT NULL;
CREATE INDEX episodes_of_environment ON episodes (environment, version);
CREATE TABLE events (
    episode bigint REFERENCES episodes (number) ON DELETE CASCADE,
    step integer,
    event bytea NOT NULL,
    writer bigint NOT NULL,
    PRIMARY KEY (episode, step)
);
CREATE TABLE exchanges (
    episode bigint REFERENCES episodes (number) ON DELETE CASCADE,
    number integer,
    exchange bytea NOT NULL,
    PRIMARY KEY (episode, number)
);
CREATE TABLE verdicts (
    episode bigint PRIMARY KEY REFERENCES episodes (number) ON DELETE CASCADE,
    verdict bytea NOT NULL
);
CREATE TABLE unanswered (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    episode text COLLATE "C" NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
    step integer NOT NULL,
    digest text COLLATE "C" NOT NULL,
    reason bytea NOT NULL,
    UNIQUE (episode, digest)
);
CREATE TABLE default_episodes (
    environment text COLLATE "C",
    version text COLLATE "C",
    principal text COLLATE "C",
    episode text COLLATE "C" NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
    PRIMARY KEY (environment, version, principal)
);
CREATE INDEX defaults_of_episode ON default_episodes (episode);
CREATE TABLE sessions (
    episode text COLLATE "C" PRIMARY KEY REFERENCES episodes (id) ON DELETE CASCADE,
    environment text COLLATE "C" NOT NULL
);
CREATE TABLE completions (key text COLLATE "C" PRIMARY KEY, completion bytea NOT NULL);
CREATE TABLE spending (budget text COLLATE "C" PRIMARY KEY, spent double precision NOT NULL);
CREATE TABLE reservations (
    name text COLLATE "C" PRIMARY KEY,
    budget text COLLATE "C" NOT NULL,
    amount double precision NOT NULL,
    until bigint NOT NULL
);
CREATE TABLE heartbeat (id integer PRIMARY KEY CHECK (id = 1), at bigint NOT NULL);
"""

MIGRATIONS: Mapping[int, str] = {}
"""Scripts by the version that they lead away from, each to the next one. The tables above are those of the newest."""


def newest(migrations: Mapping[int, str] = MIGRATIONS) -> int:
    """The newest version of the tables; the first one is 1."""
    return len(migrations) + 1


async def prepare_schema(
    connection: Any, schema: str, name: str, make: bool, migrations: Mapping[int, str] = MIGRATIONS
) -> None:
    """Make the tables of a new store, or bring those of an older one up to date; all or nothing.

    Args:
        connection: A connection whose search path is the schema.
        schema: The schema that holds the tables.
        name: The store, for messages.
        make: Whether to make a store where there is none.
        migrations: Scripts that lead from one version to the next.

    Raises:
        StoreError: there is no store and none is to be made, or the schema holds something else, or is of a newer
            toolworld, or the database does not keep its texts in UTF-8.
    """
    if await _version(connection, schema, name) == newest(migrations):
        return  # as a reader without the right to write may find it
    async with connection.transaction():
        # of many servers that open one new store at once, one makes the tables and the others find them made
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        version = await _version(connection, schema, name)
        if version is None and not make:
            raise StoreError(f"{name} holds no toolworld store in its schema {schema}")
        if version is None:
            await _make_schema(connection, schema, name)
            await connection.execute(_TABLES)
            await connection.execute("INSERT INTO store_version VALUES ($1)", newest(migrations))
            return
        if version > newest(migrations):
            raise StoreError(f"{name} was written by a newer toolworld (store version {version})")
        for old in range(version, newest(migrations)):
            await connection.execute(migrations[old])
        if version != newest(migrations):
            await connection.execute("UPDATE store_version SET version = $1", newest(migrations))


async def _make_schema(connection: Any, schema: str, name: str) -> None:
    """Make the schema, unless an administrator has done so for us."""
    if await connection.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = $1", schema):
        return
    try:
        await connection.execute(f'CREATE SCHEMA "{schema}"')
    except asyncpg.InsufficientPrivilegeError:
        raise StoreError(
            f"{name}: this user may not make the schema {schema}; "
            f"have it made by CREATE SCHEMA {schema} AUTHORIZATION USER"
        ) from None


async def _version(connection: Any, schema: str, name: str) -> int | None:
    """The version of the tables, or None where there are none."""
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise StoreError(f"{name} keeps its texts in {encoding}; a store needs a database in UTF8")
    tables = {
        row["relname"]
        for row in await connection.fetch(
            "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = $1",
            schema,
        )
    }
    if not tables:
        return None
    if "store_version" not in tables:
        raise StoreError(f"{name} has other tables in its schema {schema}; name an empty one, as in ?schema=NAME")
    return await connection.fetchval("SELECT version FROM store_version")
