"""Strangers' programs: what one uses up costs its own call, nothing outside is reached, and results are the same."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from tests.support.counters import COUNTER, TRUSTED, counter_environment

from toolworld.environments import Call, Environment, Runtime, SimulationPlan, Workers, is_ours, load_environments
from toolworld.environments.confinement.fair_queue import GOOD_CALLS
from toolworld.environments.confinement.simulator import ConfinedSimulator
from toolworld.environments.confinement.zygote import shared_zygote
from toolworld.ground import QuarantineError, SpecError

HOSTILE = """
def show_count(name):
    if name == "loop":
        for _ in range(1000000):
            for _ in range(1000000):
                pass
    if name == "compare":
        x, y = [], []
        for _ in range(60):
            x, y = [x, x], [y, y]
        return x == y
    if name == "grow":
        return [str(n) + "a" * 1000000 for n in range(100000)]
    if name == "text":
        return str(["a" * 1000000] * 1000000)
    if name == "deep":
        x = []
        for _ in range(100000):
            x = [x]
        return x
    if name == "long":
        return {"name": ["a" * 1000000, "b" * 100000], "count": 1}
    if name == "recurse":
        return show_count(name)
    if name == "nan":
        return {"name": "nan", "count": 1, "value": float("nan")}
    if name == "large":
        return {"name": "large", "count": 9223372036854775807 * 4}
    return get("counters", name)

def add(name, amount=1):
    for number in range(amount):
        insert("counters", {"name": new_id("C"), "label": "x" * 1000, "count": number, "made": now()})

