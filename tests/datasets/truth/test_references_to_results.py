"""`$4.dispute_id`: calls and facts that refer to earlier results, so that a task holds under any seed."""

from typing import Any

import pytest
from tests.support.counters import trusted_runtime

from toolworld.datasets import Scenario, TaskDraft, complete_draft
from toolworld.ground import SpecError
from toolworld.judges import judge
from toolworld.rollout import PlannedRun, ScriptedAgent, ScriptedUser, play, script_of
from toolworld.server import InProcessHost, open_episodes


def draft(*calls: dict[str, Any], **fields: Any) -> TaskDraft:
    body = {"id": "t", "request": "Please make one and add to it.", "scenario": Scenario(goal="g"), "calls": calls}
    return TaskDraft.model_validate({**body, **fields})


MAKE = {"name": "create", "arguments": {"label": "Quartz"}}
ADD = {"name": "add", "arguments": {"name": "$0.name", "amount": 2}}


async def test_a_right_script_passes_under_any_seed() -> None:
    runtime = trusted_runtime()
    task = await complete_draft(draft(MAKE, ADD, facts=[{"id": "$0.name"}]), runtime)
    assert task.calls[1].written is not None and task.calls[1].call.arguments["name"] != "$0.name"
    names: set[str] = set()
    async with open_episodes([runtime.environment]) as episodes:
        for seed in range(10):
            run = PlannedRun(task, seed)
            async with InProcessHost(episodes).session(run) as session:
                played = await play(run, ScriptedAgent(script_of(task)), ScriptedUser(task), session)
            verdict = await judge(task, played, runtime)
            assert verdict.outcome == "pass", verdict.checks
            names.add(str(played.log[1].call.arguments["name"]))
    assert len(names) == 10


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("$1.name", "refers to call 1, which is not made before"),
        ("$0.colour", "finds no 'colour' in the result of call 0, which has: "),
        ("$0.name.x", "finds no 'x'"),
    ],
)
async def test_a_reference_that_leads_nowhere_is_named(name: str, why: str) -> None:
    with pytest.raises(SpecError, match="task t") as raised:
        await complete_draft(draft(MAKE, {"name": "add", "arguments": {"name": name}}), trusted_runtime())
    assert why in str(raised.value)


async def test_a_sum_of_dollars_is_no_reference() -> None:
    task = await complete_draft(draft({"name": "create", "arguments": {"label": "$5.00"}}), trusted_runtime())
    assert task.calls[0].call.arguments == {"label": "$5.00"}
