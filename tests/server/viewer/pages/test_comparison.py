"""Two agents compared by the index: counted against a comparison by hand."""

import random
from collections import Counter

import orjson
from tests.server.viewer.runs.test_files import failed, trajectory, verdict

from toolworld.datasets import Verdict as VerdictRecord
from toolworld.datasets import compare
from toolworld.server.viewer.pages.comparison import side_by_side
from toolworld.server.viewer.runs.index import RunIndex
from toolworld.server.viewer.runs.row import columns_of_run, columns_of_verdict
from toolworld.server.viewer.runs.tallies import sides_of


def index_of(sets: dict[str, list[tuple[str, str]]]) -> RunIndex:
    """An index of runs, by set: the task and the outcome of each."""
    index = RunIndex()
    for source, (name, runs) in enumerate(sets.items(), start=1):
        for number, (task, outcome) in enumerate(runs):
            run = f"{name}{number}"
            row = orjson.loads(trajectory(run, task=task, agent="one"))
            index.put_runs(source, [{**columns_of_run(name, row), "offset": 0, "length": 0}])
            if outcome != "open":
                line = failed(run, "state") if outcome == "fail" else verdict(run, outcome)
                columns = columns_of_verdict(VerdictRecord.model_validate_json(line))
                index.put_verdicts(source, [{"run": run, **columns, "verdict_offset": 0, "verdict_length": 0}])
    return index


def kind_by_hand(one: Counter[str], other: Counter[str]) -> str:
    shares = [of["pass"] / judged for of in (one, other) if (judged := of["pass"] + of["fail"])]
    if len(shares) < 2:
        return "undecided"
    return "lost" if shares[0] > shares[1] else "won" if shares[0] < shares[1] else ""


def test_flips_are_the_tasks_whose_pass_rates_differ_and_the_sign_test_is_that_of_compare() -> None:
    chance = random.Random(3)
    tasks = [f"t{number}" for number in range(60)]
    outcomes = ("pass", "fail", "void", "unclear", "open")
    sets = {
        name: [(task, chance.choices(outcomes, (5, 4, 1, 1, 1))[0]) for task in tasks for _ in range(3)]
        for name in ("careful", "hasty")
    }
    index = index_of(sets)
    one, other = sides_of(index)
    found = side_by_side(index, one, other)
    rates = {
        name: {task: Counter(outcome for of, outcome in runs if of == task) for task in tasks}
        for name, runs in sets.items()
    }
    for task in tasks:
        kind = kind_by_hand(*(rates[name][task] for name in ("careful", "hasty")))
        for name, group in (("lost", found.lost), ("won", found.won), ("undecided", found.undecided)):
            assert (task in {flip.task for flip in group.flips}) == (name == kind), task
    verdicts = [
        [
            VerdictRecord.model_validate_json(verdict(f"{name}{n}", outcome, task=task))
            for n, (task, outcome) in enumerate(sets[name])
            if outcome != "open"
        ]
        for name in ("careful", "hasty")
    ]
    by_reward = compare(*verdicts)
    assert (found.won.count, found.lost.count) == (by_reward.better, by_reward.worse)
    assert found.p_value == by_reward.p_value
    assert found.tasks == 60
    assert sum(found.table.values()) == 60


def test_the_runs_of_a_flip_show_it_a_pass_of_the_better_one_and_none_of_the_other() -> None:
    index = index_of(
        {
            "a": [("t", "fail"), ("t", "pass"), ("u", "fail")],
            "b": [("t", "pass"), ("t", "fail"), ("t", "fail"), ("u", "pass")],
        }
    )
    found = side_by_side(index, *sides_of(index))
    [lost], [won] = found.lost.flips, found.won.flips
    assert (lost.task, lost.one.outcome, lost.other.outcome, lost.rates) == ("t", "pass", "fail", ((1, 2), (1, 3)))
    assert (won.task, won.one.outcome, won.other.outcome) == ("u", "fail", "pass")
    assert found.lost.causes == (("state", 1),)


def test_tasks_of_one_side_only_are_counted_and_not_compared() -> None:
    index = index_of({"a": [("t", "pass"), ("only", "fail")], "b": [("t", "pass")]})
    found = side_by_side(index, *sides_of(index))
    assert (found.tasks, found.only_one, found.only_other, found.lost.count, found.won.count) == (1, 1, 0, 0, 0)
    assert not found.is_beyond_chance


def test_a_task_that_both_only_failed_is_a_tie_of_failures_whatever_else_was_played() -> None:
    index = index_of({"a": [("t", "open"), ("t", "fail"), ("t", "void")], "b": [("t", "fail"), ("t", "unclear")]})
    found = side_by_side(index, *sides_of(index))
    assert dict(found.table) == {("fail", "fail"): 1}
    assert (found.lost.count, found.won.count, found.undecided.count) == (0, 0, 0)
