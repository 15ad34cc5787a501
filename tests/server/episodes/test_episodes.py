"""Episodes: isolated, forked at any step, read back from their logs, and replayed to the same bytes."""

import gc
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from tests.support.counters import open_trusted, trusted_pool

from toolworld.environments import Call, Environment, Event, FaultProfile, with_faults
from toolworld.ground import ClosedError, NotFoundError, ReplayError, SimulationError, StoreError, UsageError
from toolworld.server import Episode, Episodes, StoreAddress, open_episodes, replay
from toolworld.server.episodes.defaults import DefaultEpisodes
from toolworld.server.episodes.live import RUNTIME_BYTES
from toolworld.server.store.sqlite.store import open_sqlite_store

Make = Callable[..., Environment]


def add(amount: int, name: str = "a") -> Call:
    return Call(name="add", arguments={"name": name, "amount": amount})


def count(episode: Episode, name: str = "a") -> Any:
    record = episode.snapshot.state.get("counters", name)
    return record and record["count"]


def alter(folder: Path, statement: str, *values: bytes) -> None:
    """Change a store behind its back."""
    with closing(sqlite3.connect(folder / "s.sqlite")) as connection:
        connection.execute(statement, values)
        connection.commit()


async def test_episodes_never_see_each_other(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes:
        one, other = await episodes.open("counters"), await episodes.open("counters")
        await one.call(add(5))
        assert (count(one), count(other)) == (6, 1)
        assert one.id != other.id
        assert len(one.id) >= 24


async def test_an_episode_goes_on_after_a_restart(store_address: StoreAddress, make_counters: Make) -> None:
    async with open_trusted([make_counters()], store=store_address) as episodes:
        episode = await episodes.open("counters", seed=7)
        await episode.call(add(5))
        made = await episode.call(Call(name="create", arguments={"label": "x"}))
    async with open_trusted([make_counters()], store=store_address) as episodes:
        again = await episodes.get(episode.id)
        assert count(again) == 6
        assert again.snapshot.state.digest == episode.snapshot.state.digest
        more = await again.call(Call(name="create", arguments={"label": "x"}))
        assert isinstance(made.result, dict) and isinstance(more.result, dict)
        assert made.result["name"] != more.result["name"]
        assert [event.step for event in await again.log()] == [0, 1, 2]


async def test_an_episode_can_be_read_when_its_environment_has_changed(
    store_address: StoreAddress, make_counters: Make
) -> None:
    async with open_trusted([make_counters()], store=store_address) as episodes:
        episode = await episodes.open("counters")
        await episode.call(add(5))
    async with open_trusted([make_counters(policy="A new one.")], store=store_address) as episodes:
        again = await episodes.get(episode.id)
        assert again.runtime.environment.policy == "Be exact."
        await again.call(add(1))
        assert count(again) == 7
        assert await replay(await episodes.get(episode.id)) == 2


async def test_a_fork_shares_the_past_and_not_the_future(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes:
        root = await episodes.open("counters")
        for amount in (1, 10, 100):
            await root.call(add(amount))
        forks = [await episodes.fork(root.id, step) for step in range(4)]
        assert [count(fork) for fork in forks] == [1, 2, 12, 112]
        await forks[1].call(add(5))
        deeper = await episodes.fork(forks[1].id)
        await deeper.call(add(1000))
        await root.call(add(7))
        assert [count(root), count(forks[1]), count(deeper)] == [119, 7, 1007]
        assert [event.call.arguments["amount"] for event in await deeper.log()] == [1, 5, 1000]


async def test_forks_of_forks_are_read_back_from_the_store(store_address: StoreAddress, make_counters: Make) -> None:
    async with open_trusted([make_counters()], store=store_address) as episodes:
        root = await episodes.open("counters")
        for amount in (1, 10, 100):
            await root.call(add(amount))
        middle = await episodes.fork(root.id, 2)
        await middle.call(add(1000))
        early = await episodes.fork(middle.id, 1)
        await early.call(add(3))
    async with open_trusted([make_counters()], store=store_address) as episodes:
        assert count(await episodes.get(early.id)) == 5
        assert count(await episodes.get(middle.id)) == 1012
        for episode in (root, middle, early):
            again = await episodes.get(episode.id)
            assert await replay(again) == len(await again.log())


@pytest.mark.parametrize("step", [-1, 4])
async def test_a_step_that_is_not_there_cannot_be_forked_at(make_counters: Make, step: int) -> None:
    async with open_trusted([make_counters()]) as episodes:
        root = await episodes.open("counters")
        await root.call(add(1))
        with pytest.raises(NotFoundError, match=r"has steps 0 to 1"):
            await episodes.fork(root.id, step)


async def test_calls_of_one_episode_are_made_one_after_the_other(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes:
        episode = await episodes.open("counters")
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(episode.call, add(1))
        assert count(episode) == 51
        assert [event.step for event in await episode.log()] == list(range(50))


async def test_a_store_that_fails_leaves_the_episode_as_it_was(tmp_path: Path, make_counters: Make) -> None:
    async with open_trusted([make_counters()], store=tmp_path / "s.sqlite") as episodes:
        episode = await episodes.open("counters")
        await episode.call(add(1))
        alter(tmp_path, "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(FAIL, 'disk full'); END")
        with pytest.raises(StoreError, match="disk full"):
            await episode.call(add(10))
        assert count(episode) == 2
        alter(tmp_path, "DROP TRIGGER full")
        assert (await episode.call(add(100))).step == 1


async def test_a_cancelled_call_is_either_made_or_not(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes:
        episode = await episodes.open("counters")
        for _ in range(20):
            with anyio.move_on_after(0):
                await episode.call(add(1))
        log = await episode.log()
        assert count(episode) == 1 + len(log)
        assert await replay(await episodes.get(episode.id)) == len(log)


async def test_episodes_that_leave_memory_come_back(make_counters: Make) -> None:
    async with open_trusted([make_counters()], memory=RUNTIME_BYTES + 10_000) as episodes:
        ids = [(await episodes.open("counters")).id for _ in range(50)]
        gc.collect()
        assert len(episodes.live) <= 4
        for number, name in enumerate(ids):
            await (await episodes.get(name)).call(add(number))
        gc.collect()
        assert len(episodes.live) <= 4
        assert [count(await episodes.get(name)) for name in ids] == list(range(1, 51))


async def test_a_heavy_episode_pushes_out_more_than_a_light_one(make_counters: Make) -> None:
    async with open_trusted([make_counters()], memory=RUNTIME_BYTES + 200_000) as episodes:
        ids = [(await episodes.open("counters")).id for _ in range(50)]
        gc.collect()
        assert len(episodes.live) == 50
        heavy = await episodes.get(ids[0])
        for _ in range(30):
            await heavy.call(Call(name="create", arguments={"label": "x" * 2000}))
        await episodes.get(ids[0])
        gc.collect()
        assert len(episodes.live) < 10
        assert len(await (await episodes.get(ids[0])).log()) == 30


async def test_an_episode_that_grows_while_it_is_held_is_weighed_and_again_when_it_is_read_back(
    make_counters: Make, tmp_path: Path
) -> None:
    path, large = tmp_path / "s.sqlite", Call(name="create", arguments={"label": "x" * 2000})
    async with open_trusted([make_counters()], store=path) as episodes:
        held = await episodes.open("counters")
        before = episodes.live.weight
        for _ in range(40):
            await held.call(large)
        assert episodes.live.weight - before > 40 * 4 * 2000
        weight = held.weight
    async with open_trusted([make_counters()], store=path) as episodes:
        assert (await episodes.get(held.id)).weight == weight


async def test_what_one_process_closes_the_other_does_not_call(
    make_counters: Make, store_address: StoreAddress
) -> None:
    async with (
        open_trusted([make_counters()], store=store_address) as one,
        open_trusted([make_counters()], store=store_address) as other,
    ):
        episode = await one.open("counters")
        elsewhere = await other.get(episode.id)
        await elsewhere.call(add(1))
        await episode.close()
        with pytest.raises(ClosedError, match="this episode is closed"):
            await elsewhere.call(add(1))
        assert len(await episode.log()) == 1


async def test_first_calls_at_once_agree_on_one_episode(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes:
        defaults, met = DefaultEpisodes(episodes), set[str]()

        async def come(principal: str, wait: int) -> None:
            for _ in range(wait):
                await anyio.lowlevel.checkpoint()
            met.add((await defaults.get("counters", principal)).id)

        for nth in range(20):
            met.clear()
            async with anyio.create_task_group() as tasks:
                for wait in range(4):
                    tasks.start_soon(come, f"p{nth}", wait * 7)
            met.add((await defaults.get("counters", f"p{nth}")).id)
            assert len(met) == 1


async def test_a_call_that_broke_its_program_on_the_day_replays_from_the_record(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes:
        episode = await episodes.open("counters")
        await episode.call(add(1))

        class TooSlow:
            name = "behaviour"

            async def simulate(self, *_: Any) -> Any:
                raise SimulationError("it took longer than 5 seconds and was stopped")

        await episode.call(add(1), cast(Any, TooSlow()))
        await episode.call(add(1))
        assert await replay(await episodes.get(episode.id)) == 3


async def test_steps_that_are_no_longer_at_hand_can_still_be_forked_at(
    make_counters: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolworld.server.episodes.log.KEPT_SNAPSHOTS", 4)
    async with open_trusted([make_counters()]) as episodes:
        episode = await episodes.open("counters")
        for _ in range(20):
            await episode.call(add(1))
        for step in (0, 1, 10, 17, 20):
            fork = await episodes.fork(episode.id, step)
            assert (fork.snapshot.step, count(fork)) == (step, 1 + step)
            await fork.call(add(100))
            assert await replay(await episodes.get(fork.id)) == step + 1
        with pytest.raises(NotFoundError, match="steps 0 to 20"):
            await episodes.fork(episode.id, 21)


async def test_an_episode_that_somebody_holds_is_never_live_twice(make_counters: Make) -> None:
    async with open_trusted([make_counters()], memory=1) as episodes:
        held = await episodes.open("counters")
        for _ in range(3):
            await episodes.open("counters")
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(held.call, add(1))
                tasks.start_soon((await episodes.get(held.id)).call, add(1))
        assert await episodes.get(held.id) is held
        assert count(held) == 21


async def test_a_log_that_was_tampered_with_does_not_replay(tmp_path: Path, make_counters: Make) -> None:
    async with open_trusted([make_counters()], store=tmp_path / "s.sqlite") as episodes:
        episode = await episodes.open("counters")
        event = await episode.call(add(1))
        forged = event.model_copy(update={"result": {"name": "a", "count": 99, "next": None}})
        alter(tmp_path, "UPDATE events SET event = ?", forged.json_bytes())
        with pytest.raises(ReplayError, match=r"the replay of step 0 \(add\) differs"):
            await replay(await episodes.get(episode.id))


async def test_a_recording_of_another_simulator_replays_without_it(make_counters: Make) -> None:
    class Oracle:
        name = "model"

        async def simulate(self, tool: Any, call: Call, view: Any) -> Any:
            from toolworld.environments import Outcome, Update

            op = Update(collection="counters", key="a", fields={"count": 42})
            return Outcome(result={"said": "so"}, ops=(op,))

    async with open_trusted([make_counters()]) as episodes:
        episode = await episodes.open("counters")
        await episode.call(add(1), Oracle())  # pyright: ignore[reportArgumentType]
        await episode.call(add(1))
        assert count(episode) == 43
        assert await replay(await episodes.get(episode.id)) == 2


async def test_two_processes_on_one_store_do_not_wedge_each_other(
    store_address: StoreAddress, make_counters: Make
) -> None:
    async with (
        open_trusted([make_counters()], store=store_address) as one,
        open_trusted([make_counters()], store=store_address) as two,
    ):
        episode = await one.open("counters")
        other = await two.get(episode.id)
        await other.call(add(10))
        assert (await episode.call(add(1))).step == 1
        assert (await other.call(add(1))).step == 2
        assert (count(other), await replay(await one.get(episode.id))) == (13, 3)


async def test_a_closed_door_is_replaced_and_a_new_version_has_its_own(
    store_address: StoreAddress, make_counters: Make
) -> None:
    async with open_trusted([make_counters()], store=store_address) as episodes:
        first = await DefaultEpisodes(episodes).get("counters", "")
        assert await DefaultEpisodes(episodes).get("counters", "") is first
        await episodes.close(first.id)
        second = await DefaultEpisodes(episodes).get("counters", "")
        assert second is not first and not second.closed
    async with open_trusted([make_counters(policy="New.")], store=store_address) as episodes:
        assert (await DefaultEpisodes(episodes).get("counters", "")).runtime.environment.policy == "New."


async def test_a_closed_episode_refuses_calls_and_keeps_its_log(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes:
        episode = await episodes.open("counters")
        await episode.call(add(1))
        await episodes.close(episode.id)
        with pytest.raises(ClosedError, match="closed"):
            await episode.call(add(1))
        assert len(await episode.log()) == 1


async def test_what_is_not_there_is_an_error_that_names_what_is(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes:
        with pytest.raises(NotFoundError, match="no environment 'nowhere' here; there are: counters"):
            await episodes.open("nowhere")
        with pytest.raises(NotFoundError, match="no such episode"):
            await episodes.get("guess")
        with pytest.raises(NotFoundError, match="no task 'x'"):
            await episodes.open("counters", task="x")


async def test_events_come_back_as_they_were_written(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes:
        episode = await episodes.open("counters")
        made: list[Event] = [
            await episode.call(add(1)),
            await episode.call(add(1, "ghost")),
            await episode.call(Call(name="add", arguments={"name": 5})),
            await episode.call(Call(name="remove", arguments={"name": "b"})),
            await episode.call(Call(name="rename_shop", arguments={"title": "é\u2028😀"})),
        ]
        assert list(await episode.log()) == made


async def test_a_full_disk_refuses_calls_and_loses_nothing(tmp_path: Path, make_counters: Make) -> None:
    async with open_sqlite_store(tmp_path / "s.sqlite") as store:
        episodes = Episodes(store, trusted_pool(make_counters()))
        episode = await episodes.open("counters")
        await episode.call(add(1))
        writer = store._writer._connection  # pyright: ignore[reportPrivateUsage] - a limit is its connection's own
        [pages] = writer.execute("PRAGMA page_count").fetchone()
        writer.execute(f"PRAGMA max_page_count = {pages + 4}")
        made = 1
        large = Call(name="create", arguments={"label": "x" * 900})
        try:
            for _ in range(200):
                await episode.call(large)
                made += 1
        except StoreError as problem:
            assert "full" in str(problem)  # noqa: PT017 - how often it went well before counts too
        assert 1 < made < 200
        assert episode.snapshot.step == made
        assert len(await episode.log()) == made
        writer.execute("PRAGMA max_page_count = 100000")
        assert (await episode.call(add(1))).step == made
        assert await replay(await episodes.get(episode.id)) == made + 1


async def test_an_episode_under_faults_is_read_back_and_replayed_with_them(
    store_address: StoreAddress, make_counters: Make
) -> None:
    faults = FaultProfile(name="p", transient=0.3, stale_read=0.5, rename=1)
    show = Call(name="display_count", arguments={"name": "a"})
    async with open_trusted([make_counters()], store=store_address) as episodes:
        episode = await episodes.open("counters", seed=3, faults=faults)
        tools = [tool.name for tool in episode.runtime.environment.tools]
        assert "display_count" in tools
        for _ in range(20):
            await episode.call(Call(name=next(t for t in tools if t.startswith("a")), arguments={"name": "a"}))
            await episode.call(show)
        with pytest.raises(NotFoundError, match="no tool 'show_count'"):
            await episode.call(Call(name="show_count", arguments={"name": "a"}))
        injected = [event.injected.kind for event in await episode.log() if event.injected]
        assert {"transient", "stale_read"} == set(injected)
        digest = episode.snapshot.state.digest
    async with open_trusted([make_counters()], store=store_address) as episodes:
        again = await episodes.get(episode.id)
        assert again.snapshot.state.digest == digest
        assert await replay(await episodes.get(episode.id)) == 40
        await again.call(show)


async def test_faults_are_not_put_over_faults(make_counters: Make) -> None:
    faulty = with_faults(make_counters(), FaultProfile(name="p"))
    async with open_episodes([faulty]) as episodes:
        assert (await episodes.open("counters", faults=FaultProfile(name="p"))).row.version == faulty.version
        with pytest.raises(UsageError, match="under the fault profile p already"):
            await episodes.open("counters", faults=FaultProfile(name="q"))


async def test_a_form_under_faults_is_made_once(make_counters: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(environment: Environment, profile: FaultProfile) -> Environment:
        made.append(profile.name)
        return with_faults(environment, profile)

    monkeypatch.setattr("toolworld.environments.runtime.pool.with_faults", counted)
    async with open_trusted([make_counters()]) as episodes:
        one, other = [await episodes.open("counters", faults=FaultProfile(name="p", rename=1)) for _ in range(2)]
        await episodes.open("counters", faults=FaultProfile(name="q"))
        assert one.runtime is other.runtime
    assert made == ["p", "q"]
