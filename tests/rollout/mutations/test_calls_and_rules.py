"""Mistakes in calls and against rules: each ends otherwise than the right run, and does just what it says."""

import re

import pytest

from toolworld.datasets import ReferenceRun, Task, TaskSuite, load_suite, run_reference
from toolworld.environments import (
    Before,
    Confirm,
    Op,
    RuntimePool,
    SimulationPlan,
    Update,
    comparable_ops,
    load_environments,
)
from toolworld.ground import SpecError, leaves
from toolworld.rollout import MUTATIONS, LabelledRun, Mutation, Script, mutated_script, play_labelled, script_of
from toolworld.rollout.mutations.people import identifying_tools
from toolworld.server import InProcessHost, open_episodes

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
        rules = [one for one in suite.runtime_of(task).environment.rules if isinstance(one, Before) and one.from_user]
        succeeded = {one.call.name for one in task.calls if one.error is None}
        assert any({*rule.tools} & succeeded for rule in rules)  # a call that is refused all the same needs nobody


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


async def test_what_belongs_to_others_is_nothing_by_which_the_user_is_known(suite: TaskSuite) -> None:
    found = await scripts(suite, "others_read")
    assert found
    for task, script in found:
        right = script_of(task)
        own = {str(leaf) for reference in task.calls for leaf in leaves(reference.call.arguments)}
        for call in script.calls[len(right.calls) :]:
            assert not own & {str(leaf) for leaf in leaves(call.arguments)}
        assert script.asks


async def test_a_note_that_is_overwritten_is_another_one_afterwards(suite: TaskSuite) -> None:
    for task, script in await scripts(suite, "volatile_write"):
        run = await run_reference(suite.runtime_of(task), script.calls, task.seed)
        assert any(isinstance(op, Update) and op.fields for op in run.events[-1].ops)


@pytest.mark.parametrize("mutation", ["unconfirmed_write", "refused_write", "unrelated_consent"])
async def test_no_consent_is_missing_where_no_rule_wants_one(mutation: Mutation) -> None:
    [library] = load_environments(["library"])
    lax = library.replaced(rules=tuple(rule for rule in library.rules if not isinstance(rule, Confirm)))
    strict = await load_suite(["library"])
    runtime = RuntimePool.of([lax], SimulationPlan(trusted=True))["library"]
    for task in strict.tasks:
        assert await mutated_script(task, mutation, runtime, strict.tasks) is None


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_nothing_that_an_agent_does_or_says_shows_how_its_task_was_written(mutation: Mutation) -> None:
    suite = await load_suite(["library", "bank_cards"])
    runs: list[LabelledRun] = []
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        await play_labelled(suite, InProcessHost(episodes), (mutation,), runs.append)
    for run in runs:
        shown = run.trial.trajectory.model_dump_json(include={"messages"})
        assert not re.search(r"\$\d+\.[a-z]", shown), run.trial.task.id
