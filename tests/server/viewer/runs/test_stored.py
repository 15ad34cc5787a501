"""Episodes of a store as runs: those that went on or were judged are listed anew, those that are gone are dropped."""

from pathlib import Path

from toolworld.datasets import TaskSuite
from toolworld.environments import Call
from toolworld.server import Episodes, PruneConditions, open_episodes
from toolworld.server.viewer.runs.index import RunIndex
from toolworld.server.viewer.runs.stored import StoredRuns

RENEW = "library/renew_one"


def rows(index: RunIndex) -> dict[str, tuple[int, str]]:
    return {row.run: (row.calls, row.outcome) for row in index.rows()}


async def refreshed(stored: StoredRuns, index: RunIndex) -> dict[str, tuple[int, str]]:
    stored.not_before = 0.0  # as if a while had passed
    await stored.refresh(index)
    return rows(index)


async def look(episodes: Episodes) -> None:
    stored, index = StoredRuns(1, "mine", episodes), RunIndex()
    one = await episodes.open("library", task=RENEW, episode="one")
    await episodes.open("library", episode="two")
    assert await refreshed(stored, index) == {"one": (0, "open"), "two": (0, "open")}
    await one.call(Call(name="get_patron", arguments={"patron_id": "B2040"}))
    fork = await episodes.fork("one", episode="fork")
    await fork.call(Call(name="get_patron", arguments={"patron_id": "B2040"}))
    await episodes.verdict(one, "It is done.")
    assert await refreshed(stored, index) == {"one": (1, "fail"), "two": (0, "open"), "fork": (2, "open")}
    await episodes.close("two")
    await refreshed(stored, index)
    [closed] = [row for row in index.rows() if row.run == "two"]
    assert "closed" in closed.tags
    await episodes.store.prune(PruneConditions(closed=True))
    assert {*await refreshed(stored, index)} == {"one", "fork"}
    version = index.version
    await refreshed(stored, index)
    assert index.version == version  # nobody wrote, so nothing is written anew


async def test_a_store_in_memory_is_listed_as_it_changes(library_suite: TaskSuite) -> None:
    async with open_episodes(library_suite.runtimes, library_suite.tasks) as episodes:
        await look(episodes)


async def test_a_store_in_a_file_is_listed_as_it_changes(library_suite: TaskSuite, tmp_path: Path) -> None:
    async with open_episodes(library_suite.runtimes, library_suite.tasks, tmp_path / "s.sqlite") as episodes:
        await look(episodes)


async def test_what_another_process_writes_is_listed_too(library_suite: TaskSuite, tmp_path: Path) -> None:
    place = tmp_path / "s.sqlite"
    async with (
        open_episodes(library_suite.runtimes, store=place) as ours,
        open_episodes(library_suite.runtimes, store=place) as theirs,
    ):
        stored, index = StoredRuns(1, "mine", ours), RunIndex()
        await refreshed(stored, index)
        await theirs.open("library", episode="theirs")
        assert {*await refreshed(stored, index)} == {"theirs"}


async def test_a_bounded_list_says_how_many_are_left_out(library_suite: TaskSuite) -> None:
    async with open_episodes(library_suite.runtimes) as episodes:
        for number in range(12):
            await episodes.open("library", episode=f"e{number:02}")
        stored, index = StoredRuns(1, "mine", episodes, most=5), RunIndex()
        assert len(await refreshed(stored, index)) == 5
        assert stored.skipped == 7
