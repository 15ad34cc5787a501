"""Tasks under faults: their truth includes getting over them, and the same end is right."""

import pytest

from toolworld.datasets import Shelf, under_faults
from toolworld.environments import PROFILES, FaultProfile
from toolworld.ground import SpecError


@pytest.mark.parametrize("name", sorted(PROFILES))
async def test_every_library_task_can_be_done_under_every_profile(library_shelf: Shelf, name: str) -> None:
    shelf = await under_faults(library_shelf, PROFILES[name])
    assert len(shelf.tasks) == len(library_shelf.tasks)
    for plain, task in zip(library_shelf.tasks, shelf.tasks, strict=True):
        assert task.id == f"{plain.id}~{name}"
        assert task.faults == PROFILES[name]
        assert task.environment_version == shelf.runtimes["library"].environment.version
        assert len(task.calls) >= len(plain.calls)
        assert [op.model_dump(exclude={"fields", "record"}) for op in task.expected.changes] == [
            op.model_dump(exclude={"fields", "record"}) for op in plain.expected.changes
        ]


async def test_refused_tries_stand_in_the_truth_with_their_repetition(library_shelf: Shelf) -> None:
    shelf = await under_faults(library_shelf, FaultProfile(name="p", transient=0.4))
    refused = 0
    for task in shelf.tasks:
        for number, reference in enumerate(task.calls):
            if reference.error == "temporarily_unavailable":
                refused += 1
                assert task.calls[number + 1].call == reference.call
        for number in task.expected.calls:
            assert task.calls[number].error != "temporarily_unavailable"
    assert refused > 10


async def test_a_profile_that_never_lets_a_call_through_is_refused(library_shelf: Shelf) -> None:
    with pytest.raises(SpecError, match="cannot be done under these faults"):
        await under_faults(library_shelf, FaultProfile(name="p", transient=1))
