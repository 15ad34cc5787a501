"""The store: acknowledged means committed, and what cannot be opened says so in a sentence."""

import sqlite3
from pathlib import Path

import aiosqlite
import anyio
import pytest

from toolworld.ground import StoreError
from toolworld.server import open_store
from toolworld.server.store_schema import bring_up_to_date

INSERT = "INSERT INTO environments (id, version, document) VALUES (?, ?, ?)"


async def test_an_acknowledged_write_is_in_the_file_for_another_process_to_see(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    async with open_store(path) as store:
        await store.write(INSERT, "e", 0, b"x")
        other = sqlite3.connect(path)
        assert other.execute("SELECT document FROM environments").fetchall() == [(b"x",)]
        other.close()


async def test_many_writers_share_commits_and_all_are_written(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.sqlite") as store, anyio.create_task_group() as tasks:
        for number in range(500):
            tasks.start_soon(store.write, INSERT, f"e{number}", 0, b"x")
    async with open_store(tmp_path / "s.sqlite") as store:
        [row] = await store.read("SELECT count(*) AS number FROM environments")
    assert row["number"] == 500


async def test_a_bad_write_fails_alone(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.sqlite") as store:
        await store.write(INSERT, "e", 0, b"x")
        outcomes: dict[int, str] = {}

        async def write(step: int) -> None:
            try:
                await store.write(INSERT, "e", step, b"x")
                outcomes[step] = "written"
            except StoreError:
                outcomes[step] = "refused"

        async with anyio.create_task_group() as tasks:
            for step in (0, 1, 2):
                tasks.start_soon(write, step)
    assert outcomes == {0: "refused", 1: "written", 2: "written"}


async def test_a_number_that_does_not_fit_fails_its_writer_and_not_the_store() -> None:
    async with open_store(None) as store:
        with pytest.raises(StoreError, match="cannot be written"):
            await store.write(INSERT, "e", 2**70, b"x")
        await store.write(INSERT, "e", 1, b"x")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"this is no database, it is a text that goes on for a while" * 20, "cannot be opened"),
        (None, "cannot be opened"),
    ],
)
async def test_what_is_no_store_is_refused(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "s.sqlite"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(StoreError, match=reason):
        async with open_store(path):
            pass
    assert content is None or path.read_bytes() == content


async def test_another_programs_database_and_a_newer_store_are_refused_and_left_alone(tmp_path: Path) -> None:
    foreign = sqlite3.connect(tmp_path / "foreign.sqlite")
    foreign.execute("CREATE TABLE mine (x)")
    foreign.commit()
    foreign.close()
    with pytest.raises(StoreError, match="not a toolworld store"):
        async with open_store(tmp_path / "foreign.sqlite"):
            pass
    async with open_store(tmp_path / "newer.sqlite"):
        pass
    newer = sqlite3.connect(tmp_path / "newer.sqlite")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreError, match=r"newer toolworld \(store version 99\)"):
        async with open_store(tmp_path / "newer.sqlite"):
            pass


async def test_a_locked_or_read_only_or_empty_file_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolworld.server import store as module

    monkeypatch.setattr(module, "BUSY_SECONDS", 0.1)
    path = tmp_path / "s.sqlite"
    async with open_store(path):
        pass
    holder = sqlite3.connect(path)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="database is locked"):
        async with open_store(path):
            pass
    holder.close()
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(StoreError, match="is empty: no store"):
        async with open_store(tmp_path / "empty.sqlite", make=False):
            pass
    assert (tmp_path / "empty.sqlite").read_bytes() == b""
    with pytest.raises(StoreError, match="cannot be opened"):
        async with open_store(Path("/proc/s.sqlite")):
            pass


async def test_what_waits_when_the_store_closes_is_written(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.sqlite") as store, anyio.create_task_group() as tasks:
        tasks.start_soon(store.write, INSERT, "e", 0, b"x")
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    async with open_store(tmp_path / "s.sqlite") as store:
        assert len(await store.read("SELECT * FROM environments")) == 1


async def test_many_that_open_a_new_file_at_once_agree_on_its_tables(tmp_path: Path) -> None:
    async def use(number: int) -> None:
        async with open_store(tmp_path / "s.sqlite") as store:
            await store.write(INSERT, f"e{number}", 0, b"x")
            await anyio.sleep(0.05)

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(use, number)
    async with open_store(tmp_path / "s.sqlite") as store:
        assert len(await store.read("SELECT * FROM environments")) == 8


async def test_a_store_that_another_process_has_brought_up_to_date_is_left_alone(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.sqlite") as store:
        await store.write(INSERT, "e", "v", b"x")
        await store.write("INSERT INTO episodes (id, environment, version, seed, used) VALUES ('i', 'e', 'v', 0, 99)")
        async with aiosqlite.connect(tmp_path / "s.sqlite", isolation_level=None) as late:
            await bring_up_to_date(late, 1)  # it saw version 1, before the other was through
        assert [row["used"] for row in await store.read("SELECT used FROM episodes")] == [99]
