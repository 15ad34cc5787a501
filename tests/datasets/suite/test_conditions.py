"""Which tasks need somebody who answers, and which split an environment is in."""

from collections import Counter

import pytest

from toolworld.datasets import TaskSuite, load_suite, needs_user, split_of
from toolworld.datasets.task import Reaction, Scenario
from toolworld.environments import builtin_folders


@pytest.fixture
async def suite() -> TaskSuite:
    return await load_suite(list(builtin_folders()))


def alone(suite: TaskSuite) -> list[str]:
    return [task.id for task in suite.tasks if not needs_user(task, suite.runtimes.environment(task.environment))]


def test_nearly_every_built_in_task_needs_a_user(suite: TaskSuite) -> None:
    assert alone(suite) == ["warehouse/somebody_elses_butter"]


def test_a_task_that_can_be_done_alone_needs_a_user_once_something_is_left_to_tell(suite: TaskSuite) -> None:
    [task] = [task for task in suite.tasks if task.id == "warehouse/somebody_elses_butter"]
    environment = suite.runtimes.environment(task.environment)

    def with_scenario(**fields: object) -> bool:
        scenario = Scenario.model_validate({**task.scenario.model_dump(), **fields})
        return needs_user(task.model_copy(update={"scenario": scenario}), environment)

    assert not with_scenario()
    assert with_scenario(facts={"code": "not in the request"})
    assert with_scenario(facts={"codes": [{"of": "nowhere to be read"}]})
    assert with_scenario(known="The pallet stands by the door.")
    assert with_scenario(reactions=[Reaction(after=0, say="Wait.")])
    assert not with_scenario(facts={"count": None, "urgent": True})


def test_splits_hold_about_their_shares_of_environments_and_stay_as_they_are() -> None:
    counts = Counter(split_of(f"environment_{number}") for number in range(5000))
    assert 0.78 < counts["train"] / 5000 < 0.82
    assert 0.085 < counts["test"] / 5000 < 0.115 and 0.085 < counts["validation"] / 5000 < 0.115
    assert [split_of(name) for name in builtin_folders()] == [split_of(name) for name in builtin_folders()]
    found = {name: split_of(name) for name in ("library", "clinic", "bank_cards")}
    assert found == {"library": "train", "clinic": "validation", "bank_cards": "test"}
