"""Many rollouts: all asked for are there in the end, in order, and nothing is played twice."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest

from toolworld.cli.host import LocalHost
from toolworld.datasets import Shelf, Task, Trajectory
from toolworld.ground import RecordError, read_lines
from toolworld.judges import judge
from toolworld.rollout import (
    MISTAKES,
    Host,
    Mistake,
    Players,
    RemoteHost,
    Script,
    ScriptedAgent,
    ScriptedUser,
    Session,
    plant,
    run_many,
    script_of,
)
from toolworld.server import open_episodes


async def cast(task: Task) -> Players:
    return Players(ScriptedAgent(script_of(task)), ScriptedUser(task))


class Failing:
    """A host that fails for some tasks, as often as it is told to."""

    def __init__(self, inner: Host, failures: dict[str, int]) -> None:
        self._inner, self._left, self.opened = inner, failures, 0

    @asynccontextmanager
    async def session(self, task: Task, seed: int) -> AsyncGenerator[Session]:
        self.opened += 1
        if self._left.get(task.id, 0) > 0:
            self._left[task.id] -= 1
            raise ConnectionError("no route")
        async with self._inner.session(task, seed) as session:
            yield session


async def test_every_run_is_delivered_in_the_order_of_the_tasks(library_shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    ended: list[str] = []
    async with open_episodes(library_shelf.environments) as episodes:
        tally = await run_many(
            library_shelf.tasks, LocalHost(episodes), cast, path, on_end=lambda run: ended.append(run.task)
        )
    assert (tally.asked, tally.delivered, tally.resumed, tally.failed) == (17, 17, 0, 0)
    assert [run.task for run in read_lines(path, Trajectory).records] == [task.id for task in library_shelf.tasks]
    assert sorted(ended) == sorted(task.id for task in library_shelf.tasks)


async def test_what_is_there_is_not_played_again_and_a_torn_line_is(library_shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    tasks = library_shelf.tasks
    async with open_episodes(library_shelf.environments) as episodes:
        await run_many(tasks[:5], LocalHost(episodes), cast, path)
        whole = path.read_bytes()
        lines = whole.splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:3]) + lines[3][:50])
        tally = await run_many(tasks[:5], LocalHost(episodes), cast, path)
        assert (tally.delivered, tally.resumed) == (2, 3)
        assert path.read_bytes() == whole
        more = await run_many(tasks, LocalHost(episodes), cast, path)
        assert (more.asked, more.delivered, more.resumed) == (17, 12, 5)


async def test_a_host_that_fails_is_a_fault_and_is_tried_again_later(library_shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    tasks = library_shelf.tasks[:4]
    async with open_episodes(library_shelf.environments) as episodes:
        host = Failing(LocalHost(episodes), {tasks[1].id: 1})
        tally = await run_many(tasks, host, cast, path)
        assert (tally.asked, tally.delivered, tally.failed) == (4, 4, 1)
        broken = read_lines(path, Trajectory).records[1]
        assert broken.fault is not None
        assert (broken.fault.party, broken.fault.message) == ("host", "ConnectionError: no route")
        assert judge(tasks[1], broken, library_shelf.runtime_of(tasks[1])).outcome == "void"
        again = await run_many(tasks, host, cast, path)
        assert (again.delivered, again.resumed, again.failed) == (1, 3, 0)
        assert len(read_lines(path, Trajectory).records) == 4


async def test_an_interrupted_run_keeps_what_was_finished(library_shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    async with open_episodes(library_shelf.environments) as episodes:
        with anyio.CancelScope() as scope:

            def stop_after_three(run: Trajectory) -> None:
                if len(path.read_bytes().splitlines()) == 3:
                    scope.cancel()

            await run_many(library_shelf.tasks, LocalHost(episodes), cast, path, concurrency=1, on_end=stop_after_three)
        assert len(read_lines(path, Trajectory).records) == 3
        tally = await run_many(library_shelf.tasks, LocalHost(episodes), cast, path)
        assert (tally.delivered, tally.resumed) == (14, 3)


async def test_runs_of_another_version_are_not_gone_on_with(library_shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    tasks = library_shelf.tasks[:1]
    async with open_episodes(library_shelf.environments) as episodes:
        await run_many(tasks, LocalHost(episodes), cast, path)
        path.write_text(path.read_text().replace(tasks[0].environment_version, "0" * 16))
        with pytest.raises(RecordError, match="another version of its environment"):
            await run_many(tasks, LocalHost(episodes), cast, path)


async def test_another_agents_runs_are_not_gone_on_with(library_shelf: Shelf, tmp_path: Path) -> None:
    async def silent(task: Task) -> Players:
        return Players(ScriptedAgent(Script((), silent=True, mistake="nothing")), ScriptedUser(task))

    async with open_episodes(library_shelf.environments) as episodes:
        await run_many(library_shelf.tasks[:1], LocalHost(episodes), cast, tmp_path / "t.jsonl")
        with pytest.raises(RecordError, match="by the agent scripted; write to another file"):
            await run_many(library_shelf.tasks[:1], LocalHost(episodes), silent, tmp_path / "t.jsonl")


async def test_a_task_is_played_with_the_seed_of_its_truth_unless_another_is_asked_for(
    library_shelf: Shelf, tmp_path: Path
) -> None:
    tasks = [task.model_copy(update={"seed": number}) for number, task in enumerate(library_shelf.tasks[:3])]
    for name, seed, expected in (("own", None, [0, 1, 2]), ("asked", 7, [7, 7, 7])):
        async with open_episodes(library_shelf.environments) as episodes:
            await run_many(tasks, LocalHost(episodes), cast, tmp_path / name, seed)
        assert [run.seed for run in read_lines(tmp_path / name, Trajectory).records] == expected


async def test_a_host_that_does_not_answer_is_named(library_shelf: Shelf, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9", trust_env=False) as api:
        tally = await run_many(library_shelf.tasks[:1], RemoteHost(api), cast, tmp_path / "t.jsonl")
    [run] = read_lines(tmp_path / "t.jsonl", Trajectory).records
    assert tally.failed == 1
    assert run.fault is not None and "does not answer" in run.fault.message


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_every_planted_mistake_is_caught(library_shelf: Shelf, tmp_path: Path, mistake: Mistake) -> None:
    scripts = {
        task.id: await plant(task, mistake, library_shelf.runtime_of(task), library_shelf.tasks)
        for task in library_shelf.tasks
    }
    chosen = [task for task in library_shelf.tasks if scripts[task.id]]
    assert len(chosen) >= 14

    async def spoilt(task: Task) -> Players:
        script = scripts[task.id]
        assert script is not None
        return Players(ScriptedAgent(script), ScriptedUser(task))

    async with open_episodes(library_shelf.environments) as episodes:
        await run_many(chosen, LocalHost(episodes), spoilt, tmp_path / "t.jsonl")
    runs = read_lines(tmp_path / "t.jsonl", Trajectory).records
    verdicts = [judge(task, run, library_shelf.runtime_of(task)) for task, run in zip(chosen, runs, strict=True)]
    assert {verdict.task: verdict.outcome for verdict in verdicts} == {task.id: "fail" for task in chosen}
