"""Fields that are changed and changed back in a record that the task changes otherwise."""

from typing import Any

import pytest

from toolworld.datasets import Task, Trajectory, load_suite, run_reference
from toolworld.environments import Call, Runtime
from toolworld.judges import JudgeContext, check_state


def update(**fields: Any) -> Call:
    return Call(name="update_patient", arguments={"patient_id": "P4166", **fields})


FIND = Call(name="find_patient", arguments={"date_of_birth": "1996-11-07", "postcode": "AV6 3NZ"})
RIGHT = (FIND, update(email="lt.post@example.com"))


async def judged(made: tuple[Call, ...], right: tuple[Call, ...] = RIGHT) -> tuple[str, list[str]]:
    """The outcome of the check of the state for a run of these calls, where the right one makes others."""
    suite = await load_suite(["clinic"])
    runtime: Runtime = suite.runtimes["clinic"]
    reference = await run_reference(runtime, right)
    base = suite.tasks[0]
    task: Task = base.model_copy(
        update={
            "calls": reference.calls,
            "truth": base.truth.model_copy(
                update={
                    "changes": reference.changes,
                    "digest": reference.digest,
                    "touched": reference.touched,
                    "facts": (),
                    "calls": (),
                }
            ),
        }
    )
    run = await run_reference(runtime, made)
    trajectory = Trajectory(
        id="r",
        task=task.id,
        environment="clinic",
        environment_version=runtime.environment.version,
        seed=0,
        agent="a",
        user="u",
        initial_digest=runtime.start.state.digest,
        final_digest=run.digest,
        log=run.events,
        changes=run.changes,
        stop="done",
    )
    found = await check_state(JudgeContext(task, trajectory, runtime))
    return found.outcome, [one.text for one in found.evidence]


async def test_the_right_calls_pass() -> None:
    assert (await judged(RIGHT))[0] == "pass"


async def test_another_field_that_is_changed_and_changed_back_is_seen() -> None:
    outcome, said = await judged((*RIGHT, update(phone="+1 555 0155"), update(phone="07700 900431")))
    assert outcome == "fail"
    assert any("phone of patients/P4166 was changed on the way" in text for text in said)


async def test_the_same_field_may_be_changed_twice() -> None:
    made = (FIND, update(email="other@example.com"), update(email="lt.post@example.com"))
    assert (await judged(made))[0] == "pass"


@pytest.mark.parametrize("extra", [(), (update(email="lt.post@example.com"),)])
async def test_what_the_reference_changes_on_the_way_is_allowed(extra: tuple[Call, ...]) -> None:
    right = (*RIGHT, update(phone="+1 555 0155"), update(phone="07700 900431"))
    assert (await judged((*right, *extra), right))[0] == "pass"
