"""The SQLite store: acknowledged means committed, races have one winner, and what cannot be opened says so."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from tests.support.store_of_version_1 import write_store_of_version_1

from toolworld.ground import ClosedError, StoreError
from toolworld.server import EpisodeRow, EpisodeStore, SqliteStore, open_store
from toolworld.server.store.protocol import PruneConditions
from toolworld.server.store.sqlite import writer
from toolworld.server.store.sqlite.schema import MIGRATIONS, prepare_file, script
from toolworld.server.store.sqlite.store import open_sqlite_store
from toolworld.server.store.sqlite.writer import CHECKPOINT_BYTES

ROW = EpisodeRow("e", "counters", "v", 0)


async def add_episode(store: EpisodeStore, name: str = "e") -> None:
    await store.add_environment("counters", "v", b"{}")
    await store.add_episode(EpisodeRow(name, "counters", "v", 0), 100)


async def test_an_acknowledged_write_is_in_the_file_for_another_process_to_see(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    async with open_store(path) as store:
        await store.add_environment("counters", "v", b"x")
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT document FROM environments").fetchall() == [(b"x",)]


async def test_a_read_does_not_see_what_is_not_committed(tmp_path: Path) -> None:
    """A fork, a log or a verdict must not rest on events that may roll back."""
    async with open_sqlite_store(tmp_path / "s.sqlite") as store:
        await add_episode(store)
        writer = store._writer._connection  # pyright: ignore[reportPrivateUsage]
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO events (episode, step, event) SELECT number, 0, '{}' FROM episodes")
        assert len(await store.events("e")) == 0
        writer.commit()
        assert len(await store.events("e")) == 1


@pytest.mark.parametrize("content", [b"this is no database, it is a text that goes on for a while" * 20, None])
async def test_what_is_no_store_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "s.sqlite"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(StoreError, match="cannot be opened"):
        async with open_store(path):
            pass
    assert content is None or path.read_bytes() == content


async def test_another_programs_database_and_a_newer_store_are_refused_and_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "foreign.sqlite")) as foreign:
        foreign.execute("CREATE TABLE mine (x)")
        foreign.commit()
    with pytest.raises(StoreError, match="not a toolworld store"):
        async with open_store(tmp_path / "foreign.sqlite"):
            pass
    async with open_store(tmp_path / "newer.sqlite"):
        pass
    with closing(sqlite3.connect(tmp_path / "newer.sqlite")) as newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"newer toolworld \(store version 99\)"):
        async with open_store(tmp_path / "newer.sqlite"):
            pass


async def test_a_locked_or_read_only_or_empty_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolworld.server.store.sqlite.store.BUSY_SECONDS", 0.1)
    path = tmp_path / "s.sqlite"
    async with open_store(path):
        pass
    with closing(sqlite3.connect(path)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked"):
            async with open_store(path):
                pass
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(StoreError, match="is empty: no store"):
        async with open_store(tmp_path / "empty.sqlite", make=False):
            pass
    assert (tmp_path / "empty.sqlite").read_bytes() == b""
    with pytest.raises(StoreError, match="cannot be opened"):
        async with open_store(Path("/proc/s.sqlite")):
            pass


OPEN_AND_WRITE = """
import sys, anyio
from pathlib import Path
from toolworld.server import open_store

async def main(path, name):
    async with open_store(Path(path)) as store:
        await store.add_environment(name, "v", b"x")

