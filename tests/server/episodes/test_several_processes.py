"""Several processes, here several stores open on one file, write to one episode."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import anyio
import pytest
from tests.support.counters import counter_environment, open_trusted

from toolworld.environments import Call, Environment, SimulationPlan
from toolworld.ground import ConflictError, ModelError, NotFoundError
from toolworld.llm import ScriptedModel
from toolworld.server import Episode, StoreAddress, open_episodes
from toolworld.server.store.protocol import StoredEvent

Make = Callable[..., Environment]
EACH = 60


@pytest.mark.parametrize("writers", [2, 3])
async def test_a_hot_episode_refuses_no_call_and_loses_none(
    store_address: StoreAddress, make_counters: Make, writers: int
) -> None:
    async with AsyncExitStack() as stack:
        places = [
            await stack.enter_async_context(open_trusted([make_counters()], store=store_address))
            for _ in range(writers)
        ]
        opened = await places[0].open("counters")

        async def write(episode: Episode) -> None:
            for _ in range(EACH):
                await episode.call(Call(name="add", arguments={"name": "a", "amount": 1}))

        async with anyio.create_task_group() as group:
            for place in places:
                group.start_soon(write, await place.get(opened.id))
        [last] = [await place.get(opened.id) for place in places[:1]]
        await last.call(Call(name="show_count", arguments={"name": "a"}))
        log = await last.log()
    assert [event.step for event in log] == list(range(writers * EACH + 1))
    result = log[-1].result
    assert isinstance(result, dict) and result["count"] == 1 + writers * EACH


async def test_a_fork_of_an_early_step_reads_only_the_calls_before_it(
    store_address: StoreAddress, make_counters: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    async with open_trusted([make_counters()], store=store_address) as episodes:
        events = episodes.store.events

        async def counted(episode: str, start: int = 0, end: int | None = None) -> Sequence[StoredEvent]:
            found = await events(episode, start, end)
            read.append(len(found))
            return found

        monkeypatch.setattr(episodes.store, "events", counted)
        episode = await episodes.open("counters")
        for _ in range(300):
            await episode.call(Call(name="add", arguments={"name": "a"}))
        fork = await episodes.fork(episode.id, 3)
        assert fork.snapshot.step == 3 and sum(read) <= 6, read
        record = fork.snapshot.state.get("counters", "a")
        assert record is not None and record["count"] == 4
        with pytest.raises(NotFoundError, match="no 301"):
            await episodes.fork(episode.id, 301)


async def test_a_second_process_sees_what_the_first_has_done(store_address: StoreAddress, make_counters: Make) -> None:
    add = Call(name="add", arguments={"name": "a"})
    async with (
        open_trusted([make_counters()], store=store_address) as one,
        open_trusted([make_counters()], store=store_address) as other,
    ):
        here = await one.open("counters")
        there = await other.get(here.id)
        await here.call(add)
        assert (await there.call(add, step=1)).step == 1
        await there.call(add)
        assert (await here.call(add, step=2)).step == 2  # made already, by the other
        with pytest.raises(ConflictError, match="step 9 is not reached yet: the next one is 3"):
            await here.call(add, step=9)
        await there.call(add)
        assert (await one.fork(here.id)).snapshot.step == 4
        await there.call(add)
        assert len((await one.trajectory(here)).log) == 5


async def test_a_fork_has_the_unanswered_calls_before_its_step() -> None:
    model = ScriptedModel([ModelError("m does not answer")])
    plan = SimulationPlan(trusted=True, overrides={"add": "model"}, model=model)
    async with open_episodes([counter_environment()], simulation=plan) as episodes:
        episode = await episodes.open("counters")
        await episode.call(Call(name="show_count", arguments={"name": "a"}))
        with pytest.raises(ModelError):
            await episode.call(Call(name="add", arguments={"name": "a"}))
        await episode.call(Call(name="show_count", arguments={"name": "b"}))
        blamed = [
            (await episodes.trajectory(await episodes.fork(episode.id, step))).blame is not None for step in range(3)
        ]
    assert blamed == [False, False, True]
