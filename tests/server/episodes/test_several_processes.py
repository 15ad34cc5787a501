"""Several processes, here several stores open on one file, write to one episode."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest
from tests.support.counters import open_trusted

from toolworld.environments import Call, Environment
from toolworld.ground import NotFoundError
from toolworld.server import Episode, SqliteStore
from toolworld.server.store.protocol import StoredEvent

Make = Callable[..., Environment]
EACH = 60


@pytest.mark.parametrize("writers", [2, 3])
async def test_a_hot_episode_refuses_no_call_and_loses_none(tmp_path: Path, make_counters: Make, writers: int) -> None:
    async with AsyncExitStack() as stack:
        places = [
            await stack.enter_async_context(open_trusted([make_counters()], path=tmp_path / "s.sqlite"))
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
    tmp_path: Path, make_counters: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    events = SqliteStore.events

    async def counted(self: SqliteStore, episode: str, start: int = 0, end: int | None = None) -> Sequence[StoredEvent]:
        found = await events(self, episode, start, end)
        read.append(len(found))
        return found

    monkeypatch.setattr(SqliteStore, "events", counted)
    async with open_trusted([make_counters()], path=tmp_path / "s.sqlite") as episodes:
        episode = await episodes.open("counters")
        for _ in range(300):
            await episode.call(Call(name="add", arguments={"name": "a"}))
        fork = await episodes.fork(episode.id, 3)
        assert fork.snapshot.step == 3 and sum(read) <= 6, read
        record = fork.snapshot.state.get("counters", "a")
        assert record is not None and record["count"] == 4
        with pytest.raises(NotFoundError, match="no 301"):
            await episodes.fork(episode.id, 301)
