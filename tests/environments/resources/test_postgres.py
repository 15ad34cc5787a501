"""A PostgreSQL database that can only be read, with a real server of this test's own."""

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.support.answered_resource import asked, refusal_of, result_of
from tests.support.postgres import postgres_server

from toolworld.environments import Runtime, save_with_resources
from toolworld.ground import JsonObject

_SCHEMA = """
CREATE TABLE ports (name TEXT PRIMARY KEY, depth INTEGER);
CREATE TABLE ships (id TEXT PRIMARY KEY, port TEXT REFERENCES ports(name), built DATE);
INSERT INTO ports VALUES ('North', 12), ('South', 8);
INSERT INTO ships VALUES ('S1', 'North', '1902-03-04');
"""


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A database with two tables, of a server for as long as the tests of this file take."""
    with postgres_server(tmp_path_factory.mktemp("postgres"), "fsync=off") as server:
        server.query(_SCHEMA)
        yield server.dsn


def _runtime(folder: Path, **more: float) -> Runtime:
    settings: JsonObject = {"dsn": "${TEST_DSN}", **more}
    return Runtime(save_with_resources({"database": settings}, folder=folder / "e", near=folder))


async def test_a_database_is_described_and_queried(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DSN", dsn)
    database = _runtime(tmp_path, row_limit=1)
    assert (await result_of(database, "text2sql_list_databases"))["databases"] == [
        {"db_id": "postgres", "tables": ["ports", "ships"]}
    ]
    schema = await result_of(database, "text2sql_get_schema", db_id="postgres", table_names=["ships"])
    assert schema["tables"][0]["references"] == [{"column": "port", "table": "ports", "to": "name"}]
    assert schema["tables"][0]["columns"][0] == {"name": "id", "type": "text", "key": True}
    found = await result_of(database, "text2sql_execute", db_id="postgres", query="SELECT * FROM ports ORDER BY depth")
    assert found["rows"] == [{"name": "South", "depth": 8}] and found["cut"] is True
    built = await result_of(database, "text2sql_execute", db_id="postgres", query="SELECT built FROM ships")
    assert built["rows"] == [{"built": "1902-03-04"}]
    assert dsn not in (tmp_path / "e/environment.json").read_text()


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM ships",
        "CREATE TABLE t (x int)",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "COMMIT",
        "SELECT 1; DELETE FROM ships",
        "SELECT pg_sleep(30)",
        "SELECT * FROM nowhere",
    ],
)
async def test_what_would_change_or_does_not_end_is_refused(
    tmp_path: Path, dsn: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DSN", dsn)
    database = _runtime(tmp_path, seconds=1)
    assert (await refusal_of(database, "text2sql_execute", db_id="postgres", query=query))[0] == "query_failed"
    count = await result_of(database, "text2sql_execute", db_id="postgres", query="SELECT count(*) AS n FROM ships")
    assert count["rows"] == [{"n": 1}]


async def test_a_database_that_is_away_is_a_fault_of_the_simulation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("asyncpg")
    monkeypatch.setenv("TEST_DSN", "postgresql://reader@127.0.0.1:9/postgres")
    event = await asked(_runtime(tmp_path), "text2sql_list_databases")
    assert event.failure is not None and event.failure.kind == "simulator"
    assert "the database is away" in str(event.failure.detail)
