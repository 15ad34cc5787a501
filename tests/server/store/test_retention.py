"""A store is kept small without breaking what stays."""

from collections.abc import Callable
from random import Random

import anyio
import pytest
from tests.support.counters import open_trusted

from toolworld.environments import Call, Environment
from toolworld.ground import NotFoundError
from toolworld.server import EpisodeRow, PruneConditions, StoreAddress, open_episodes, open_store, replay

Make = Callable[..., Environment]
ADD = Call(name="add", arguments={"name": "a"})


async def fill(store: StoreAddress, environment: Environment, now: int = 1000) -> dict[str, str]:
    """Make three roots of three calls each, a fork of a fork, and close two."""
    names = iter(["root", "plain", "old", "fork", "twig"])
    async with open_trusted([environment], store=store, new_id=lambda: next(names), clock=lambda: now) as episodes:
        for name in ("root", "plain", "old"):
            episode = await episodes.open(environment.id)
            assert episode.id == name
            for _ in range(3):
                await episode.call(ADD)
        await episodes.fork("root", 2)
        await episodes.fork("fork", 1)
        await episodes.close("root")
        await episodes.close("plain")
    return {}


async def test_pruning_removes_what_matches_and_keeps_what_a_fork_builds_on(
    store_address: StoreAddress, make_counters: Make
) -> None:
    await fill(store_address, make_counters())
    async with open_store(store_address) as store:
        before = await store.stats()
        assert (before.episodes, before.closed, before.forks, before.calls) == (5, 2, 2, 9)
        wished = await store.prune(PruneConditions(closed=True), dry=True)
        assert await store.stats() == before
        done = await store.prune(PruneConditions(closed=True))
        assert wished == done
        assert (done.matched, done.removed, done.kept, done.calls) == (2, 1, 1, 3)
    async with open_trusted([make_counters()], store=store_address) as episodes:
        with pytest.raises(NotFoundError, match="no such episode"):
            await episodes.get("plain")
        for name, steps in (("root", 3), ("fork", 2), ("twig", 1), ("old", 3)):
            assert await replay(await episodes.get(name)) == steps


async def test_whole_families_go_and_their_environment_with_them(
    store_address: StoreAddress, make_counters: Make
) -> None:
    await fill(store_address, make_counters())
    async with open_store(store_address) as store:
        assert (await store.prune(PruneConditions(unused_since=1000))).removed == 0
        assert (await store.prune(PruneConditions(unused_since=1001, environment="elsewhere"))).removed == 0
        done = await store.prune(PruneConditions(unused_since=1001, environment="counters"))
        assert (done.matched, done.removed, done.kept) == (5, 5, 0)
        after = await store.stats()
        assert (after.episodes, after.calls, after.environments) == (0, 0, {})
        assert await store.environment("counters", make_counters().version) is None


async def test_an_episode_pruned_under_a_live_one_is_gone_at_its_next_call(
    store_address: StoreAddress, make_counters: Make
) -> None:
    async with open_trusted([make_counters()], store=store_address) as episodes, open_store(store_address) as other:
        episode = await episodes.open("counters")
        await episode.call(ADD)
        await other.prune(PruneConditions(environment="counters"))
        with pytest.raises(NotFoundError, match="no such episode"):
            await episode.call(ADD)
        assert await other.events(episode.id) == []


async def test_vacuum_gives_space_back(store_address: StoreAddress, make_counters: Make) -> None:
    async with open_trusted([make_counters()], store=store_address) as episodes:
        episode = await episodes.open("counters")
        noise = Random(0)  # which a database cannot compress
        for _ in range(40):
            await episode.call(Call(name="create", arguments={"label": noise.randbytes(10_000).hex()}))
    async with open_store(store_address) as store:
        await store.prune(PruneConditions(environment="counters"))
        with anyio.fail_after(20):  # PostgreSQL counts a moment later
            while (await store.stats()).reclaimable < 500_000:  # noqa: ASYNC110
                await anyio.sleep(0.1)
        before, after = await store.vacuum()
        assert before > 800_000 and after < before - 500_000
        with anyio.fail_after(20):
            while (await store.stats()).reclaimable > 0:  # noqa: ASYNC110
                await anyio.sleep(0.1)


async def test_an_environment_that_was_pruned_is_written_again_with_its_next_episode(
    store_address: StoreAddress, make_counters: Make
) -> None:
    async with open_trusted([make_counters()], store=store_address) as episodes, open_store(store_address) as other:
        await episodes.open("counters")
        await other.prune(PruneConditions(environment="counters"))
        assert await other.environment("counters", make_counters().version) is None
        episode = await episodes.open("counters")
        await episode.call(ADD)
    async with open_episodes([], store=store_address) as episodes:
        assert await replay(await episodes.get(episode.id)) == 1


async def test_vacuum_between_writes_undoes_none_of_them(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store:
        await store.add_environment("e", "1", b"{}")
        done = False

        async def write(writer: int) -> None:
            for number in range(20):
                await store.add_episode(EpisodeRow(f"{writer}.{number}", "e", "1", 0), 0)

        async def vacuum() -> None:
            while not done:
                await store.vacuum()

        async with anyio.create_task_group() as group:
            group.start_soon(vacuum)
            async with anyio.create_task_group() as writers:
                for writer in range(20):
                    writers.start_soon(write, writer)
            done = True
        assert await store.count_episodes() == 400
