"""Datasets: made in blocks, gone on with after any end, and measured; each measure has its control."""

import json
import random
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from toolworld.datasets import Task, TaskSuite, Trajectory, TrialCounts, Verdict, difficulty_of, wilson_interval
from toolworld.environments import Environment, Runtime, RuntimePool, SimulationPlan, compose_environments
from toolworld.ground import JsonObject, RecordError, each_line, read_lines
from toolworld.judges import judge
from toolworld.rollout import (
    SKILLS,
    DatasetPlan,
    Host,
    Skill,
    TaskGenerator,
    compare_memory,
    export_dataset,
    make_dataset,
    measure_difficulty,
    play_with_mistakes,
    rows_of,
    slipped_script,
    summarize,
)
from toolworld.rollout.dataset.files import PROGRESS, TASKS, DatasetFiles
from toolworld.rollout.synthesis import generator
from toolworld.server import InProcessHost, open_episodes

ENVIRONMENTS: list[Environment] = [
    made for field in ("dental practice", "bookselling") for made in compose_environments(field, 1, seed=5)
]


def pool() -> RuntimePool:
    return RuntimePool.of(ENVIRONMENTS, SimulationPlan(trusted=True))


@asynccontextmanager
async def host_for(suite: TaskSuite) -> AsyncGenerator[Host]:
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        yield InProcessHost(episodes)


async def made(folder: Path, count: int = 14, **plan: object) -> Path:
    chosen = replace(DatasetPlan(count=count, seed=7), **plan)  # pyright: ignore[reportArgumentType]
    assert await make_dataset(pool(), chosen, folder, host_for) == count
    export_dataset(folder, pool(), steered=True)
    summarize(folder, pool(), chosen)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(generator, "BATCH", 4)
    monkeypatch.setattr("toolworld.rollout.dataset.maker.BATCH", 4)


async def test_a_dataset_that_was_stopped_at_any_block_ends_in_the_same_bytes(tmp_path: Path) -> None:
    whole = content(await made(tmp_path / "whole"))
    for kept in (4, 8, 12):
        folder = tmp_path / f"after-{kept}"
        await make_dataset(pool(), DatasetPlan(count=kept, seed=7), folder, host_for)
        with (folder / TASKS).open("ab") as file:
            file.write(b'{"id": "half a line')  # a process that was killed on its way
        assert content(await made(folder)) == whole
    assert len([*rows_of(tmp_path / "whole")]) == 14


async def test_another_seed_or_mode_is_not_mixed_in_and_a_longer_one_goes_on(tmp_path: Path) -> None:
    folder = await made(tmp_path / "set", 8)
    with pytest.raises(RecordError, match="was made with seed 7, and this is 8"):
        await made(folder, 8, seed=8)
    with pytest.raises(RecordError, match="was made with mode 'mixed'"):
        await made(folder, 8, mode="short")
    before = (folder / TASKS).read_bytes()
    await made(folder, 12)
    assert (folder / TASKS).read_bytes().startswith(before) and len(read_lines(folder / TASKS, Task).records) == 12


async def test_files_that_lost_something_and_files_of_others_are_refused(tmp_path: Path) -> None:
    folder = await made(tmp_path / "set", 4)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(folder / TASKS, other / TASKS)
    with pytest.raises(RecordError, match="no part of a dataset"):
        await made(other, 4)
    tasks, told = (folder / TASKS).read_bytes(), (folder / PROGRESS).read_text()
    (folder / TASKS).write_bytes(tasks[:-20])
    with pytest.raises(RecordError, match="shorter than it was"):
        await made(folder, 8)
    wrongs: tuple[JsonObject, ...] = ({"count": 9}, {"count": -1}, {"sizes": {}})
    for wrong in wrongs:
        (folder / PROGRESS).write_text(json.dumps({**json.loads(told), **wrong}))
        (folder / TASKS).write_bytes(tasks)
        with pytest.raises(RecordError, match=r"count|tells|does not say"):
            await made(folder, 8)
        assert (folder / TASKS).read_bytes() == tasks
    (folder / PROGRESS).write_text("{}")
    with pytest.raises(RecordError, match="settings"):
        await made(folder, 8)


async def test_two_cannot_make_the_same_dataset_at_once(tmp_path: Path) -> None:
    with DatasetFiles(tmp_path / "set", {}), pytest.raises(RecordError, match="another process is writing"):
        DatasetFiles(tmp_path / "set", {}).__enter__()


async def test_who_corrects_themselves_is_heard_before_the_agent_proposes_anything(tmp_path: Path) -> None:
    found = 0
    for row in rows_of(await made(tmp_path / "set", 40)):
        said = [one.content or "" for one in row.trajectory.messages if one.role != "tool"]
        for reaction in row.task.scenario.reactions:
            assert "else" in said[said.index(reaction.say) - 1]
            found += 1
    assert found > 0


