"""Tasks under faults: their truth includes getting over them, and the same end is right."""

import pytest

from toolworld.datasets import TaskSuite, suite_under_faults
from toolworld.environments import FAULT_PROFILES, FaultProfile
from toolworld.ground import SpecError


@pytest.mark.parametrize("name", sorted(FAULT_PROFILES))
async def test_every_library_task_can_be_done_under_every_profile(library_suite: TaskSuite, name: str) -> None:
    suite = await suite_under_faults(library_suite, FAULT_PROFILES[name])
    assert len(suite.tasks) == len(library_suite.tasks)
    for plain, task in zip(library_suite.tasks, suite.tasks, strict=True):
        assert task.id == f"{plain.id}~{name}"
        assert task.faults == FAULT_PROFILES[name]
        assert task.environment_version == suite.runtimes["library"].environment.version
        assert len(task.calls) >= len(plain.calls)
        assert [op.model_dump(exclude={"fields", "record"}) for op in task.truth.changes] == [
            op.model_dump(exclude={"fields", "record"}) for op in plain.truth.changes
        ]


async def test_refused_tries_stand_in_the_truth_with_their_repetition(library_suite: TaskSuite) -> None:
    suite = await suite_under_faults(library_suite, FaultProfile(name="p", transient=0.4))
    refused = 0
    for task in suite.tasks:
        for number, reference in enumerate(task.calls):
            if reference.error == "temporarily_unavailable":
                refused += 1
                assert task.calls[number + 1].call == reference.call
        for number in task.truth.calls:
            assert task.calls[number].error != "temporarily_unavailable"
    assert refused > 10


async def test_a_profile_that_never_lets_a_call_through_is_refused(library_suite: TaskSuite) -> None:
    with pytest.raises(SpecError, match="cannot be done under these faults"):
        await suite_under_faults(library_suite, FaultProfile(name="p", transient=1))


async def test_a_late_refusal_is_no_reason_to_try_again_and_a_stale_answer_is(library_suite: TaskSuite) -> None:
    late = await suite_under_faults(library_suite, FaultProfile(name="p", latency=1, latency_seconds=0))
    assert [len(task.calls) for task in late.tasks] == [len(task.calls) for task in library_suite.tasks]
    stale = await suite_under_faults(library_suite, FaultProfile(name="p", stale_read=0.4))
    runtime = stale.runtimes["library"]
    for task in stale.tasks:
        snapshot = runtime.start
        last: dict[str, str | None] = {}
        for reference in task.calls:
            event, snapshot = await runtime.step(snapshot, reference.call, task.seed)
            last[reference.call.model_dump_json()] = event.injected.kind if event.injected else None
        assert "stale_read" not in last.values()


async def test_the_truth_is_worked_out_with_the_seed_that_is_played(library_suite: TaskSuite) -> None:
    profile = FaultProfile(name="p", transient=0.4)
    own, other = (
        await suite_under_faults(library_suite, profile),
        await suite_under_faults(library_suite, profile, seed=5),
    )
    assert {task.seed for task in other.tasks} == {5}
    assert [len(task.calls) for task in own.tasks] != [len(task.calls) for task in other.tasks]
