"""Right runs that go otherwise: different from the right one, and no judge may fail them."""

from collections import Counter

import pytest

from toolworld.datasets import TaskSuite, load_suite
from toolworld.rollout import DIFFERENCES, VARIANTS, LabelledRun, Variant, play_labelled, script_of, varied_script
from toolworld.server import InProcessHost, open_episodes


@pytest.fixture
async def suite() -> TaskSuite:
    return await load_suite(["library", "helpdesk"])


def test_every_variant_is_said_in_words() -> None:
    assert {*DIFFERENCES} == {*VARIANTS} and len({*DIFFERENCES.values()}) == len(VARIANTS)


@pytest.mark.parametrize("variant", VARIANTS)
async def test_a_variant_differs_from_the_right_run_and_passes(suite: TaskSuite, variant: Variant) -> None:
    differing = 0
    for task in suite.tasks:
        script = await varied_script(task, variant, suite.runtime_of(task))
        differing += script is not None and repr(script) != repr(script_of(task))  # 5 and 5.0 are equal
    runs: list[LabelledRun] = []
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        await play_labelled(suite, InProcessHost(episodes), (variant,), runs.append)
    assert len(runs) == differing >= 5
    failed = [(one.trial.task.id, one.trial.broken_by) for one in runs if one.trial.verdict.outcome != "pass"]
    assert failed == []


async def test_labelled_runs_come_kind_by_kind_and_say_whether_they_are_right(suite: TaskSuite) -> None:
    few = TaskSuite(suite.runtimes, suite.tasks[:4])
    runs: list[LabelledRun] = []
    told: list[None] = []
    kinds = ("right", "dropped_write", "extra_reads")
    async with open_episodes(few.runtimes, few.tasks) as episodes:
        await play_labelled(few, InProcessHost(episodes), kinds, runs.append, lambda: told.append(None))
    assert [*dict.fromkeys(one.kind for one in runs)] == [*kinds] and len(told) == 12
    assert {one.kind: one.is_right for one in runs} == {"right": True, "dropped_write": False, "extra_reads": True}
    outcomes = Counter((one.kind, one.trial.verdict.outcome) for one in runs)
    assert outcomes["right", "pass"] == 4 and not outcomes["dropped_write", "pass"]
