"""A store whose files are lost while it is open: nothing is acknowledged any more, and what was is saved."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import anyio
import pytest
from tests.support.counters import open_trusted

from toolworld.environments import Call, Environment
from toolworld.ground import StoreError
from toolworld.server import Episode, open_store

Make = Callable[..., Environment]
ADD = Call(name="add", arguments={"name": "a", "amount": 1})


def calls_in(path: Path) -> int:
    """How many calls a store holds, as whoever opens it next finds it."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM events").fetchone()[0]


async def acknowledged(episode: Episode, lose: Callable[[], object]) -> int:
    """Make calls, lose a file in between, and go on; how many calls were acknowledged."""
    done = 0
    for number in range(20):
        if number == 10:
            lose()
        with suppress(StoreError):
            await episode.call(ADD)
            done += 1
    return done


def _as_after_a_kill(path: Path) -> Path:
    """A copy of a store and of the log beside it, as they would be found if the process was killed now."""
    copy = path.with_name(f"{path.stem}-killed.sqlite")
    for suffix in ("", "-wal"):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
        if Path(f"{path}{suffix}").exists():
            shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
    return copy


def _lose(path: Path, how: str) -> None:
    match how:
        case "moved":
            path.rename(path.with_name("moved.sqlite"))
        case "replaced":
            path.rename(path.with_name("moved.sqlite"))
            sqlite3.connect(path).close()
            path.touch()
        case "log removed":
            os.unlink(f"{path}-wal")
        case "log replaced":
            os.unlink(f"{path}-wal")
            Path(f"{path}-wal").touch()
        case _:
            os.unlink(f"{path}-shm")


@pytest.mark.parametrize("how", ["moved", "replaced", "log removed", "log replaced", "index removed"])
async def test_no_call_is_acknowledged_after_a_file_was_lost_and_none_before_is_lost(
    tmp_path: Path, make_counters: Make, how: str
) -> None:
    path = tmp_path / "s.sqlite"
    async with open_trusted([make_counters()], store=path) as episodes:
        episode = await episodes.open("counters")
        await episodes.health()
        assert await acknowledged(episode, lambda: _lose(path, how)) == 10
        with pytest.raises(StoreError):
            await episodes.health()
        held = path.with_name("moved.sqlite") if how in ("moved", "replaced") else path
        assert calls_in(_as_after_a_kill(held)) == 10


async def test_what_was_committed_is_saved_without_another_call(tmp_path: Path, make_counters: Make) -> None:
    path = tmp_path / "s.sqlite"
    async with open_trusted([make_counters()], store=path) as episodes:
        episode = await episodes.open("counters")
        await episode.call(ADD)
        os.unlink(f"{path}-wal")
        await anyio.sleep(0.6)
        assert calls_in(_as_after_a_kill(path)) == 1


async def test_what_is_in_the_log_is_kept_for_a_copy_that_takes_the_files_place(
    tmp_path: Path, make_counters: Make
) -> None:
    path = tmp_path / "s.sqlite"
    async with open_trusted([make_counters()], store=path) as episodes:
        episode = await episodes.open("counters")
        for _ in range(10):
            await episode.call(ADD)
        shutil.copyfile(path, tmp_path / "copy")
        os.replace(tmp_path / "copy", path)
        await anyio.sleep(0.6)
        assert calls_in(_as_after_a_kill(path)) == 10


@pytest.mark.parametrize("how", ["log removed", "moved"])
async def test_what_was_committed_is_saved_while_another_process_reads(
    tmp_path: Path, make_counters: Make, how: str
) -> None:
    path = tmp_path / "s.sqlite"
    async with open_trusted([make_counters()], store=path) as episodes:
        episode = await episodes.open("counters")
        await episode.call(ADD)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM events").fetchone()
            for _ in range(30):
                await episode.call(Call(name="create", arguments={"label": "x" * 9_000}))
            _lose(path, how)
            await anyio.sleep(0.6)
            if how == "log removed":  # it is written anew, whoever reads
                assert calls_in(_as_after_a_kill(path)) == 31
            reader.execute("COMMIT")
        await anyio.sleep(0.6)
        held = path.with_name("moved.sqlite") if how == "moved" else path
        copy = _as_after_a_kill(held)
        assert calls_in(copy) == 31
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


