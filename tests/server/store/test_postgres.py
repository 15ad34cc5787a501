"""The PostgreSQL store: its tables, connections that break, and texts that no column can hold."""

import gc
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import asyncpg  # pyright: ignore[reportMissingTypeStubs]
import pytest
from anyio.abc import SocketStream
from tests.support.counters import open_trusted
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer, postgres_server

from toolworld.environments import Call, Environment
from toolworld.ground import ClosedError, ConflictError, NotFoundError, StoreError, UsageError
from toolworld.server import EpisodeRow, EpisodeStore, PruneConditions, open_store, shown_address
from toolworld.server.store.postgres import database as connections
from toolworld.server.store.postgres.appender import APPEND, EventAppender
from toolworld.server.store.postgres.database import Address, open_database, parse_address
from toolworld.server.store.postgres.schema import prepare_schema
from toolworld.server.store.postgres.store import PostgresStore

Make = Callable[..., Environment]
TAGS = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'episodes'::regclass AND attname = 'tag'"


async def add_episode(store: EpisodeStore, name: str = "e") -> None:
    await store.add_environment("counters", "v", b"{}")
    await store.add_episode(EpisodeRow(name, "counters", "v", 0), 100)


def schema_of(address: str) -> str:
    return parse_address(address).schema


def test_the_postgres_store_is_an_episode_store() -> None:
    verbs = {name for name in vars(EpisodeStore) if not name.startswith("_") and callable(vars(EpisodeStore)[name])}
    assert len(verbs) > 15 and verbs <= set(dir(PostgresStore))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "postgres://a:secret@h:1/d?schema=s1",
            Address("postgresql://a:secret@h:1/d", "s1", "postgresql://a@h:1/d?schema=s1"),
        ),
        (
            "postgresql://h/d?password=secret&user=u",
            Address("postgresql://h/d?password=secret&user=u", "toolworld", "postgresql://h/d?user=u"),
        ),
        ("postgresql://h/d", Address("postgresql://h/d", "toolworld", "postgresql://h/d")),
        (
            "postgresql://u@h/d?sslmode=require",
            Address("postgresql://u@h/d?sslmode=require", "toolworld", "postgresql://u@h/d?sslmode=require"),
        ),
    ],
)
def test_an_address_is_parsed_and_shown_without_its_password(text: str, expected: Address) -> None:
    assert parse_address(text) == expected
    assert shown_address(text) == expected.shown


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://h:99999999/d",
        "postgresql://h/d?schema=a;DROP",
        "postgresql://h/d?schema=",
        "postgresql://u:12/sekrit@h/d",
        "postgresql://u:1#sekrit@h/d",
        "postgresql+psycopg://u:sekrit@h/d",
        "POSTGRESQL://u:sekrit@h/d",
        "postgresql:/u:sekrit@h/d",
        "mysql://u:sekrit@h/d",
    ],
)
async def test_what_is_no_address_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(UsageError, match=r"^(?!.*sekrit)"):
        async with open_store(text):
            pass


async def test_a_database_that_cannot_be_reached_is_named_without_its_password() -> None:
    with pytest.raises(StoreError, match=r"postgresql://u@127.0.0.1:\d+/d cannot be opened: .*failed") as raised:
        async with open_store(f"postgresql://u:secret@127.0.0.1:{free_port()}/d"):
            pass
    assert "secret" not in str(raised.value)


