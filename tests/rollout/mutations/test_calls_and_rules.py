"""Mistakes in calls and against rules: each ends otherwise than the right run, and does just what it says."""

import pytest

from toolworld.datasets import ReferenceRun, Task, TaskSuite, load_suite, run_reference
from toolworld.environments import Before, Op, comparable_ops
from toolworld.ground import SpecError
from toolworld.rollout import Mutation, Script, mutated_script, script_of
from toolworld.rollout.mutations.people import identifying_tools

CALLS: tuple[Mutation, ...] = (
    "duplicated_write",
    "swapped_calls",
    "early_stop",
    "missing_argument",
    "extra_argument",
    "wrong_entity",
)


@pytest.fixture
async def suite() -> TaskSuite:
    return await load_suite(["library", "helpdesk", "bank_cards", "hotel"])


async def scripts(suite: TaskSuite, mutation: Mutation) -> list[tuple[Task, Script]]:
    """The tasks that leave room for a mistake, each with its script."""
    made = [(one, await mutated_script(one, mutation, suite.runtime_of(one), suite.tasks)) for one in suite.tasks]
    return [(task, script) for task, script in made if script is not None]


def changes(suite: TaskSuite, task: Task, run: ReferenceRun) -> list[Op]:
    return comparable_ops(run.changes, suite.runtime_of(task).environment.state_schema)


@pytest.mark.parametrize("mutation", CALLS)
async def test_a_mistake_in_the_calls_ends_in_another_state(suite: TaskSuite, mutation: Mutation) -> None:
    found = await scripts(suite, mutation)
    assert len(found) >= 5
    for task, script in found:
        assert script.calls != script_of(task).calls
        try:
            run = await run_reference(suite.runtime_of(task), script.calls, task.seed)
        except SpecError:  # a call refers to what another did not return: an agent would be refused
            continue
        assert changes(suite, task, run) != comparable_ops(
            task.truth.changes, suite.runtime_of(task).environment.state_schema
        ) or mutation in ("duplicated_write", "swapped_calls")  # whose positions count references otherwise


async def test_an_argument_is_left_out_or_added_and_all_others_stay(suite: TaskSuite) -> None:
    kinds: tuple[tuple[Mutation, int], ...] = (("missing_argument", -1), ("extra_argument", 1))
    for mutation, more in kinds:
        for task, script in await scripts(suite, mutation):
            pairs = [
                (right.arguments, wrong.arguments)
                for right, wrong in zip(script_of(task).calls, script.calls, strict=True)
                if right != wrong
            ]
            [(right, wrong)] = pairs
            assert len(wrong) - len(right) == more
            assert all(right[name] == wrong[name] for name in {*right} & {*wrong})


async def test_another_record_of_the_same_kind_is_changed_and_nothing_is_refused(suite: TaskSuite) -> None:
    for task, script in await scripts(suite, "wrong_entity"):
        runtime = suite.runtime_of(task)
        [place] = [
            number
            for number, (right, wrong) in enumerate(zip(script_of(task).calls, script.calls, strict=True))
            if right != wrong
        ]
        run = await run_reference(runtime, script.calls, task.seed)
        assert run.events[place].failure is None


async def test_who_skips_the_identity_makes_no_call_that_identifies(suite: TaskSuite) -> None:
    found = await scripts(suite, "skipped_identity")
    assert len(found) > 20
    for task, script in found:
        tools = identifying_tools(suite.runtime_of(task))
        assert tools and not tools & {call.name for call in script.calls}


async def test_a_skipped_step_is_one_that_the_policy_wants_first(suite: TaskSuite) -> None:
    found = await scripts(suite, "skipped_step")
    assert found
    for task, script in found:
        rules = [one for one in suite.runtime_of(task).environment.rules if isinstance(one, Before)]
        kept = [call.name for call in script.calls]
        assert any({*rule.tools} & {*kept} and not {*rule.first} & {*kept} for rule in rules if not rule.from_user)


async def test_what_is_forbidden_is_done_at_the_end(suite: TaskSuite) -> None:
    found = await scripts(suite, "forbidden_change")
    assert found
    for task, script in found:
        assert script.calls[-1] in task.truth.forbidden
