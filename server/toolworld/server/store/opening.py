"""Where a store is: in memory, in an SQLite file, or in a PostgreSQL database."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from toolworld.ground import StoreError, UsageError
from toolworld.server.store.protocol import EpisodeStore
from toolworld.server.store.sqlite.store import open_sqlite_store

SCHEMES = ("postgresql://", "postgres://")
StoreAddress = Path | str
"""An SQLite file, or `postgresql://user@host:port/database?schema=NAME`."""


def is_database(address: StoreAddress | None) -> bool:
    """Whether a store is in a PostgreSQL database, which several servers on several machines can share.

    Raises:
        UsageError: it is an address of something else; it is not shown, since it may hold a password.
    """
    found = isinstance(address, str) and address.startswith(SCHEMES)
    if not found and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(address or "")):
        raise UsageError("a store is an SQLite file, or postgresql://USER@HOST/DATABASE; no other address is one")
    return found


def shown_address(address: StoreAddress) -> str:
    """The address as it may be shown: without a password."""
    if not is_database(address):
        return str(address)
    from toolworld.server.store.postgres.database import parse_address

    return parse_address(str(address)).shown


def require_store(address: StoreAddress) -> None:
    """Raise StoreError where there is no file of a store; a database says so itself when it is opened."""
    if not is_database(address) and not Path(address).is_file():
        raise StoreError(f"there is no store {address}")


@asynccontextmanager
async def open_store(
    address: StoreAddress | None, full: bool = False, make: bool = True
) -> AsyncGenerator[EpisodeStore]:
    """Open a store, or make a new one; without an address it lives in memory, for as long as it is open.

    Args:
        address: The SQLite file, or the address of a PostgreSQL database.
        full: Sync each commit of a file to the disk, so that even a loss of power loses nothing. Without it a
            commit survives the death of the process, not that of the machine. A database syncs as it is set up to.
        make: Whether to make a store where there is none.

    Raises:
        StoreError: it cannot be opened, is not a toolworld store, or is of a newer toolworld.
        UsageError: the extra for PostgreSQL is not installed, or the address is none.
    """
    if address is None or not is_database(address):
        async with open_sqlite_store(None if address is None else Path(address), full, make) as store:
            yield store
        return
    require_postgres()
    from toolworld.server.store.postgres.store import open_postgres_store

    async with open_postgres_store(str(address), make) as store:
        yield store


def require_postgres() -> None:
    """Raise UsageError where the extra for PostgreSQL is not installed."""
    if find_spec("asyncpg") is None:
        raise UsageError("a store in PostgreSQL needs a package: pip install 'toolworld[postgres]'")