async def test_mistakes_are_noticed(tmp_path: Path) -> None:
    tasks = [row.task for row in rows_of(await made(tmp_path / "set", 8))]
    suite = TaskSuite(pool(), tuple(tasks))
    async with host_for(suite) as host:
        kills = await play_with_mistakes(suite, host, ("nothing", "dropped_write", "changed_argument"))
    assert [(one.mutation, one.runs, one.share) for one in kills.rates] == [
        ("nothing", 8, 1.0),
        ("dropped_write", 8, 1.0),
        ("changed_argument", 8, 1.0),
    ]
    assert kills.survivors == () and kills.alarms == ()
    counts = {one.variant: (one.runs, one.passed, one.share) for one in kills.variants}
    assert counts["other_words"] == counts["other_paraphrases"] == (8, 8, 0.0)
    assert all(runs == passed for runs, passed, _ in counts.values()) and counts["other_order"][0] > 0


async def test_what_a_judge_passes_is_listed_as_a_survivor(monkeypatch: pytest.MonkeyPatch) -> None:
    runtimes = RuntimePool.of([ENVIRONMENTS[0]], SimulationPlan(trusted=True))
    [task] = [one async for one in TaskGenerator(runtimes, "short", seed=1).generate(1) if isinstance(one, Task)]
    suite = TaskSuite(runtimes, (task,))

    async def lenient(task: Task, trajectory: Trajectory, runtime: Runtime) -> Verdict:
        """Passes whoever asked nobody."""
        verdict = await judge(task, trajectory, runtime)
        is_asked = any(one.agrees == "yes" for one in trajectory.messages)
        return verdict if is_asked else verdict.model_copy(update={"outcome": "pass"})

    monkeypatch.setattr("toolworld.rollout.synthesis.trial.judge", lenient)
    async with host_for(suite) as host:
        kills = await play_with_mistakes(suite, host, ("unconfirmed_write", "dropped_write"))
    assert (kills.survivors[0].task, kills.survivors[0].mutation) == (task.id, "unconfirmed_write")
    assert kills.survivors[0].calls[-1].startswith(task.calls[-1].call.name)
    assert kills.rates[0].share == 0.0


async def test_better_agents_pass_more_often_and_the_same_seed_measures_the_same(tmp_path: Path) -> None:
    suite = TaskSuite(pool(), tuple(row.task for row in rows_of(await made(tmp_path / "set", 12))))
    async with host_for(suite) as host:
        counts = await measure_difficulty(suite, host, 3, seed=1)
    async with host_for(suite) as host:
        assert await measure_difficulty(suite, host, 3, seed=1) == counts
    passed = [sum(one.passed for one in counts[skill.name].values()) for skill in SKILLS]
    assert passed[0] > passed[1] > passed[2] and passed[0] > 30
    assert all(one.judged == 3 for tasks in counts.values() for one in tasks.values())


async def test_an_agent_without_slips_plays_what_is_right(tmp_path: Path) -> None:
    [row, *_] = rows_of(await made(tmp_path / "set", 4))
    never = Skill("never slips", 0.0, 40, 0.0)
    always = Skill("always slips", 1.0, 40, 1.0)
    runtime = pool()[row.task.environment]
    right = slipped_script(row.task, runtime, never, random.Random(1))
    assert right.calls == tuple(one.written or one.call for one in row.task.calls)
    assert slipped_script(row.task, runtime, always, random.Random(1)).calls != right.calls


def test_tiers_follow_the_mean_over_agents_and_say_how_sure_they_are() -> None:
    easy = difficulty_of({"one": TrialCounts(4, 4), "other": TrialCounts(4, 2)})
    assert (easy.tier, easy.rate, easy.agents["other"]) == ("easy", 0.75, (2, 4))
    assert difficulty_of({"one": TrialCounts(4, 2)}).tier == "medium"
    assert difficulty_of({"one": TrialCounts(4, 1)}).tier == "hard"
    assert difficulty_of({"one": TrialCounts(0, 0)}).tier is None
    low, high = wilson_interval(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)  # Wilson, 1927
    assert wilson_interval(0, 0) == (0.0, 1.0)


async def test_the_memory_makes_tasks_more_diverse_and_its_worth_has_an_interval() -> None:
    found = {one.name: one for one in await compare_memory(pool(), 30, [1, 2, 3])}
    tools = found["entropy of tools (nats)"]
    assert tools.difference.value == pytest.approx(tools.with_memory.value - tools.without.value)
    assert tools.difference.low > 0 and tools.difference.tasks == 3


async def test_records_of_a_long_file_come_one_at_a_time(tmp_path: Path) -> None:
    folder = await made(tmp_path / "set", 4)
    tasks = each_line(folder / TASKS, Task)
    assert next(tasks).id == read_lines(folder / TASKS, Task).records[0].id
    (folder / TASKS).write_text("nonsense\n")
    with pytest.raises(RecordError, match=r"tasks.jsonl:1"):
        next(each_line(folder / TASKS, Task))