async def test_a_file_that_was_put_back_is_used_again(tmp_path: Path, make_counters: Make) -> None:
    path, away = tmp_path / "s.sqlite", tmp_path / "away.sqlite"
    async with open_trusted([make_counters()], store=path) as episodes:
        episode = await episodes.open("counters")
        await episode.call(ADD)
        path.rename(away)
        with pytest.raises(StoreError, match="its file is gone"):
            await episode.call(ADD)
        away.rename(path)
        await episodes.health()
        assert (await episode.call(ADD)).step == 1
        assert len(await episode.log()) == 2


async def test_a_deleted_store_is_not_healthy(tmp_path: Path, make_counters: Make) -> None:
    path = tmp_path / "s.sqlite"
    async with open_trusted([make_counters()], store=path) as episodes:
        await episodes.health()
        for suffix in ("", "-wal", "-shm"):
            os.unlink(f"{path}{suffix}")
        with pytest.raises(StoreError, match="its file is gone"):
            await episodes.health()
        with pytest.raises(StoreError, match="its file is gone"):
            await episodes.open("counters")


async def test_a_store_that_is_locked_is_told_within_a_second_and_is_well_again_after(
    tmp_path: Path, make_counters: Make
) -> None:
    path = tmp_path / "s.sqlite"
    async with open_trusted([make_counters()], store=path) as episodes:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with anyio.fail_after(2), pytest.raises(StoreError, match="did not answer for 1 s"):
                await episodes.health()
        await episodes.health()


async def test_asking_for_health_at_once_writes_once_or_twice(tmp_path: Path, make_counters: Make) -> None:
    async with open_trusted([make_counters()], store=tmp_path / "s.sqlite") as episodes:
        before = episodes.store.written
        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(episodes.health)
        assert 1 <= episodes.store.written - before <= 2


@pytest.mark.parametrize("kind", ["pipe", "device"])
async def test_a_store_is_a_regular_file(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "store"
    os.mkfifo(place) if kind == "pipe" else place.symlink_to("/dev/full")
    with pytest.raises(StoreError, match="is a device or a pipe"):
        async with open_store(place):
            pass


def _forge(path: Path, parents: Sequence[tuple[str, str]]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("UPDATE episodes SET parent = ?, fork_step = 1 WHERE id = ?", parents)


async def test_episodes_that_are_forked_from_themselves_are_refused(tmp_path: Path, make_counters: Make) -> None:
    path = tmp_path / "s.sqlite"
    for cycle in (["a"], ["a", "b"], ["a", "b", "c"]):
        path.unlink(missing_ok=True)
        async with open_trusted([make_counters()], store=path) as episodes:
            for name in cycle:
                await episodes.open("counters", episode=name)
        _forge(path, list(zip(cycle[1:] + cycle[:1], cycle, strict=True)))
        async with open_trusted([make_counters()], store=path) as episodes:
            with anyio.fail_after(5), pytest.raises(StoreError, match="forked from itself"):
                await episodes.get("a")


async def test_a_store_whose_columns_are_damaged_is_refused_in_a_sentence(tmp_path: Path, make_counters: Make) -> None:
    path = tmp_path / "s.sqlite"
    async with open_trusted([make_counters()], store=path) as episodes:
        await episodes.open("counters", episode="a")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE episodes RENAME COLUMN trial TO trail")
    async with open_trusted([make_counters()], store=path) as episodes:
        with pytest.raises(StoreError, match="the store is damaged"):
            await episodes.get("a")
