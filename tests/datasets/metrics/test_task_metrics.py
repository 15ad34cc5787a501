"""Metrics of tasks, each with data that was made worse on purpose."""

import random
from functools import cache

import anyio

from toolworld.datasets import Task, TaskMetrics, TaskStatistics
from toolworld.environments import Environment, RuntimePool, SimulationPlan, compose_environments
from toolworld.rollout import TaskGenerator

ENVIRONMENT: Environment = next(compose_environments("bookselling", 1, seed=5))


@cache
def tasks() -> tuple[Task, ...]:
    pool = RuntimePool.of([ENVIRONMENT], SimulationPlan(trusted=True))

    async def made() -> tuple[Task, ...]:
        return tuple([one async for one in TaskGenerator(pool, seed=2).generate(24) if isinstance(one, Task)])

    return anyio.run(made)


def measured(of: tuple[Task, ...]) -> TaskMetrics:
    statistics = TaskStatistics()
    for task in of:
        statistics.add(task, ENVIRONMENT)
    return statistics.metrics


def with_arguments_of(task: Task, other: Task) -> Task:
    """A task whose calls are given what another one's are, as the same-named parameters have it."""
    values = {name: value for one in other.calls for name, value in one.call.arguments.items()}
    calls = tuple(
        one.model_copy(
            update={
                "written": None,
                "call": one.call.model_copy(
                    update={"arguments": {name: values.get(name, value) for name, value in one.call.arguments.items()}}
                ),
            }
        )
        for one in task.calls
    )
    return task.model_copy(update={"calls": calls})


def test_tasks_are_counted_as_they_are() -> None:
    found = measured(tasks())
    lengths = sorted(len(one.calls) for one in tasks())
    assert found.tasks == 24 and found.environments == 1
    assert found.calls.mean == sum(lengths) / 24 and found.calls.p90 == lengths[21]
    assert found.many == sum(one >= 5 for one in lengths) / 24
    assert sum(found.sources.values()) > 0.999 and "ungrounded" not in found.sources
    assert found.ids > 20 and found.ids_from_results == 1.0
    assert found.repeated_requests == 0.0 and sum(found.modes.values()) == sum(found.styles.values()) == 24
    assert found.clarifications > 0 and found.patterns > 1.0


def test_shuffled_arguments_are_no_longer_grounded_and_ids_come_from_nowhere() -> None:
    others = [*tasks()]
    random.Random(0).shuffle(others)
    shuffled = tuple(with_arguments_of(task, other) for task, other in zip(tasks(), others, strict=True))
    found = measured(shuffled)
    assert found.sources["ungrounded"] > 0.1
    assert found.ids_from_results < 0.7


def test_duplicated_tasks_show_in_requests_and_in_calls() -> None:
    once, twice = measured(tasks()), measured(tasks() * 2)
    assert twice.repeated_requests == 0.5
    assert abs(twice.distinct_calls - once.distinct_calls / 2) < 1e-9
    assert twice.calls == once.calls


def test_one_planted_argument_that_nothing_tells_is_found() -> None:
    task = next(one for one in tasks() if one.calls[0].written is None and one.calls[0].call.arguments)
    first = task.calls[0]
    call = first.call.model_copy(update={"arguments": {**first.call.arguments, "planted": "Zanzibar"}})
    planted = task.model_copy(update={"calls": (first.model_copy(update={"call": call}), *task.calls[1:])})
    assert "ungrounded" in measured((planted,)).sources and "ungrounded" not in measured((task,)).sources


def test_a_refusal_and_what_is_done_after_it_are_told_apart() -> None:
    task = next(one for one in tasks() if sum(call.writes and call.error is None for call in one.calls) > 1)
    places = [number for number, one in enumerate(task.calls) if one.writes and one.error is None]

    def refused(place: int) -> Task:
        calls = [*task.calls]
        calls[place] = calls[place].model_copy(update={"error": "not_open"})
        return task.model_copy(update={"calls": tuple(calls)})

    first, last = measured((refused(places[0]),)), measured((refused(places[-1]),))
    assert (first.refusals, first.recoveries) == (1.0, 1.0)
    assert (last.refusals, last.recoveries) == (1.0, 0.0)
    assert measured(()).tasks == 0 and measured(()).refusals == 0.0
