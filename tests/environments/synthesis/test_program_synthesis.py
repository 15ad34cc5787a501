"""Programs that a model writes: kept only if they do what the log says."""

from collections.abc import Callable
from typing import Any

import pytest

from toolworld.environments import (
    Call,
    Environment,
    Event,
    RecordedEpisode,
    Runtime,
    SimulationPlan,
    ToolSpec,
)
from toolworld.environments.synthesis.program_synthesis import synthesize_program, with_program
from toolworld.ground import RecordError
from toolworld.llm import ScriptedModel

Make = Callable[..., Environment]
RIGHT = """
def add(name, amount = 1):
    counter = get("counters", name)
    if counter == None:
        fail("not_found", "There is no counter " + name)
    return update("counters", name, {"count": counter["count"] + amount})
"""


def without_add(make: Make) -> tuple[Environment, ToolSpec]:
    environment = make(behaviour=(make().behaviour or "").replace("def add(", "def _old_add("))
    tool = environment.tool("add")
    assert tool is not None
    return environment, tool


async def recorded(make: Make, *arguments: dict[str, Any]) -> RecordedEpisode:
    runtime = Runtime(make(), simulation=SimulationPlan(trusted=True))
    snapshot, events = runtime.start, list[Event]()
    for given in arguments:
        event, snapshot = await runtime.step(snapshot, Call(name="add", arguments=given), seed=4)
        events.append(event)
    return RecordedEpisode(4, events)


CALLS: tuple[dict[str, Any], ...] = (
    {"name": "a"},
    {"name": "b", "amount": 3},
    {"name": "zz"},
    {"name": "a", "amount": 2},
)


async def test_a_program_that_reproduces_the_log_is_kept(make_counters: Make) -> None:
    environment, tool = without_add(make_counters)
    model = ScriptedModel([{"program": RIGHT}])
    result = await synthesize_program(environment, tool, [await recorded(make_counters, *CALLS)], model)
    assert (result.kept, result.calls, result.attempts, result.why) == (True, 4, 1, None)
    told = model.asked[0].messages[0].content or ""
    assert "a function called `add`" in told and '"error":"not_found"' in told and '"count":5' in told
    assert result.program is not None
    runtime = Runtime(with_program(environment, result.program), simulation=SimulationPlan(trusted=True))
    event, _ = await runtime.step(runtime.start, Call(name="add", arguments={"name": "b"}))
    assert isinstance(event.result, dict) and event.result["count"] == 3


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("def other(): return 1", "has no function `add`"),
        (RIGHT + "\ndef show_count(name):\n    return 0\n", "defines `show_count`, which belongs to other tools"),
        ("def add(name, amount = 1) return 1", "expected ':'"),
        (RIGHT.replace("+ amount})", "+ 1})"), "comes out otherwise"),
        (RIGHT.replace('"not_found"', '"gone"'), "the error not_found was recorded, and it gives the error gone"),
        ('def add(name, amount = 1):\n    return get("counters", name)', "comes out otherwise"),
        (RIGHT.replace("update(", "insert("), "`insert` takes 2 arguments in order"),
    ],
)
async def test_a_program_that_does_not_is_sent_back_and_in_the_end_not_kept(
    make_counters: Make, wrong: str, why: str
) -> None:
    environment, tool = without_add(make_counters)
    log = [await recorded(make_counters, *CALLS)]
    result = await synthesize_program(environment, tool, log, ScriptedModel(lambda _: {"program": wrong}))
    assert (result.kept, result.attempts, result.program) == (False, 3, None)
    assert any(part in (result.why or "") for part in why.split("|")), result.why
    mended = await synthesize_program(environment, tool, log, ScriptedModel([{"program": wrong}, {"program": RIGHT}]))
    assert (mended.kept, mended.attempts) == (True, 2)


async def test_calls_that_the_model_was_not_shown_count_too(make_counters: Make) -> None:
    environment, tool = without_add(make_counters)
    many = [{"name": "a", "amount": number} for number in range(1, 30)]
    parrot = RIGHT.replace("+ amount}", "+ (amount if amount < 9 else 1)}")
    result = await synthesize_program(
        environment, tool, [await recorded(make_counters, *many)], ScriptedModel(lambda _: {"program": parrot})
    )
    assert (result.calls, result.shown, result.kept) == (29, 8, False)


async def test_too_small_a_log_proves_nothing_and_costs_nothing(make_counters: Make) -> None:
    environment, tool = without_add(make_counters)
    model = ScriptedModel([])
    result = await synthesize_program(environment, tool, [await recorded(make_counters, *CALLS[:2])], model)
    assert not result.kept and "hold 2 calls" in (result.why or "") and model.asked == []


async def test_the_log_of_another_environment_is_refused(make_counters: Make) -> None:
    environment, tool = without_add(make_counters)
    rows = ({"name": "q", "count": 1},)
    other = environment.model_copy(
        update={"initial_state": environment.initial_state.model_copy(update={"collections": {"counters": rows}})}
    )
    with pytest.raises(RecordError, match="does not fit"):
        await synthesize_program(other, tool, [await recorded(make_counters, *CALLS)], ScriptedModel([]))
