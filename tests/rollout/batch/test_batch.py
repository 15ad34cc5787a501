"""Many runs: all that were asked for are there in the end, judged, in order, and nothing is played twice."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from toolworld.datasets import TaskSuite, Trajectory, Verdict
from toolworld.ground import RecordError, read_lines
from toolworld.rollout import (
    TRAJECTORIES,
    VERDICTS,
    BatchResult,
    Host,
    Limits,
    Mutation,
    PlannedRun,
    PlayerModels,
    RemoteHost,
    Session,
    choose_scripts,
    play_and_judge,
)
from toolworld.rollout.hosts.control_client import open_client
from toolworld.server import InProcessHost, open_episodes


class Failing:
    """A host that fails for some tasks, as often as it is told to."""

    def __init__(self, inner: Host, failures: dict[str, int]) -> None:
        self._inner, self._left = inner, failures

    @asynccontextmanager
    async def session(self, run: PlannedRun) -> AsyncGenerator[Session]:
        if self._left.get(run.task.id, 0) > 0:
            self._left[run.task.id] -= 1
            raise ConnectionError(f"no route for {run.task.id}")
        async with self._inner.session(run) as session:
            yield session


async def played(suite: TaskSuite, host: Host, out: Path, mutation: Mutation | None = None, **rest: Any) -> BatchResult:
    return await play_and_judge(suite, await choose_scripts(suite, mutation), host, out, **rest)


def first(suite: TaskSuite, number: int) -> TaskSuite:
    return replace(suite, tasks=suite.tasks[:number])


def trajectories(out: Path) -> tuple[Trajectory, ...]:
    return read_lines(out / TRAJECTORIES, Trajectory).records


async def test_every_run_is_delivered_and_judged_in_the_order_of_the_tasks(
    library_suite: TaskSuite, tmp_path: Path
) -> None:
    ended: list[str] = []

    def note(run: PlannedRun, _: Trajectory, __: Verdict) -> None:
        ended.append(run.task.id)

    async with open_episodes(library_suite.runtimes) as episodes:
        result = await played(library_suite, InProcessHost(episodes), tmp_path, on_run=note)
    tasks = [task.id for task in library_suite.tasks]
    assert (result.counts["asked"], result.counts["played"], result.counts["passed"]) == (21, 21, 21)
    assert result.mean_reward == 1.0
    assert [run.task for run in trajectories(tmp_path)] == tasks and sorted(ended) == sorted(tasks)
    verdicts = read_lines(tmp_path / VERDICTS, Verdict).records
    assert [verdict.trajectory for verdict in verdicts] == [run.id for run in trajectories(tmp_path)]
    assert {verdict.reward for verdict in verdicts} == {1.0}


async def test_what_is_there_is_not_played_again_and_a_torn_line_is(library_suite: TaskSuite, tmp_path: Path) -> None:
    path, five = tmp_path / TRAJECTORIES, first(library_suite, 5)
    async with open_episodes(library_suite.runtimes) as episodes:
        await played(five, InProcessHost(episodes), tmp_path)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:50])
    async with open_episodes(library_suite.runtimes) as episodes:
        result = await played(five, InProcessHost(episodes), tmp_path)
        assert (result.jobs.delivered, result.jobs.resumed) == (2, 3)
        assert path.read_bytes() == whole
        more = await played(library_suite, InProcessHost(episodes), tmp_path)
        assert (more.jobs.asked, more.jobs.delivered, more.jobs.resumed) == (21, 16, 5)
        assert more.counts["passed"] == 21  # those resumed are judged too


async def test_a_run_that_its_host_broke_is_void_and_is_played_again_later(
    library_suite: TaskSuite, tmp_path: Path
) -> None:
    four = first(library_suite, 4)
    name = four.tasks[1].id
    async with open_episodes(library_suite.runtimes) as episodes:
        host = Failing(InProcessHost(episodes), {name: 1})
        result = await played(four, host, tmp_path)
        assert result.counts | {"asked": 4, "played": 4, "passed": 3, "void": 1} == result.counts
        broken = trajectories(tmp_path)[1]
        assert broken.blame is not None and broken.id == f"{name}#0"
        assert (broken.blame.party, broken.blame.message) == ("host", f"ConnectionError: no route for {name}")
        again = await played(four, host, tmp_path)
        assert (again.jobs.delivered, again.jobs.resumed, again.counts["void"]) == (1, 3, 0)
        assert len(trajectories(tmp_path)) == 4


async def test_equal_failures_in_a_row_end_the_batch_and_what_is_left_is_counted(
    library_suite: TaskSuite, tmp_path: Path
) -> None:
    async with open_client("http://127.0.0.1:9") as client:
        result = await played(library_suite, RemoteHost(client), tmp_path, concurrency=1)
    assert result.counts | {"asked": 21, "played": 3, "left": 18, "void": 3} == result.counts
    assert result.stopped_by is not None and "does not answer" in result.stopped_by
    assert len(trajectories(tmp_path)) == 3


async def test_failures_of_different_kinds_do_not_end_the_batch(library_suite: TaskSuite, tmp_path: Path) -> None:
    async with open_episodes(library_suite.runtimes) as episodes:
        host = Failing(InProcessHost(episodes), {task.id: 1 for task in library_suite.tasks})
        result = await played(library_suite, host, tmp_path)
    assert (result.counts["void"], result.counts["left"], result.stopped_by) == (21, 0, None)


async def test_an_interrupted_run_keeps_what_was_finished_and_its_verdicts(
    library_suite: TaskSuite, tmp_path: Path
) -> None:
    ended: list[str] = []
    async with open_episodes(library_suite.runtimes) as episodes:
        with anyio.CancelScope() as scope:

            def stop_after_three(run: PlannedRun, _: Trajectory, __: Verdict) -> None:
                ended.append(run.name)
                if len(ended) == 3:
                    scope.cancel()

            await played(library_suite, InProcessHost(episodes), tmp_path, concurrency=1, on_run=stop_after_three)
        assert len(trajectories(tmp_path)) == len(read_lines(tmp_path / VERDICTS, Verdict).records) == 3
        result = await played(library_suite, InProcessHost(episodes), tmp_path)
        assert (result.jobs.delivered, result.jobs.resumed) == (18, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": PlayerModels(temperature=0.5)}, "was made with temperature 0.0, and now it is 0.5"),
        ({"settings": {"turns": 3}}, "was made with turns 60, and now it is 3"),
        ({"mutation": "nothing"}, r"was made with agent scripted, and now it is scripted \(nothing\)"),
    ],
)
async def test_runs_under_other_settings_are_not_mixed_in(
    library_suite: TaskSuite, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    one = first(library_suite, 1)
    async with open_episodes(library_suite.runtimes) as episodes:
        await played(one, InProcessHost(episodes), tmp_path, settings={"turns": 60})
        before = (tmp_path / TRAJECTORIES).read_bytes()
        rest: dict[str, Any] = {"settings": {"turns": 60}, **change}
        with pytest.raises(RecordError, match=message):
            await played(one, InProcessHost(episodes), tmp_path, **rest)
        assert (tmp_path / TRAJECTORIES).read_bytes() == before


async def test_runs_of_another_version_are_not_gone_on_with(library_suite: TaskSuite, tmp_path: Path) -> None:
    one = first(library_suite, 1)
    async with open_episodes(library_suite.runtimes) as episodes:
        await played(one, InProcessHost(episodes), tmp_path)
        other = replace(one, tasks=(one.tasks[0].model_copy(update={"environment_version": "0" * 16}),))
        with pytest.raises(RecordError, match="was made with environment library"):
            await played(other, InProcessHost(episodes), tmp_path)


async def test_a_run_that_stands_twice_in_a_file_counts_once(library_suite: TaskSuite, tmp_path: Path) -> None:
    path, two = tmp_path / TRAJECTORIES, first(library_suite, 2)
    async with open_episodes(library_suite.runtimes) as episodes:
        await played(two, InProcessHost(episodes), tmp_path)
        whole = path.read_bytes()
        path.write_bytes(whole + whole.splitlines(keepends=True)[0])
        result = await played(two, InProcessHost(episodes), tmp_path)
    assert (result.jobs.asked, result.jobs.resumed, result.counts["passed"]) == (2, 2, 2)
    assert path.read_bytes() == whole


async def test_a_task_is_played_with_the_seed_of_its_truth_unless_another_is_asked_for(
    library_suite: TaskSuite, tmp_path: Path
) -> None:
    tasks = tuple(task.model_copy(update={"seed": number}) for number, task in enumerate(library_suite.tasks[:3]))
    for name, seed, expected in (("own", None, [0, 1, 2]), ("asked", 7, [7, 7, 7])):
        async with open_episodes(library_suite.runtimes) as episodes:
            await played(replace(library_suite, tasks=tasks), InProcessHost(episodes), tmp_path / name, seed=seed)
        assert [run.seed for run in trajectories(tmp_path / name)] == expected


async def test_every_trial_of_a_task_is_an_episode_and_a_trajectory_of_its_own(
    library_suite: TaskSuite, tmp_path: Path
) -> None:
    two = first(library_suite, 2)
    async with open_episodes(library_suite.runtimes, library_suite.tasks) as episodes:
        result = await played(two, InProcessHost(episodes), tmp_path, trials=3)
        runs = trajectories(tmp_path)
        assert [(run.task, run.trial) for run in runs] == [(task.id, trial) for task in two.tasks for trial in range(3)]
        assert len({run.id for run in runs}) == 6
        for run in runs:
            episode = await episodes.get(run.id)
            assert (episode.closed, episode.row.task, await episode.log()) == (True, run.task, run.log)
    assert set(result.trials.values()) == {(3, 3)}


async def test_a_limit_that_is_reached_fails_the_run_and_says_so(library_suite: TaskSuite, tmp_path: Path) -> None:
    async with open_episodes(library_suite.runtimes) as episodes:
        result = await played(first(library_suite, 1), InProcessHost(episodes), tmp_path, limits=Limits(turns=1))
    assert trajectories(tmp_path)[0].stop == "turn_limit" and result.mean_reward == 0.0


@pytest.mark.parametrize("mutation", ["nothing", "undone_write", "told_secret"])  # the gallery has all of them
async def test_mutations_earn_nothing(library_suite: TaskSuite, tmp_path: Path, mutation: Mutation) -> None:
    async with open_episodes(library_suite.runtimes) as episodes:
        result = await played(library_suite, InProcessHost(episodes), tmp_path, mutation=mutation)
    assert result.counts["asked"] == result.counts["failed"] == 21 and result.mean_reward == 0.0