anyio.run(main, *sys.argv[1:])
"""


def test_many_processes_that_open_a_new_file_at_once_all_succeed(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    commands = [[sys.executable, "-c", OPEN_AND_WRITE, str(path), f"e{number}"] for number in range(4)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for command in commands]
    assert [process.communicate(timeout=50)[1] for process in processes] == [b""] * 4
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM environments").fetchone() == (4,)


async def test_a_store_of_an_older_version_is_brought_up_to_date_with_everything_in_it(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    write_store_of_version_1(path)
    for _ in range(2):  # the second time it is up to date already
        async with open_store(path) as store:
            parent = EpisodeRow("parent", "counters", "v", 7, "counters/one", closed=True, trial=2, answer="Done.")
            fork = EpisodeRow("fork", "counters", "v", 7, parent="parent", fork_step=1)
            assert await store.episodes() == [fork, parent]
            assert await store.events("parent") == [(0, b'{"a":0}'), (1, b'{"a":1}')]
            assert await store.unanswered("fork") == {"d": "nobody answered"}
            assert await store.default_episode("counters", "v", "") == "fork"
            assert await store.is_session("counters", "fork")
            assert (await store.stats()).calls == 3
    async with open_store(path) as store:
        assert await store.events("fork") == [(1, b'{"b":1}')]
        with pytest.raises(ClosedError):
            await store.append_event("parent", 2, b"{}")
        await store.append_event("fork", 2, b"{}", "d")
        assert await store.unanswered("fork") == {}
        pruned = await store.prune(PruneConditions())
        assert (pruned.removed, pruned.calls) == (2, 4)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall() == []


def test_an_upgraded_store_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    upgraded, new = tmp_path / "old.sqlite", tmp_path / "new.sqlite"
    write_store_of_version_1(upgraded)
    tables: list[set[tuple[str, str]]] = []
    for path in (upgraded, new):
        prepare_file(str(path), make=True, busy_seconds=5)
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            tables.append({(name, " ".join(sql.replace('"', "").split())) for name, sql in found})
    assert tables[0] == tables[1]


async def test_an_upgrade_that_cannot_be_finished_leaves_the_old_store_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    write_store_of_version_1(path)
    broken = {1: "CREATE TABLE first_step (x); CREATE TABLE events (x);"}
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        prepare_file(str(path), make=False, busy_seconds=5, migrations=broken)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "first_step" not in tables and "events" in tables


def test_the_script_of_a_new_store_has_the_newest_version() -> None:
    assert "PRAGMA user_version = 4;" in script() and "PRAGMA user_version = 5;" in script({**MIGRATIONS, 4: ""})


async def test_while_another_process_writes_the_loop_goes_on_and_the_write_waits(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    async with open_store(path) as store:
        await add_episode(store)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with anyio.fail_after(5):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(store.append_event, "e", 0, b"{}")
                    await anyio.sleep(0.2)
                    assert await store.events("e") == []
                    other.execute("COMMIT")
        assert len(await store.events("e")) == 1


@pytest.mark.parametrize("in_memory", [True, False])
async def test_a_store_that_syncs_each_commit_keeps_what_it_acknowledges(tmp_path: Path, in_memory: bool) -> None:
    async with open_store(None if in_memory else tmp_path / "s.sqlite", full=True) as store:
        await add_episode(store)
        async with anyio.create_task_group() as tasks:
            for step in range(20):
                tasks.start_soon(store.append_event, "e", step, b"{}")
        assert len(await store.events("e")) == 20


async def test_a_file_that_stays_locked_fails_all_that_waits_after_one_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.sqlite"
    async with open_store(path) as store:
        await add_episode(store)
        monkeypatch.setattr(writer, "BUSY_SECONDS", 1)
        failed: list[str] = []

        async def append(step: int) -> None:
            try:
                await store.append_event("e", step, b"{}")
            except StoreError as problem:
                failed.append(str(problem))

        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with anyio.fail_after(5):
                async with anyio.create_task_group() as tasks:
                    for step in range(20):
                        tasks.start_soon(append, step)
        assert len(failed) == 20 and all("locked" in reason for reason in failed)
        await append(0)
        assert len(await store.events("e")) == 1


async def test_small_commits_do_not_let_the_journal_grow(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    async with open_store(path) as store:
        await add_episode(store)
        for step in range(3_000):
            await store.append_event("e", step, b"x" * 300)
        assert path.with_name("s.sqlite-wal").stat().st_size < 2 * CHECKPOINT_BYTES


async def test_the_journal_does_not_grow_without_bound(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    async with open_store(path) as store:
        await add_episode(store)
        for step in range(300):
            await store.append_event("e", step, b"x" * 100_000)
        journal = path.with_name("s.sqlite-wal").stat().st_size
        assert path.stat().st_size > 20 << 20 and journal < 3 * CHECKPOINT_BYTES


def test_the_sqlite_store_is_an_episode_store() -> None:
    verbs = {name for name in vars(EpisodeStore) if not name.startswith("_") and callable(vars(EpisodeStore)[name])}
    assert len(verbs) > 15 and verbs <= set(dir(SqliteStore))
