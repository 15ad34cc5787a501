"""Faults in the way of sampled tasks: the right run gets over them, and the gates see them again."""

import pytest

from toolworld.datasets import (
    Task,
    TaskStatistics,
    TaskSuite,
    load_suite,
    plain_task,
    plain_tool_names,
    rederive_under_faults,
    suite_under_faults,
)
from toolworld.environments import FAULT_PROFILES, FaultProfile
from toolworld.ground import SpecError
from toolworld.rollout import CorpusMemory, FaultShare, RejectedTask, TaskGenerator, Ways, failed_gate, try_out
from toolworld.rollout.synthesis.memory import signature_of
from toolworld.server import InProcessHost, open_episodes


async def made(share: float, profile: FaultProfile, count: int = 24) -> tuple[TaskSuite, list[Task]]:
    suite = await load_suite(["library", "bank_cards"])
    faults, memory = FaultShare(profile=profile, share=share), CorpusMemory(is_on=False)
    generator = TaskGenerator(suite.runtimes, seed=3, memory=memory, faults=faults)
    tasks = [one async for one in generator.generate(count) if not isinstance(one, RejectedTask)]
    return TaskSuite(suite.runtimes, tuple(tasks)), tasks


async def test_the_share_decides_how_many_tasks_have_faults_and_the_others_are_as_they_were() -> None:
    profile = FAULT_PROFILES["flaky"]
    _, none = await made(0, profile)
    _, some = await made(0.5, profile)
    _, every = await made(1, profile)
    assert not any(one.faults for one in none)
    assert 4 <= sum(one.faults is not None for one in some) <= 20
    assert all(one.faults == profile and one.id.endswith("~flaky") for one in every)
    assert {one.id.partition("~")[0] for one in every} == {one.id for one in none}


async def test_a_refused_call_is_made_again_and_counted_as_a_fault() -> None:
    suite, tasks = await made(1, FaultProfile(name="often", transient=0.5))
    statistics, plain = TaskStatistics(), TaskStatistics()
    for task in tasks:
        refused = [number for number, one in enumerate(task.calls) if one.error == "temporarily_unavailable"]
        assert ("fault" in (task.origin.patterns if task.origin else ())) == bool(refused)
        assert all(task.calls[number + 1].call == task.calls[number].call for number in refused)
        statistics.add(task, suite.runtime_of(task).environment)
        before = await plain_task(suite, task)
        plain.add(before.model_copy(update={"origin": None}), suite.runtime_of(before).environment)
    assert statistics.metrics.faults > 0.8 and plain.metrics.faults == 0
    assert "ungrounded" not in statistics.metrics.sources


@pytest.mark.parametrize("name", ["flaky", "stale", "drifted", "rough"])
async def test_a_task_without_its_faults_is_what_it_was_and_passes_the_gates(name: str) -> None:
    suite, tasks = await made(1, FAULT_PROFILES[name])
    for task in tasks[:8]:
        plain = await plain_task(suite, task)
        runtime = suite.runtimes[task.environment]
        assert plain.faults is None and plain.id == task.id.partition("~")[0]
        assert plain.environment_version == runtime.environment.version
        assert await failed_gate(plain, Ways.in_environment(runtime)) is None
        again = await rederive_under_faults(plain, runtime, suite.runtime_of(task))
        assert (again.calls, again.truth, again.scenario) == (task.calls, task.truth, task.scenario)


async def test_a_change_of_mind_comes_after_the_same_change_where_calls_are_made_again() -> None:
    suite, tasks = await made(1, FaultProfile(name="often", transient=0.5), 60)
    moved = 0
    for task in tasks:
        plain = await plain_task(suite, task)
        for before, after in zip(plain.scenario.reactions, task.scenario.reactions, strict=True):
            if before.after is not None and after.after is not None:
                assert plain.calls[before.after].call == task.calls[after.after].call
                assert task.calls[after.after].error is None
                moved += before.after != after.after
    assert moved


async def test_a_task_is_put_under_one_profile_only() -> None:
    suite, tasks = await made(1, FAULT_PROFILES["busy"])
    with pytest.raises(SpecError, match="under the fault profile busy already"):
        await suite_under_faults(suite, FAULT_PROFILES["flaky"])
    assert suite.runtime_of(tasks[0]) is suite.runtime_of(tasks[0].model_copy(update={"id": "x"}))


async def test_a_profile_that_lets_nothing_through_rejects_each_task_with_its_reason() -> None:
    suite = await load_suite(["library"])
    never = FaultShare(profile=FaultProfile(name="never", transient=1), share=1)
    found = [one async for one in TaskGenerator(suite.runtimes, seed=3, faults=never).generate(2)]
    assert found and all(isinstance(one, RejectedTask) for one in found)
    assert any("cannot be done under these faults" in one.why for one in found if isinstance(one, RejectedTask))


async def test_a_call_that_is_made_again_needs_no_second_yes_and_is_not_told_as_refused() -> None:
    suite, tasks = await made(1, FaultProfile(name="often", transient=0.5))
    again = 0
    async with open_episodes(suite.runtimes, tasks) as episodes:
        for task in tasks[:12]:
            trial = await try_out(task, suite.runtime_of(task), InProcessHost(episodes))
            assert trial.verdict.passed, trial.broken_by
            said = [one.content or "" for one in trial.trajectory.messages if one.role == "assistant"]
            assert not any("temporarily unavailable" in text for text in said)
            proposals = sum(one.agrees == "yes" for one in trial.trajectory.messages)
            writes = [one for one in task.calls if one.writes and one.error is None]
            refused = [one for one in task.calls if one.error == "temporarily_unavailable" and one.writes]
            others = [one for one in task.calls if one.error not in (None, "temporarily_unavailable") and one.writes]
            again += len(refused)
            assert proposals <= len(writes) + len(others)
    assert again > 3


async def test_a_task_is_not_new_because_faults_are_in_its_way() -> None:
    suite, tasks = await made(1, FaultProfile(name="often", transient=0.5))
    repeated = 0
    for task in tasks:
        plain = await plain_task(suite, task)
        assert signature_of(task) == signature_of(plain)
        repeated += len(task.calls) > len(plain.calls)
    assert repeated > 5 and len({signature_of(one) for one in tasks}) == len(tasks)


async def test_a_renamed_tool_is_counted_under_its_own_name() -> None:
    suite, tasks = await made(1, FaultProfile(name="other", rename=1))
    for task in tasks:
        plain = await plain_task(suite, task)
        environment = suite.runtimes.environment(task.environment)
        assert plain_tool_names(task, environment) == {one.call.name for one in plain.calls}
        assert not {one.call.name for one in task.calls} & {one.name for one in environment.tools}
