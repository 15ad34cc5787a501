"""What holds for each kind of store: acknowledged means committed, and races have one winner."""

import anyio
import pytest

from toolworld.ground import ClosedError, ConflictError, NotFoundError, StoreError
from toolworld.server import EpisodeRow, EpisodeStore, StoreAddress, open_store

ROW = EpisodeRow("e", "counters", "v", 0)


async def add_episode(store: EpisodeStore, name: str = "e") -> None:
    await store.add_environment("counters", "v", b"{}")
    await store.add_episode(EpisodeRow(name, "counters", "v", 0), 100)


async def test_many_writers_share_commits_and_all_are_written(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store:
        for number in range(200):
            await add_episode(store, f"e{number}")
        before = store.commits
        async with anyio.create_task_group() as tasks:
            for number in range(200):
                tasks.start_soon(store.append_event, f"e{number}", 0, b"x")
        assert store.commits - before < 40
        assert await store.events("e199") == [(0, b"x")]


async def test_a_step_that_is_taken_conflicts_and_its_neighbours_are_written(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store:
        await add_episode(store)
        await store.append_event("e", 0, b"first")
        outcomes: dict[int, str] = {}

        async def append(step: int) -> None:
            try:
                await store.append_event("e", step, b"second")
                outcomes[step] = "written"
            except ConflictError:
                outcomes[step] = "taken"

        async with anyio.create_task_group() as tasks:
            for step in (0, 1, 2):
                tasks.start_soon(append, step)
        assert outcomes == {0: "taken", 1: "written", 2: "written"}
        assert (await store.events("e"))[0].document == b"first"


async def test_events_are_read_from_one_step_to_another(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store:
        await add_episode(store)
        for step in range(5):
            await store.append_event("e", step, b"%d" % step)
        assert [step for step, _ in await store.events("e", 1, 3)] == [1, 2]
        assert [document for _, document in await store.events("e", 3)] == [b"3", b"4"]


async def test_an_episode_is_added_once_and_only_where_its_environment_is(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store:
        with pytest.raises(NotFoundError, match="lacks version v of environment counters"):
            await store.add_episode(ROW, 0)
        await add_episode(store)
        with pytest.raises(ConflictError, match="there is an episode e already"):
            await store.add_episode(ROW, 0)
        assert await store.episode("e") == ROW and await store.episode("f") is None


async def test_a_closed_episode_takes_no_event(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store:
        await add_episode(store)
        await store.close_episode("e")
        with pytest.raises(ClosedError, match="closed"):
            await store.append_event("e", 0, b"{}")


async def test_an_unanswered_call_stays_until_the_event_that_answers_it_is_committed(
    store_address: StoreAddress,
) -> None:
    async with open_store(store_address) as store:
        await add_episode(store)
        await store.add_unanswered("e", 0, "digest", "the model is down")
        await store.add_unanswered("e", 0, "digest", "it is still down")
        await store.append_event("e", 0, b"other")
        with pytest.raises(ConflictError):
            await store.append_event("e", 0, b"mine", answered="digest")
        assert await store.unanswered("e") == {"digest": "the model is down"}
        await store.append_event("e", 1, b"mine", answered="digest")
        assert await store.unanswered("e") == {}


async def test_the_first_of_two_that_claim_a_default_episode_wins(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store:
        for name in ("e", "f", "g"):
            await add_episode(store, name)
        assert await store.default_episode("counters", "v", "") is None
        assert await store.claim_default("counters", "v", "", "e", None) == "e"
        assert await store.claim_default("counters", "v", "", "f", None) == "e"
        assert await store.claim_default("counters", "v", "", "g", "e") == "g"
        assert await store.claim_default("counters", "w", "", "f", None) == "f"


async def test_a_number_that_does_not_fit_fails_its_writer_and_not_the_store(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store:
        await store.add_environment("counters", "v", b"{}")
        with pytest.raises(StoreError, match="cannot be written"):
            await store.add_episode(EpisodeRow("e", "counters", "v", 2**70), 0)
        await add_episode(store)


async def test_what_waits_when_the_store_closes_is_written(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store, anyio.create_task_group() as tasks:
        tasks.start_soon(store.add_environment, "e", "v", b"x")
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    async with open_store(store_address) as store:
        assert await store.environment("e", "v") == b"x"


async def test_a_completion_of_one_server_is_found_by_the_others(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store, open_store(store_address) as other:
        await store.add_completions([("a", b"1"), ("b", b"2")])
        assert await other.completion("a") == b"1" and await other.completion("c") is None
        await other.add_completions([("a", b"3")])
        assert await store.completion("a") == b"3"
        assert (await store.stats()).completions == 2


async def test_servers_that_share_a_budget_never_reserve_more_than_it(store_address: StoreAddress) -> None:
    async with open_store(store_address) as store, open_store(store_address) as other:
        reserved: list[str] = []

        async def reserve(name: str, place: EpisodeStore) -> None:
            found = await place.reserve_spending("usd", name, 0.25, 2.0, now=0, until=10)
            if found.is_reserved:
                reserved.append(name)

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(reserve, f"{number}", (store, other)[number % 2])
        assert len(reserved) == 8
        for name in reserved:
            await other.book_spending(name, 0.125)
        found = await store.reserve_spending("usd", "late", 1.5, 2.0, now=0, until=10)
        assert (found.is_reserved, found.spent, found.reserved, found.open) == (False, 1.0, 0.0, 0)
        found = await store.reserve_spending("usd", "fits", 1.0, 2.0, now=0, until=10)
        assert (found.is_reserved, found.spent, found.reserved, found.open) == (True, 1.0, 1.0, 1)
        assert (await store.stats()).spent == {"usd": 2.0}
        found = await store.reserve_spending("tokens", "others", 5, 5, now=0, until=10)
        assert found.is_reserved, "another unit is another budget"


async def test_a_reservation_of_a_process_that_died_stays_spent_and_is_not_waited_for(
    store_address: StoreAddress,
) -> None:
    async with open_store(store_address) as store:
        await store.reserve_spending("usd", "dead", 1.5, 2.0, now=0, until=10)
        found = await store.reserve_spending("usd", "early", 1.0, 2.0, now=9, until=20)
        assert (found.is_reserved, found.open) == (False, 1)
        found = await store.reserve_spending("usd", "late", 1.0, 2.0, now=11, until=20)
        assert (found.is_reserved, found.open, found.reserved) == (False, 0, 1.5)
