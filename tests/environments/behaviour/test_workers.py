"""Untrusted programs: one that wastes memory or time fails its own call, and no other."""

import time
from pathlib import Path

import pytest
from tests.support.counters import COUNTER, counter_environment

from toolworld.environments import (
    BEHAVIOUR_FILE,
    Call,
    Runtime,
    SimulationPlan,
    builtin_folders,
    check_program,
    is_bundled,
    load_folder,
)
from toolworld.environments.behaviour import workers as module
from toolworld.environments.behaviour.workers import IsolatedSimulator
from toolworld.ground import SimulationError, SpecError

HOSTILE = """
def show_count(name):
    if name == "loop":
        n = 0
        for _ in range(1000000000):
            for _ in range(1000000000):
                n += 1
    if name == "grow":
        x = [1]
        for _ in range(60):
            x = x + x
    if name == "deep":
        x = []
        for _ in range(100000):
            x = [x]
        return x
    if name == "spread":
        x = [1, 1]
        for _ in range(60):
            x = [x, x]
        return x
    if name == "long":
        return {"name": "a" * 2000000, "count": 1}
    return get("counters", name)

def add(name, amount = 1):
    for number in range(amount):
        insert("counters", {"name": new_id("C"), "label": "x" * 1000, "count": number, "made": now()})

def create(label): pass
def remove(name): pass
def rename_shop(title): pass
"""
pytestmark = pytest.mark.isolated


async def said(runtime: Runtime, name: str, call: str = "show_count", **arguments: object) -> str:
    event, after = await runtime.step(
        runtime.start, Call.model_validate({"name": call, "arguments": {"name": name, **arguments}})
    )
    if event.failure is None:
        return str(event.result)
    assert event.failure.kind == "simulator"
    assert after.state is runtime.start.state
    return event.failure.detail or ""


async def test_a_hostile_program_costs_its_own_calls_and_the_pool_is_refilled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CALL_SECONDS", 3.0)
    runtime = Runtime(counter_environment(HOSTILE))
    assert isinstance(runtime.simulator, IsolatedSimulator)
    well = "'count': 1"
    assert well in await said(runtime, "a")
    assert "ran out of fuel" in await said(runtime, "loop")
    assert "broke its process" in await said(runtime, "grow")
    assert well in await said(runtime, "a")
    assert "broke its process" in await said(runtime, "deep")
    started = time.monotonic()
    assert "took longer than 3 seconds" in await said(runtime, "spread")
    assert time.monotonic() - started < module.MAX_START_SECONDS / 2
    assert "larger than 1 MiB" in await said(runtime, "long")
    assert "write at most 1 MiB" in await said(runtime, "a", "add", amount=2000)
    assert well in await said(runtime, "a")


async def test_a_worker_gives_the_same_events_as_this_process() -> None:
    environment = counter_environment(COUNTER)
    apart, here = Runtime(environment), Runtime(environment, simulation=SimulationPlan(trusted=True))
    assert not isinstance(here.simulator, IsolatedSimulator)
    snapshots = [apart.start, here.start]
    calls = [
        Call(name="add", arguments={"name": "a", "amount": 3}),
        Call(name="create", arguments={"label": "new"}),
        Call(name="rename_shop", arguments={"title": "Corner"}),
        Call(name="remove", arguments={"name": "a"}),
        Call(name="show_count", arguments={"name": "a"}),
        Call(name="create", arguments={"label": "newer"}),
    ]
    for call in calls:
        one, snapshots[0] = await apart.step(snapshots[0], call, seed=5)
        other, snapshots[1] = await here.step(snapshots[1], call, seed=5)
        assert one.json_bytes() == other.json_bytes()
    assert snapshots[0].state.digest == snapshots[1].state.digest


async def test_a_program_that_does_not_load_says_so_from_its_process() -> None:
    broken = counter_environment("nothing(")
    assert "behaviour.star:1" in await said(Runtime(broken), "a")
    with pytest.raises(SpecError, match=r"behaviour\.star:1"):
        await check_program(broken)
    with pytest.raises(SimulationError, match="broke its process"):
        await check_program(counter_environment("X = [1] * 400000000\n" + COUNTER))
    await check_program(counter_environment())


def test_programs_that_came_with_toolworld_are_ours_and_changed_ones_are_not() -> None:
    for folder in builtin_folders().values():
        program = (folder / BEHAVIOUR_FILE).read_text()
        assert is_bundled(program)
        assert not is_bundled(program + "\n")
        runtime = Runtime(load_folder(Path(folder)))
        assert not isinstance(runtime.simulator, IsolatedSimulator)