async def test_what_is_no_store_or_a_newer_one_is_refused_and_left_alone(
    postgres: PostgresServer, database: str
) -> None:
    schema = schema_of(database)
    with pytest.raises(StoreError, match=f"holds no toolworld store in its schema {schema}"):
        async with open_store(database, make=False):
            pass
    postgres.query(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.mine (x int)")
    with pytest.raises(StoreError, match="has other tables in its schema"):
        async with open_store(database):
            pass
    assert postgres.query(f"SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}'") == "1"
    postgres.query(f"DROP TABLE {schema}.mine")
    async with open_store(database):
        pass
    postgres.query(f"UPDATE {schema}.store_version SET version = 99")
    with pytest.raises(StoreError, match=r"newer toolworld \(store version 99\)"):
        async with open_store(database):
            pass


async def test_an_upgrade_is_made_once_and_one_that_cannot_be_finished_leaves_the_store_as_it_was(
    database: str,
) -> None:
    async with open_store(database) as store:
        await add_episode(store)
    address = parse_address(database)

    async def prepare(migrations: Mapping[int, str]) -> None:
        async with open_database(address) as opened:
            await opened.run(lambda one, _: prepare_schema(one, address.schema, address.shown, False, migrations))

    async def columns() -> Sequence[Any]:
        async with open_database(address) as opened:
            return [
                *(await opened.fetch("SELECT version FROM store_version"))[0],
                *(await opened.fetch(TAGS))[0],
            ]

    with pytest.raises(StoreError, match="already exists"):
        await prepare({1: "ALTER TABLE episodes ADD COLUMN tag text; CREATE TABLE events (x int);"})
    assert await columns() == [1, 0]
    for _ in range(2):
        await prepare({1: "ALTER TABLE episodes ADD COLUMN tag text;"})
        assert await columns() == [2, 1]


OPEN_AND_WRITE = """
import sys, anyio
from toolworld.server import open_store

async def main(address, name):
    async with open_store(address) as store:
        await store.add_environment(name, "v", b"x")

anyio.run(main, *sys.argv[1:])
"""


def test_many_processes_that_open_a_new_store_at_once_all_succeed(postgres: PostgresServer, database: str) -> None:
    commands = [[sys.executable, "-c", OPEN_AND_WRITE, database, f"e{number}"] for number in range(4)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for command in commands]
    assert [process.communicate(timeout=50)[1] for process in processes] == [b""] * 4
    assert postgres.query(f"SELECT count(*) FROM {schema_of(database)}.environments") == "4"


async def test_texts_that_no_column_can_hold_are_kept_or_found_nowhere(database: str) -> None:
    async with open_store(database) as store:
        await add_episode(store)
        for text in ("a\x00b", "half \ud800 of it", "‮"):
            await store.note_answer("e", text)
            row = await store.episode("e")
            assert row is not None and row.answer == text
            await store.add_unanswered("e", 0, f"{len(text)}", text)
        assert list((await store.unanswered("e")).values()) == ["a\x00b", "half \ud800 of it", "‮"]
        assert await store.episode("a\x00b") is None and await store.episode("\ud800") is None
        assert not await store.is_session("counters", "a\x00")


async def test_connections_that_are_cut_under_load_lose_no_call_and_make_none_twice(
    postgres: PostgresServer, database: str, make_counters: Make
) -> None:
    cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'toolworld'"
    async with open_trusted([make_counters()], store=database) as episodes:
        opened = [await episodes.open("counters") for _ in range(8)]
        over = anyio.Event()

        async def play(number: int) -> None:
            for _ in range(60):
                await opened[number].call(Call(name="add", arguments={"name": "a"}))

        async def cut_now_and_then() -> None:
            while not over.is_set():
                await anyio.to_thread.run_sync(postgres.query, cut)
                await anyio.sleep(0.1)

        async with anyio.create_task_group() as cutting:
            cutting.start_soon(cut_now_and_then)
            async with anyio.create_task_group() as players:
                for number in range(8):
                    players.start_soon(play, number)
            over.set()
        for episode in opened:
            assert [event.step for event in await episode.log()] == list(range(60))
            record = (await episodes.get(episode.id)).snapshot.state.get("counters", "a")
            assert record is not None and record["count"] == 61


async def test_an_event_whose_acknowledgement_is_lost_is_appended_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks behind the commit: trying again must neither fail nor append it twice."""
    tried = EventAppender._try  # pyright: ignore[reportPrivateUsage]

    async def lost(self: EventAppender, batch: Any, writer: int, connection: Any, tries: int) -> None:
        await tried(self, batch, writer, connection, tries)
        if tries == 1:
            raise asyncpg.ConnectionDoesNotExistError("cut")

    async with open_store(database) as store, open_store(database) as other:
        await add_episode(store)
        await other.append_event("e", 0, b"theirs")
        monkeypatch.setattr(EventAppender, "_try", lost)
        await store.append_event("e", 1, b"mine")
        with pytest.raises(ConflictError):  # a step that another server took stays theirs, whatever broke
            await store.append_event("e", 0, b"theirs")
        assert await store.events("e") == [(0, b"theirs"), (1, b"mine")]


async def test_an_episode_whose_acknowledgement_is_lost_is_opened_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(database) as store:
        await store.add_environment("counters", "v", b"{}")
        run = connections.Database.run

        async def lost(self: Any, work: Any, *options: Any) -> Any:
            async def twice(connection: Any, tries: int) -> Any:
                await work(connection, tries)
                return await work(connection, tries + 1)

            return await run(self, twice, *options)

        monkeypatch.setattr(connections.Database, "run", lost)
        await store.add_episode(EpisodeRow("e", "counters", "v", 0), 100)
        await store.add_exchanges("e", 0, [b"a", b"b"])
        monkeypatch.undo()
        with pytest.raises(ConflictError, match="there is an episode e already"):
            await store.add_episode(EpisodeRow("e", "counters", "v", 0), 100)
        with pytest.raises(ConflictError, match="somebody else"):
            await store.add_exchanges("e", 1, [b"c"])
        assert await store.exchanges("e") == [b"a", b"b"]


async def test_a_database_that_stays_away_fails_what_waits_and_is_used_again_when_it_is_back(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOST_SECONDS", 1)
    with postgres_server(tmp_path_factory.mktemp("killed")) as server:
        async with open_store(server.dsn) as store:
            await add_episode(store)
            server.kill()
            with anyio.fail_after(20), pytest.raises(StoreError, match="cannot be written"):
                await store.append_event("e", 0, b"{}")
            with pytest.raises(StoreError, match="cannot be read"):
                await store.episode("e")
            with anyio.fail_after(3), pytest.raises(StoreError, match="cannot be written"):
                await store.check(0)
            await anyio.to_thread.run_sync(server.start)
            monkeypatch.setattr(connections, "LOST_SECONDS", 20)
            await store.append_event("e", 0, b"{}")
            assert await store.events("e") == [(0, b"{}")]


async def test_who_closes_an_episode_waits_for_the_event_that_is_being_appended(database: str) -> None:
    async with open_store(database) as store, open_database(parse_address(database)) as other:
        await add_episode(store)
        appended, may_commit, closed = anyio.Event(), anyio.Event(), anyio.Event()

        async def append(connection: Any, _: int) -> None:
            async with connection.transaction():
                rows = await connection.fetch(APPEND, ["e"], [0], [b"{}"], [None], 99)
                assert len(rows) == 1
                appended.set()
                await may_commit.wait()

        async def close() -> None:
            await store.close_episode("e")
            closed.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(other.run, append)
            await appended.wait()
            tasks.start_soon(close)
            await anyio.sleep(0.3)
            assert not closed.is_set()
            may_commit.set()
        assert closed.is_set() and len(await store.events("e")) == 1


async def test_no_event_comes_behind_the_closing_of_an_episode(database: str) -> None:
    """Who closes an episode and reads its log has read all of it, whoever was calling meanwhile."""
    seen: list[int] = []
    async with open_store(database) as store, open_store(database) as other:
        for number in range(30):
            name = f"e{number}"
            await add_episode(store, name)

            async def append(name: str = name) -> None:
                step = 0
                while True:
                    try:
                        await other.append_event(name, step, b"{}")
                    except ClosedError:
                        return
                    step += 1

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(append)
                await anyio.sleep(0.002)
                await store.close_episode(name)
                seen.append(len(await store.events(name)))
            assert len(await store.events(name)) == seen[-1]


async def test_answers_that_never_come_are_looked_for_on_other_connections(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has committed, and its answer is swallowed: the call is neither refused nor made twice."""
    monkeypatch.setattr(connections, "STATEMENT_SECONDS", 0)  # a client waits for 5 s more
    parts = urlsplit(database)
    proxy = Swallowing(parts.hostname or "", parts.port or 0)
    async with proxy.listening():
        async with open_store(database.replace(f":{parts.port}/", f":{proxy.port}/")) as store:
            await add_episode(store)
            async with anyio.create_task_group() as tasks:  # so that there are several connections
                for _ in range(8):
                    tasks.start_soon(store.events, "e")
            await store.append_event("e", 0, b"first")
            proxy.silence()
            with anyio.fail_after(12):  # one time-out, not one of each connection
                await store.append_event("e", 1, b"second")
            assert await store.events("e") == [(0, b"first"), (1, b"second")]


async def test_a_check_of_a_database_that_is_silent_can_be_given_up(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    parts = urlsplit(database)
    proxy = Swallowing(parts.hostname or "", parts.port or 0)
    async with proxy.listening():
        async with open_store(database.replace(f":{parts.port}/", f":{proxy.port}/")) as store:
            await store.check(0)
            proxy.silence()
            with anyio.fail_after(5):
                with anyio.move_on_after(0.5) as given_up:
                    await store.check(1)
            assert given_up.cancelled_caught
            await store.check(2)
    gc.collect()
    await anyio.lowlevel.checkpoint()
    assert "never retrieved" not in caplog.text


async def test_reads_that_are_cancelled_leave_nothing_behind(database: str, caplog: pytest.LogCaptureFixture) -> None:
    async with open_store(database) as store:
        await add_episode(store)
        for number in range(100):
            with anyio.move_on_after(0.0002 * (number % 10)):
                await store.episode("e")
        assert await store.episode("e") is not None
    gc.collect()
    await anyio.lowlevel.checkpoint()
    assert "never retrieved" not in caplog.text


class Swallowing:
    """A proxy that lets everything through, until those of its connections that are open fall silent."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.port = free_port()
        self._silenced = 0

    def silence(self) -> None:
        """Let nothing back any more on the connections that are open."""
        self._silenced += 1

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=self.port) as listener,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(listener.serve, self._pass_on)
            yield
            tasks.cancel_scope.cancel()

    async def _pass_on(self, client: SocketStream) -> None:
        before = self._silenced

        async def forth() -> None:
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                async for data in client:
                    await server.send(data)
            tasks.cancel_scope.cancel()

        async with client, await anyio.connect_tcp(self._host, self._port) as server:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(forth)
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    async for data in server:
                        if self._silenced == before:
                            await client.send(data)
                tasks.cancel_scope.cancel()


async def test_pruning_beside_somebody_who_forks_removes_what_can_go(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolworld.server.store.postgres.pruning.AT_ONCE", 8)
    async with open_store(database) as store, open_store(database) as other:
        over = anyio.Event()

        async def fork() -> None:
            number = 0
            while not over.is_set():
                name = f"parent-{number}"
                with suppress(NotFoundError):  # it was pruned, or its environment was
                    await add_episode(store, name)
                    await store.add_episode(
                        EpisodeRow(f"fork-{number}", "counters", "v", 0, parent=name, fork_step=0), 100
                    )
                number += 1

        removed = 0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fork)
            for _ in range(20):
                removed += (await other.prune(PruneConditions(environment="counters"))).removed
                await anyio.sleep(0.01)
            over.set()
        left = await store.count_episodes()
        assert removed > 20
        rest = await other.prune(PruneConditions(environment="counters"))
        assert (rest.removed, rest.kept) == (left, 0)


async def test_messages_quote_nothing_that_is_kept(database: str) -> None:
    async with open_store(database) as store:
        await add_episode(store)
        await store.prune(PruneConditions())
        for refused in (
            store.note_verdict("e", b"a secret"),
            store.add_session("counters", "a-secret-id"),
        ):
            with pytest.raises((StoreError, NotFoundError)) as raised:
                await refused
            assert "secret" not in str(raised.value)
        await store.add_unanswered("e", 0, "digest", "a secret")  # of an episode that is gone
        assert await store.unanswered("e") == {}


async def test_one_event_that_is_refused_does_not_fail_its_neighbours(database: str) -> None:
    async with open_store(database) as store:
        await add_episode(store, "a")
        await add_episode(store, "b")
        outcomes: dict[str, str] = {}

        async def append(name: str, step: int) -> None:
            try:
                await store.append_event(name, step, b"{}")
                outcomes[name] = "written"
            except StoreError:
                outcomes[name] = "refused"

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(append, "a", 2**40)
            tasks.start_soon(append, "b", 0)
        assert outcomes == {"a": "refused", "b": "written"}


async def test_who_may_only_read_can_look_at_a_store_and_use_a_schema_that_was_made_for_them(
    postgres: PostgresServer, database: str
) -> None:
    schema = schema_of(database)
    async with open_store(database) as store:
        await add_episode(store)
    postgres.query(
        f"CREATE USER reader_{schema}; GRANT USAGE ON SCHEMA {schema} TO reader_{schema};"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader_{schema};"
        f"CREATE SCHEMA own_{schema} AUTHORIZATION reader_{schema};"
    )
    theirs = database.replace("//toolworld@", f"//reader_{schema}@")
    async with open_store(theirs) as store:
        assert (await store.stats()).episodes == 1
        with pytest.raises(StoreError, match="permission denied"):
            await store.append_event("e", 0, b"{}")
    async with open_store(theirs.replace(f"schema={schema}", f"schema=own_{schema}")) as store:
        await add_episode(store)
    with pytest.raises(StoreError, match=f"have it made by CREATE SCHEMA other_{schema} AUTHORIZATION"):
        async with open_store(theirs.replace(f"schema={schema}", f"schema=other_{schema}")):
            pass
