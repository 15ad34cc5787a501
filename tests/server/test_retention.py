"""A store is kept small without breaking what stays, and an older one is brought up to date."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from toolworld.environments import Call, Environment
from toolworld.ground import NotFoundError, StoreError
from toolworld.server import measure, open_episodes, open_store, prune, vacuum

Make = Callable[..., Environment]
ADD = Call(name="add", arguments={"name": "a"})

VERSION_1 = """
PRAGMA application_id = 0x746F6F6C;
PRAGMA user_version = 1;
CREATE TABLE environments (id TEXT, version TEXT, document BLOB NOT NULL, PRIMARY KEY (id, version)) WITHOUT ROWID;
CREATE TABLE episodes (
    id TEXT PRIMARY KEY, environment TEXT NOT NULL, version TEXT NOT NULL, seed INTEGER NOT NULL, task TEXT,
    parent TEXT, fork_step INTEGER NOT NULL DEFAULT 0, closed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE events (episode TEXT, step INTEGER, event BLOB NOT NULL, PRIMARY KEY (episode, step)) WITHOUT ROWID;
CREATE TABLE doors (
    environment TEXT, principal TEXT, episode TEXT NOT NULL, PRIMARY KEY (environment, principal)
) WITHOUT ROWID;
"""


async def fill(path: Path, environment: Environment, now: int = 1000) -> dict[str, str]:
    """Make three roots of three calls each, a fork of a fork, and close two."""
    names = iter(["root", "plain", "old", "fork", "twig"])
    async with open_episodes([environment], path=path, new_id=lambda: next(names), clock=lambda: now) as episodes:
        for name in ("root", "plain", "old"):
            episode = await episodes.open(environment.id)
            assert episode.row.id == name
            for _ in range(3):
                await episode.call(ADD)
        await episodes.fork("root", 2)
        await episodes.fork("fork", 1)
        await episodes.close("root")
        await episodes.close("plain")
    return {}


async def test_pruning_removes_what_matches_and_keeps_what_a_fork_builds_on(
    tmp_path: Path, make_counters: Make
) -> None:
    path = tmp_path / "s.sqlite"
    await fill(path, make_counters())
    async with open_store(path) as store:
        before = await measure(store, path)
        assert (before.episodes, before.closed, before.forks, before.calls) == (5, 2, 2, 9)
        wished = await prune(store, closed=True, dry=True)
        assert await measure(store, path) == before
        done = await prune(store, closed=True)
        assert wished == done
        assert (done.matched, done.removed, done.kept, done.calls) == (2, 1, 1, 3)
    async with open_episodes([make_counters()], path=path) as episodes:
        with pytest.raises(NotFoundError, match="no such episode"):
            await episodes.get("plain")
        for name, steps in (("root", 3), ("fork", 2), ("twig", 1), ("old", 3)):
            assert await episodes.replay(name) == steps


async def test_whole_families_go_and_their_environment_with_them(tmp_path: Path, make_counters: Make) -> None:
    path = tmp_path / "s.sqlite"
    await fill(path, make_counters())
    async with open_store(path) as store:
        assert (await prune(store, unused_since=1000)).removed == 0
        assert (await prune(store, unused_since=1001, environment="elsewhere")).removed == 0
        done = await prune(store, unused_since=1001, environment="counters")
        assert (done.matched, done.removed, done.kept) == (5, 5, 0)
        after = await measure(store, path)
        assert (after.episodes, after.calls, after.environments) == (0, 0, {})
        assert await store.read("SELECT * FROM environments") == []


async def test_an_episode_pruned_under_a_live_one_is_gone_at_its_next_call(tmp_path: Path, make_counters: Make) -> None:
    path = tmp_path / "s.sqlite"
    async with open_episodes([make_counters()], path=path) as episodes, open_store(path) as other:
        episode = await episodes.open("counters")
        await episode.call(ADD)
        await prune(other, environment="counters")
        with pytest.raises(NotFoundError, match="no such episode"):
            await episode.call(ADD)
        assert await other.read("SELECT * FROM events") == []


async def test_vacuum_gives_space_back(tmp_path: Path, make_counters: Make) -> None:
    path = tmp_path / "s.sqlite"
    async with open_episodes([make_counters()], path=path) as episodes:
        episode = await episodes.open("counters")
        for _ in range(40):
            await episode.call(Call(name="create", arguments={"label": "x" * 20_000}))
    async with open_store(path) as store:
        await prune(store, environment="counters")
        assert (await measure(store, path)).reclaimable > 500_000
        before, after = await vacuum(store, path)
        assert before > 800_000 and after < 100_000
        assert (await measure(store, path)).reclaimable == 0


async def test_a_store_of_version_1_is_brought_up_to_date_with_everything_in_it(
    tmp_path: Path, make_counters: Make
) -> None:
    new, old = tmp_path / "new.sqlite", tmp_path / "old.sqlite"
    await fill(new, make_counters())
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(VERSION_1)
        connection.execute("ATTACH ? AS new", (str(new),))
        columns = "id, environment, version, seed, task, parent, fork_step, closed"
        connection.execute(f"INSERT INTO main.episodes SELECT {columns} FROM new.episodes")
        for table in ("environments", "events", "doors"):
            connection.execute(f"INSERT INTO main.{table} SELECT * FROM new.{table}")
        connection.commit()
    async with open_episodes([make_counters()], path=old) as episodes:
        for name, steps in (("root", 3), ("fork", 2), ("twig", 1), ("old", 3)):
            assert await episodes.replay(name) == steps
        await (await episodes.get("old")).call(ADD)
    async with open_store(old) as store:
        assert [row[0] for row in await store.read("PRAGMA user_version")] == [2]
        assert await store.read("PRAGMA foreign_key_check") == []
        with pytest.raises(StoreError, match="FOREIGN KEY"):
            await store.write("INSERT INTO events (episode, step, event) VALUES ('nobody', 0, 'x')")


async def test_an_upgrade_that_cannot_be_finished_leaves_the_old_store_as_it_was(tmp_path: Path) -> None:
    old = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(VERSION_1 + "CREATE TABLE events_2 (in_the_way);")
    content = sqlite3.connect(old).execute("SELECT sql FROM sqlite_master").fetchall()
    with pytest.raises(StoreError, match="already exists"):
        async with open_store(old):
            pass
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT sql FROM sqlite_master").fetchall() == content
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


async def test_an_environment_that_was_pruned_is_written_again_with_its_next_episode(
    tmp_path: Path, make_counters: Make
) -> None:
    path = tmp_path / "s.sqlite"
    async with open_episodes([make_counters()], path=path) as episodes, open_store(path) as other:
        await episodes.open("counters")
        await prune(other, environment="counters")
        assert await other.read("SELECT * FROM environments") == []
        episode = await episodes.open("counters")
        await episode.call(ADD)
    async with open_episodes([], path=path) as episodes:
        assert await episodes.replay(episode.row.id) == 1
