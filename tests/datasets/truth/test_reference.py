"""A task's truth is worked out by doing it, and only what the state cannot tell is required by name."""

from typing import Any

import pytest
from pydantic import ValidationError

from toolworld.datasets import Reaction, Scenario, TaskDraft, complete_draft, derive_truth, fact_of, run_reference
from toolworld.datasets.truth.draft import DraftCall
from toolworld.environments import Call, Runtime
from toolworld.ground import SpecError


def call(tool: str, **arguments: Any) -> Call:
    return Call(name=tool, arguments=arguments)


async def test_results_changes_and_digest_come_from_the_run(counters: Runtime) -> None:
    reference, truth = await derive_truth(counters, [call("show_count", name="a"), call("add", name="a", amount=2)])
    assert [call.result for call in reference.calls] == [
        {"name": "a", "count": 1, "next": None},
        {"name": "a", "count": 3, "next": None},
    ]
    assert [op.model_dump() for op in truth.changes] == [
        {"op": "update", "collection": "counters", "key": "a", "fields": {"count": 3}}
    ]
    assert truth.digest == (await run_reference(counters, [call("add", name="a", amount=2)])).digest
    assert truth.calls == ()


async def test_a_write_that_leaves_no_trace_is_required_by_name(counters: Runtime) -> None:
    _, undone = await derive_truth(counters, [call("rename_shop", title="X"), call("rename_shop", title="Corner")])
    assert undone.calls == (0,)


async def test_a_call_that_is_refused_is_not_required(counters: Runtime) -> None:
    _, refused = await derive_truth(counters, [call("remove", name="ghost"), call("add", name="a")])
    assert refused.calls == ()
    _, only = await derive_truth(counters, [call("show_count", name="ghost"), call("show_count", name="a")])
    assert only.calls == (1,)


async def test_where_nothing_changes_and_nothing_is_told_every_call_is_required(counters: Runtime) -> None:
    _, truth = await derive_truth(counters, [call("show_count", name="a"), call("show_count", name="b")])
    assert truth.calls == (0, 1)
    _, told = await derive_truth(counters, [call("show_count", name="a")], facts=(fact_of("1"),))
    assert told.calls == ()


def draft(*calls: DraftCall) -> TaskDraft:
    return TaskDraft(id="t", request="Please.", scenario=Scenario(goal="g"), calls=calls)


async def test_a_draft_that_cannot_be_done_is_refused(counters: Runtime) -> None:
    with pytest.raises(SpecError, match=r"task t, call 0 \(remove\) is refused: There is no counter ghost"):
        await complete_draft(draft(DraftCall(name="remove", arguments={"name": "ghost"})), counters)
    with pytest.raises(SpecError, match=r"call 0 \(add\) succeeds, and it says"):
        await complete_draft(draft(DraftCall(name="add", arguments={"name": "a"}, fails=True)), counters)
    with pytest.raises(SpecError, match="task t: reference call 0 broke the simulator"):
        await complete_draft(draft(DraftCall(name="add", arguments={"name": "a", "amount": -9})), counters)


async def test_a_draft_that_speaks_of_what_is_not_there_is_refused(counters: Runtime) -> None:
    with pytest.raises(SpecError, match="task t: environment counters has no tool 'fly'"):
        await complete_draft(draft(DraftCall(name="fly", arguments={})), counters)
    fine = draft(DraftCall(name="add", arguments={"name": "a"}))
    with pytest.raises(SpecError, match="has no tool 'fly'"):
        await complete_draft(fine.model_copy(update={"forbidden": (call("fly"),)}), counters)
    with pytest.raises(SpecError, match="requires call 7, and its calls are 0 to 0"):
        await complete_draft(fine.model_copy(update={"required": (7,)}), counters)


@pytest.mark.parametrize("after", [1, 7])  # a look-up, and a call that is not there
async def test_a_change_of_mind_comes_after_a_change(counters: Runtime, after: int) -> None:
    calls = (DraftCall(name="add", arguments={"name": "a"}), DraftCall(name="show_count", arguments={"name": "a"}))
    minded = Scenario(goal="", reactions=(Reaction(after=after, say="No, leave it."),))
    with pytest.raises(SpecError, match=f"after call {after}, which is no call of the task that changes something"):
        await complete_draft(draft(*calls).model_copy(update={"scenario": minded}), counters)


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", ""), ("id", "a/b"), ("seed", -1), ("facts", ("",)), ("facts", ("|",)), ("order", "none")],
)
def test_a_malformed_draft_is_refused(field: str, value: object) -> None:
    raw = draft().model_dump()
    with pytest.raises(ValidationError):
        TaskDraft.model_validate({**raw, field: value})


async def test_a_task_knows_the_version_that_it_was_made_in(counters: Runtime) -> None:
    task = await complete_draft(draft(DraftCall(name="add", arguments={"name": "a"})), counters)
    assert (task.id, task.environment_version) == ("counters/t", counters.environment.version)
