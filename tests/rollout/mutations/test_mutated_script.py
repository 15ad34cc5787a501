"""Each mutation makes the mistake that it says, and none where the task leaves no room for it."""

import pytest

from toolworld.datasets import ReferenceRun, Task, TaskSuite, load_suite, run_reference, value_facts
from toolworld.environments import Op, Runtime, comparable_ops
from toolworld.rollout import MISTAKES, MUTATIONS, Mutation, Script, mutated_script, script_of


@pytest.fixture
async def suite() -> TaskSuite:
    return await load_suite(["library", "helpdesk", "bank_cards"])


def named(suite: TaskSuite, name: str) -> Task:
    [task] = [one for one in suite.tasks if one.id == name]
    return task


async def script(suite: TaskSuite, name: str, mutation: Mutation, seed: int = 0) -> Script | None:
    task = named(suite, name)
    return await mutated_script(task, mutation, suite.runtime_of(task), suite.tasks, seed)


def compared(runtime: Runtime, run: ReferenceRun) -> list[Op]:
    return comparable_ops(run.changes, runtime.environment.state_schema)


def test_every_mutation_is_said_in_words() -> None:
    assert {*MISTAKES} == {*MUTATIONS} and len({*MISTAKES.values()}) == len(MUTATIONS)


async def test_the_same_seed_makes_the_same_mistake(suite: TaskSuite) -> None:
    for mutation in MUTATIONS:
        first, again = [await script(suite, "library/renew_one", mutation, 3) for _ in range(2)]
        assert first == again
    others = [await script(suite, "library/waive_and_pay", "dropped_write", seed) for seed in range(8)]
    assert len({one.positions for one in others if one}) > 1


async def test_what_is_undone_shows_only_on_the_way(suite: TaskSuite) -> None:
    task = named(suite, "library/renew_one")
    runtime = suite.runtime_of(task)
    undone = await script(suite, task.id, "undone_write")
    assert undone is not None and len(undone.calls) == len(task.calls) + 2
    right, wrong = [await run_reference(runtime, calls) for calls in (script_of(task).calls, undone.calls)]
    half = await run_reference(runtime, undone.calls[:-1])
    assert compared(runtime, wrong) == compared(runtime, right) != compared(runtime, half)
    assert {*wrong.touched} > {*right.touched}


async def test_a_note_of_another_record_is_overwritten(suite: TaskSuite) -> None:
    task = named(suite, "helpdesk/mfa_once_too_often")
    runtime = suite.runtime_of(task)
    noted = await script(suite, task.id, "volatile_write")
    assert noted is not None
    right, wrong = [await run_reference(runtime, calls) for calls in (script_of(task).calls, noted.calls)]
    assert wrong.digest != right.digest and compared(runtime, wrong) == compared(runtime, right)
    assert await script(suite, "library/renew_one", "volatile_write") is None


async def test_guesses_differ_from_each_other_and_end_with_the_truth(suite: TaskSuite) -> None:
    guessed = await script(suite, "library/renew_one", "guessed_identity")
    assert guessed is not None and not guessed.asks
    tries = [str(call.arguments) for call in guessed.calls if call.name == "find_patron"]
    assert len({*tries}) == len(tries) == 4 and "RV3 2LN" in tries[-1]


async def test_another_persons_facts_identify(suite: TaskSuite) -> None:
    other = await script(suite, "library/renew_one", "another_person")
    assert other is not None and other.calls[0].name == "find_patron"
    assert other.calls[0].arguments["name"] != "Amira Okafor"


async def test_a_false_value_is_none_that_tells_the_fact(suite: TaskSuite) -> None:
    for task in suite.tasks:
        false = await script(suite, task.id, "false_fact")
        values = [value for fact in task.truth.facts for value in value_facts(fact)]
        assert values or false is None
        assert false is None or not any(fact in values for fact in false.facts)


async def test_nothing_is_dropped_that_the_end_does_not_miss(suite: TaskSuite) -> None:
    """A change of mind takes a change back: to leave both out is no mistake."""
    task = named(suite, "bank_cards/no_higher_limit_before_spain")
    dropped = [await script(suite, task.id, "dropped_write", seed) for seed in range(20)]
    left_out = {
        place for one in dropped if one for place in range(len(task.calls)) if place not in (one.positions or ())
    }
    assert left_out and 6 not in left_out  # frozen, and unfrozen by the next


async def test_a_task_without_changes_leaves_no_room_for_wrong_ones(suite: TaskSuite) -> None:
    kinds: list[Mutation] = ["dropped_write", "changed_argument", "unconfirmed_write", "refused_write"]
    assert [await script(suite, "library/expired_card", mutation) for mutation in kinds] == [None] * len(kinds)
