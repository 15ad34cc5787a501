"""Stores of both kinds, so that what holds for one is seen to hold for the other."""

from collections.abc import Generator
from itertools import count
from pathlib import Path

import pytest
from tests.support.postgres import PostgresServer, postgres_server

from toolworld.server import StoreAddress

_NUMBERS = count()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Generator[PostgresServer]:
    """A PostgreSQL server for all tests of this process."""
    with postgres_server(tmp_path_factory.mktemp("postgres"), "fsync=off") as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """A new store in PostgreSQL, in a schema of its own."""
    return f"{postgres.dsn}?schema=test_{next(_NUMBERS)}"


@pytest.fixture(params=["sqlite", "postgres"])
def store_address(request: pytest.FixtureRequest, tmp_path: Path) -> StoreAddress:
    """A new store of each kind."""
    return tmp_path / "s.sqlite" if request.param == "sqlite" else request.getfixturevalue("database")
