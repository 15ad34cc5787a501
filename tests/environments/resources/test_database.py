"""SQLite databases that can only be read."""

import sqlite3
from pathlib import Path

import anyio
import pytest
from tests.support.answered_resource import refusal_of, resource_runtime, result_of, written

from toolworld.environments import Runtime, save_with_resources
from toolworld.ground import SpecError

SCRIPT = """
CREATE TABLE ports (name TEXT PRIMARY KEY, depth INTEGER);
CREATE TABLE ships (id TEXT PRIMARY KEY, port TEXT REFERENCES ports(name), photo BLOB);
INSERT INTO ports VALUES ('North', 12), ('South', 8);
INSERT INTO ships VALUES ('S1', 'North', x'0102'), ('S2', 'South', NULL);
"""


def _runtime(folder: Path, **settings: int) -> Runtime:
    return resource_runtime(folder, "database", {"sea.sql": SCRIPT}, **settings)


async def test_databases_are_listed_and_described_with_keys_and_references(tmp_path: Path) -> None:
    database = _runtime(tmp_path)
    assert await result_of(database, "text2sql_list_databases") == {
        "databases": [{"db_id": "sea", "tables": ["ports", "ships"]}]
    }
    schema = await result_of(database, "text2sql_get_schema", db_id="sea", table_names=["ships"])
    [ships] = schema["tables"]
    assert ships["references"] == [{"column": "port", "table": "ports", "to": "name"}]
    assert ships["columns"][0] == {"name": "id", "type": "TEXT", "key": True}
    assert ships["sample"] == [{"id": "S1", "port": "North", "photo": "2 bytes"}]
    assert (await refusal_of(database, "text2sql_get_schema", db_id="lake"))[0] == "unknown_database"
    assert (await refusal_of(database, "text2sql_get_schema", db_id="sea", table_names=["x"]))[0] == "unknown_table"


async def test_a_query_gives_rows_up_to_the_limit_and_says_whether_there_were_more(tmp_path: Path) -> None:
    database = _runtime(tmp_path, row_limit=1)
    query = "WITH d AS (SELECT depth, name, name AS place FROM ports ORDER BY depth) SELECT * FROM d"
    found = await result_of(database, "text2sql_execute", db_id="sea", query=query)
    assert found["rows"] == [{"depth": 8, "name": "South", "place": "South"}]
    assert found["cut"] is True


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM ports",
        "INSERT INTO ports VALUES ('x', 1)",
        "ATTACH '/tmp/other.db' AS other",
        "PRAGMA writable_schema = 1",
        "SELECT load_extension('x')",
        "SELECT randomblob(10)",
        "SELECT * FROM nowhere",
        "SELECT 1; SELECT 2",
        "",
        "SELECT \x00",
    ],
)
async def test_what_would_change_reach_out_or_is_wrong_is_refused_with_why(tmp_path: Path, query: str) -> None:
    database = _runtime(tmp_path)
    code, message = await refusal_of(database, "text2sql_execute", db_id="sea", query=query or " ")
    assert code == "query_failed" and message.startswith("the query failed: ")
    assert (await result_of(database, "text2sql_execute", db_id="sea", query="SELECT count(*) AS n FROM ports"))[
        "rows"
    ] == [{"n": 2}]


async def test_a_query_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    database = _runtime(tmp_path, seconds=1)
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"
    _, message = await refusal_of(database, "text2sql_execute", db_id="sea", query=endless)
    assert "longer than 1 seconds" in message


async def test_a_file_of_sqlite_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "files" / "shop.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as made:
        made.executescript(SCRIPT)
    made.close()
    database = Runtime(save_with_resources({"database": {"folder": "files"}}, folder=tmp_path / "e", near=tmp_path))
    copied = tmp_path / "e" / "database" / "shop.db"
    before = copied.read_bytes()
    assert (await result_of(database, "text2sql_list_databases"))["databases"] == [
        {"db_id": "shop", "tables": ["ports", "ships"]}
    ]
    await refusal_of(database, "text2sql_execute", db_id="shop", query="DROP TABLE ships")
    assert copied.read_bytes() == before and [*copied.parent.iterdir()] == [copied]


@pytest.mark.parametrize("content", ["not sql at all", b"\x00\x01 no database"])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, content: str | bytes) -> None:
    name = "bad.sql" if isinstance(content, str) else "bad.db"
    database = resource_runtime(tmp_path, "database", {name: content})
    with pytest.raises(SpecError, match=r"bad\.(sql|db) is no database that can be read"):
        anyio.run(database.load_program)


def test_a_database_needs_a_folder_or_a_dsn(tmp_path: Path) -> None:
    made = save_with_resources({"database": {}}, folder=tmp_path / "e", near=written(tmp_path, {}))
    with pytest.raises(SpecError, match="name a `folder`"):
        anyio.run(Runtime(made).load_program)


async def test_values_that_json_has_no_number_for_are_texts(tmp_path: Path) -> None:
    query = "SELECT 9e999 AS big, -9223372036854775807 AS small, 1 AS a_2, 2 AS a, 3 AS a"
    found = await result_of(_runtime(tmp_path), "text2sql_execute", db_id="sea", query=query)
    assert found["rows"] == [{"big": "inf", "small": -9223372036854775807, "a_2": 1, "a": 2, "a_3": 3}]


@pytest.mark.parametrize(
    "script",
    [
        "ATTACH '{place}' AS w; CREATE TABLE w.t (x)",
        "CREATE TABLE t (x); VACUUM INTO '{place}'",
        "PRAGMA journal_mode = WAL",
        "SELECT load_extension('x')",
    ],
)
def test_a_script_writes_to_its_own_database_and_nowhere_else(tmp_path: Path, script: str) -> None:
    place = tmp_path / "written.db"
    database = resource_runtime(tmp_path, "database", {"bad.SQL": script.replace("{place}", str(place))})
    with pytest.raises(SpecError, match="is no database that can be read"):
        anyio.run(database.load_program)
    assert not place.exists()


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    database = resource_runtime(tmp_path, "database", {"a/sea.sql": SCRIPT, "b/sea.sql": SCRIPT})
    with pytest.raises(SpecError, match="two files are called sea"):
        anyio.run(database.load_program)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT printf('%.1000000c', 'a') LIKE '%' || printf('%.49000c', 'a') || 'b%'",
        "SELECT " + ", ".join(f"printf('%.190000c', 'x') AS c{number}" for number in range(40)),
        "SELECT " + ", ".join(f"{number}" for number in range(300)),
    ],
)
async def test_what_would_take_much_time_or_memory_at_once_is_refused(tmp_path: Path, query: str) -> None:
    database = _runtime(tmp_path, seconds=2)
    assert (await refusal_of(database, "text2sql_execute", db_id="sea", query=query))[0] == "query_failed"