def create(label): pass
def remove(name): pass
def rename_shop(title): pass
"""
pytestmark = pytest.mark.isolated


@pytest.fixture
async def plan() -> AsyncIterator[SimulationPlan]:
    plan = SimulationPlan(workers=Workers(lanes=2, seconds=1.0))
    yield plan
    plan.workers.close()


@pytest.fixture
async def patient_plan() -> AsyncIterator[SimulationPlan]:
    """Workers with so much time that what ends a call is its limit of fuel, memory or size, on a slow machine too."""
    plan = SimulationPlan(workers=Workers(lanes=2, seconds=30.0))
    yield plan
    plan.workers.close()


async def said(runtime: Runtime, name: str, call: str = "show_count", **arguments: object) -> str:
    event, after = await runtime.step(
        runtime.start, Call.model_validate({"name": call, "arguments": {"name": name, **arguments}})
    )
    if event.failure is None:
        return str(event.result)
    assert event.failure.kind == "simulator"
    assert after.state is runtime.start.state
    return event.failure.detail or ""


async def test_what_takes_longer_than_its_time_is_stopped(plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(HOSTILE), simulation=plan)
    assert isinstance(runtime.simulator, ConfinedSimulator)
    assert "longer than 1 second" in await said(runtime, "compare")
    assert "'count': 1" in await said(runtime, "a")


async def test_what_a_program_uses_up_costs_its_own_call(patient_plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(HOSTILE), simulation=patient_plan)
    assert isinstance(runtime.simulator, ConfinedSimulator)
    for name, why in {
        "loop": "behaviour.py:5: ran out of fuel",
        "grow": "it broke its process",
        "text": "it broke its process",
        "deep": "the result is not JSON",
        "long": "larger than 1 MiB",
        "recurse": "its functions call each other too deep",
        "nan": "nan is not a JSON number",
        "large": "Integer exceeds 64-bit range",
    }.items():
        assert why in await said(runtime, name), name
        assert "'count': 1" in await said(runtime, "a"), name
    assert "write at most 1 MiB" in await said(runtime, "a", "add", amount=2000)


async def test_a_program_may_change_its_arguments_and_nobody_else_notices(plan: SimulationPlan) -> None:
    program = "def show_count(name, more=None):\n    more.append('x')\n    return {'name': name, 'count': len(more)}\n"
    environment = counter_environment(program)
    tools = [tool.model_dump() for tool in environment.tools]
    tools[0]["input_schema"]["properties"]["more"] = {"type": "array", "default": []}
    environment = counter_environment(program, tools=tools)
    for chosen in (plan, TRUSTED):
        runtime = Runtime(environment, simulation=chosen)
        for _ in range(3):
            event, _ = await runtime.step(runtime.start, Call(name="show_count", arguments={"name": "a"}))
            assert event.result == {"name": "a", "count": 1}
            given = Call(name="show_count", arguments={"name": "a", "more": ["y"]})
            event, _ = await runtime.step(runtime.start, given)
            assert event.result == {"name": "a", "count": 2} and event.call.arguments["more"] == ["y"]


async def test_a_worker_gives_the_same_events_as_this_process(plan: SimulationPlan) -> None:
    environment = counter_environment(COUNTER)
    apart, here = Runtime(environment, simulation=plan), Runtime(environment, simulation=TRUSTED)
    assert apart.is_confined and not here.is_confined
    snapshots = [apart.start, here.start]
    calls = [
        Call(name="add", arguments={"name": "a", "amount": 3}),
        *(Call(name="create", arguments={"label": f"new {number}"}) for number in range(30)),
        Call(name="rename_shop", arguments={"title": "Corner"}),
        Call(name="remove", arguments={"name": "b"}),
        Call(name="remove", arguments={"name": "a"}),
        Call(name="show_count", arguments={"name": "a"}),
        Call(name="create", arguments={"label": "newer"}),
    ]
    for call in calls:
        one, snapshots[0] = await apart.step(snapshots[0], call, seed=5)
        other, snapshots[1] = await here.step(snapshots[1], call, seed=5)
        assert one.json_bytes() == other.json_bytes()
    assert snapshots[0].state.digest == snapshots[1].state.digest
    assert list(snapshots[0].state.rows("counters")) == list(snapshots[1].state.rows("counters"))


async def test_branches_of_an_episode_do_not_see_each_other(plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(), simulation=plan)
    show, add = Call(name="show_count", arguments={"name": "a"}), Call(name="add", arguments={"name": "a"})
    _, one = await runtime.step(runtime.start, add)
    _, two = await runtime.step(one, add)
    counts = [(await runtime.step(snapshot, show))[0].result for snapshot in (one, two, runtime.start, one)]
    assert [count["count"] for count in counts if isinstance(count, dict)] == [2, 3, 1, 2]
    del two
    gc.collect()  # its state is dropped in the worker as well, with the next call
    assert (await runtime.step(one, show))[0].failure is None


async def test_many_calls_at_once_are_each_answered(plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(), simulation=plan)
    counts: list[object] = []

    async def ask(amount: int) -> None:
        event, _ = await runtime.step(runtime.start, Call(name="add", arguments={"name": "a", "amount": amount}))
        assert isinstance(event.result, dict)
        counts.append((amount, event.result["count"]))

    async with anyio.create_task_group() as group:
        for amount in range(200):
            group.start_soon(ask, amount)
    assert sorted(counts, key=str) == sorted(((amount, amount + 1) for amount in range(200)), key=str)
    assert plan.workers.loads == 1


async def test_a_caller_that_is_cancelled_holds_nobody_up(plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(HOSTILE), simulation=plan)
    assert "'count': 1" in await said(runtime, "a")
    async with anyio.create_task_group() as group:
        group.start_soon(said, runtime, "compare")
        for _ in range(5):
            with anyio.move_on_after(0.02):
                await said(runtime, "a")
    assert "'count': 1" in await said(runtime, "a")


async def test_a_program_that_must_be_stopped_again_and_again_is_in_quarantine(patient_plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(HOSTILE), simulation=patient_plan)
    honest = Runtime(counter_environment(HOSTILE), simulation=patient_plan)
    for _ in range(3):
        assert "it broke its process" in await said(runtime, "grow")
    with pytest.raises(QuarantineError, match=r"stopped 3 times in a row; the call was not made, .* in 5 s"):
        await said(runtime, "a")
    assert "'count': 1" in await said(honest, "a")


async def test_a_program_that_does_not_load_says_so(plan: SimulationPlan) -> None:
    broken = Runtime(counter_environment("nothing("), simulation=plan)
    with pytest.raises(SpecError, match=r"environment counters: behaviour\.py:1:8: '\(' was never closed"):
        await broken.load_program()
    assert "behaviour.py:1:8" in await said(broken, "a")
    assert plan.workers.loads == 1  # it is not tried again
    await Runtime(counter_environment(), simulation=plan).load_program()


async def test_only_so_many_workers_are_kept() -> None:
    plan = SimulationPlan(workers=Workers(sessions=2))
    runtimes = [Runtime(counter_environment(id=f"counters-{number}"), simulation=plan) for number in range(4)]
    for _ in range(2):
        for runtime in runtimes:
            assert "'count': 1" in await said(runtime, "a")
    assert plan.workers.loads == 8
    plan.workers.close()


async def test_a_cancelled_call_of_a_batch_that_breaks_its_worker_holds_nobody_up(plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(HOSTILE), simulation=plan)
    for _ in range(GOOD_CALLS + 1):
        assert "'count': 1" in await said(runtime, "a")
    for _ in range(3):
        async with anyio.create_task_group() as group:
            for name in ("a", "a", "grow", "a", "a"):
                group.start_soon(said, runtime, name)
            await anyio.lowlevel.checkpoint()
            with anyio.move_on_after(0.01):
                await said(runtime, "a")
    with anyio.fail_after(10):
        assert "'count': 1" in await said(Runtime(counter_environment(HOSTILE), simulation=plan), "a")


async def test_a_cancellation_that_no_scope_shields_from_mixes_no_answers_up(plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(HOSTILE), simulation=plan)
    for _ in range(GOOD_CALLS + 1):
        await said(runtime, "a")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(said(runtime, "compare"), 0.05)
    for name in ("a", "b", "a", "b"):
        assert f"'name': '{name}'" in await said(runtime, name)


async def test_a_cancellation_that_no_scope_shields_from_costs_only_its_own_call(plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(HOSTILE), simulation=plan)
    for _ in range(GOOD_CALLS + 1):
        await said(runtime, "a")
    first = asyncio.create_task(said(runtime, "compare"))
    await asyncio.sleep(0.02)  # it is being answered; the next ones wait, and are one turn afterwards
    leader, *others = [asyncio.create_task(said(runtime, name)) for name in ("compare", "a", "b")]
    await asyncio.sleep(0.02)
    first.cancel()
    await asyncio.sleep(0.05)
    leader.cancel()
    answers = await asyncio.wait_for(asyncio.gather(*others), 20)
    assert "'name': 'a'" in answers[0] and "'name': 'b'" in answers[1]


async def test_calls_that_wait_when_quarantine_begins_are_not_made(plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(HOSTILE), simulation=plan)
    outcomes: list[str] = []

    async def ask() -> None:
        try:
            outcomes.append(await said(runtime, "compare"))
        except QuarantineError:
            outcomes.append("not made")

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(ask)
    assert outcomes.count("not made") == 5


async def test_large_states_are_dropped_before_they_take_all_memory(plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(HOSTILE), simulation=plan)
    add = Call(name="add", arguments={"name": "a", "amount": 900})
    for seed in range(25):
        event, after = await runtime.step(runtime.start, add, seed)
        assert event.failure is None
        event, _ = await runtime.step(after, Call(name="show_count", arguments={"name": "a"}), seed)
        assert event.failure is None, (seed, event.failure)


async def test_more_lanes_than_sessions_are_no_trouble() -> None:
    plan = SimulationPlan(workers=Workers(lanes=4, sessions=1))
    runtimes = [Runtime(counter_environment(id=f"c-{number}"), simulation=plan) for number in range(4)]
    for _ in range(GOOD_CALLS):
        for runtime in runtimes:
            await said(runtime, "a")
    async with anyio.create_task_group() as group:
        for runtime in runtimes * 5:
            group.start_soon(said, runtime, "a")
    plan.workers.close()


async def test_workers_come_back_when_the_process_they_are_forked_from_is_killed(plan: SimulationPlan) -> None:
    runtime = Runtime(counter_environment(), simulation=plan)
    assert "'count': 1" in await said(runtime, "a")
    os.kill(shared_zygote()._process.pid, signal.SIGKILL)  # pyright: ignore[reportPrivateUsage]
    plan.workers.close()
    outcomes = [await said(runtime, "a") for _ in range(2)]
    assert "'count': 1" in outcomes[1], outcomes


async def test_workers_are_as_confined_as_the_system_allows(plan: SimulationPlan) -> None:
    assert plan.workers.strength is None
    await Runtime(counter_environment(), simulation=plan).load_program()
    assert plan.workers.strength == ("confined" if sys.platform == "linux" else "limited")


def test_only_whole_environments_of_ours_are_ours(library: Runtime) -> None:
    ours = library.environment
    assert is_ours(ours)
    later = ours.clock.model_copy(update={"tick_seconds": 61})
    changes: list[dict[str, object]] = [
        {"behaviour": f"{ours.behaviour}\n"},
        {"tools": ours.tools[:-1]},
        {"clock": later},
        {"initial_state": ours.initial_state.model_copy(update={"singletons": {}})},
    ]
    for change in changes:
        assert not is_ours(ours.replaced(**change)), change
    assert is_ours(ours.replaced(title="Another title"))


def test_the_digests_of_our_environments_are_those_of_this_release(tau2_folder: Path) -> None:
    from toolworld.environments.behaviour.trust import trusted_digests
    from toolworld.environments.runtime.trusted_digests import current_digests

    assert trusted_digests() == current_digests(tau2_folder), "run `make trust`"


async def test_a_built_in_program_with_a_state_of_a_stranger_is_confined(plan: SimulationPlan) -> None:
    [library] = load_environments(["library"])
    document = library.initial_state.model_dump()
    document["collections"]["titles"][0]["title"] = "x" * 1_000_000
    stranger = Environment.model_validate({**library.model_dump(), "initial_state": document})
    assert Runtime(stranger, simulation=plan).is_confined
