"""What a program may not do in one call: numbers without JSON, too many changes, too much text."""

import gc
from types import FrameType
from typing import Any

import pytest
from tests.support.counters import COUNTER, TRUSTED, counter_environment

from toolworld.environments import Call, Event, Runtime, SimulationPlan

PLANS = pytest.mark.parametrize("plan", [TRUSTED, SimulationPlan()], ids=["here", "confined"])


async def answer(plan: SimulationPlan, tool: str, body: str) -> Event:
    """Call a tool whose function has another body."""
    shown = {"show_count": "name", "add": "name, amount", "create": "label"}
    program = f"{COUNTER}\ndef replaced({shown[tool]}):\n    {body}\n"
    environment = counter_environment(program)
    tools = [one.model_copy(update={"function": "replaced"}) if one.name == tool else one for one in environment.tools]
    runtime = Runtime(environment.replaced(tools=tools), simulation=plan)
    arguments: dict[str, Any] = {"label": "x"} if tool == "create" else {"name": "a"}
    event, after = await runtime.step(runtime.start, Call(name=tool, arguments=arguments))
    assert event.failure is None or after.state.digest == runtime.start.state.digest
    return event


@PLANS
@pytest.mark.parametrize(
    "number", ["1e308 * 10", "1e308 * 10 - 1e308 * 10", "9223372036854775807 * 4", "[0 - 1e308 * 10]"]
)
@pytest.mark.parametrize("body", ["return {number}", "return update('counters', 'a', {{'next': {number}}})"])
async def test_a_number_that_json_cannot_hold_is_the_fault_of_the_simulator(
    plan: SimulationPlan, number: str, body: str
) -> None:
    event = await answer(plan, "add", body.format(number=number))
    assert event.failure is not None and event.failure.kind == "simulator"
    assert "cannot be written as JSON" in (event.failure.detail or "")


@PLANS
async def test_many_small_changes_in_one_call_are_bounded(plan: SimulationPlan) -> None:
    many = "for i in range({n}): insert('counters', {{'name': 'k' + str(i), 'label': 'x', 'count': 0}})"
    assert len((await answer(plan, "create", many.format(n=2_000))).ops) == 2_000
    event = await answer(plan, "create", many.format(n=2_001))
    assert event.failure is not None and "at most 2,000 changes" in (event.failure.detail or "")
    for body in ("for i in range(9999): update('counters', 'a', {})", "for i in range(9999): set('shop', 'x')"):
        event = await answer(plan, "create", body)
        assert event.failure is not None and "at most 2,000 changes" in (event.failure.detail or "")


@PLANS
async def test_bytes_are_counted_and_not_characters(plan: SimulationPlan) -> None:
    for text, fits in (("x", True), ("é", False)):
        event = await answer(plan, "create", f"return '{text}' * 1_000_000")
        assert (event.failure is None) is fits, event.failure


async def test_a_program_that_does_not_load_is_named_with_its_environment() -> None:
    for plan in (TRUSTED, SimulationPlan()):
        event = await answer(plan, "create", "return no_such_thing")
        assert event.failure is not None and "environment counters: " in (event.failure.detail or "")


async def test_a_refused_call_leaves_nothing_that_holds_its_arguments() -> None:
    gc.collect()
    gc.disable()
    try:
        event = await answer(TRUSTED, "create", "fail('no', 'not ' + label)")
        assert event.failure is not None and event.failure.code == "no"
        held = [one for one in gc.get_objects() if isinstance(one, FrameType) and one.f_code.co_name == "replaced"]
        assert held == []
    finally:
        gc.enable()
