"""The steps of every call: arguments, simulator, result, ops, event."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from toolworld.environments import Call, Environment, Event, ReplaySimulator, Runtime, Snapshot
from toolworld.ground import EncodingError, NotFoundError, SpecError

Make = Callable[..., Environment]


async def made(
    runtime: Runtime, name: str, snapshot: Snapshot | None = None, /, **arguments: Any
) -> tuple[Event, Snapshot]:
    return await runtime.step(snapshot or runtime.start, Call(name=name, arguments=arguments))


async def test_a_call_gives_a_result_and_the_ops_that_it_made(counters: Runtime) -> None:
    event, after = await made(counters, "add", name="a", amount=4)
    assert event.result == {"name": "a", "count": 5, "next": None}
    assert [op.model_dump() for op in event.ops] == [
        {"op": "update", "collection": "counters", "key": "a", "fields": {"count": 5}}
    ]
    assert after.state.get("counters", "a") == event.result
    assert counters.start.state.get("counters", "a") == {"name": "a", "count": 1, "next": None}


async def test_a_default_is_filled_in_for_the_program_and_the_log_keeps_what_was_sent(counters: Runtime) -> None:
    event, _ = await made(counters, "add", name="a")
    assert event.result == {"name": "a", "count": 2, "next": None}
    assert event.call.arguments == {"name": "a"}


async def test_singletons_and_deletions_work(counters: Runtime) -> None:
    renamed, snapshot = await made(counters, "rename_shop", title="New")
    assert renamed.result == "New"
    removed, snapshot = await made(counters, "remove", snapshot, name="b")
    assert removed.result == "gone"
    assert snapshot.state.get("counters", "b") is None


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, '"name" is a required property'),
        ({"name": 5}, '`name`: 5 is not of type "string"'),
        ({"name": "a", "amount": "x"}, '`amount`: "x" is not of type "integer"'),
        ({"name": "a", "colour": 1}, "'colour' was unexpected); allowed: name, amount"),
    ],
)
async def test_a_bad_argument_is_answered_by_the_check_and_reaches_no_simulator(
    counters: Runtime, arguments: dict[str, Any], reason: str
) -> None:
    event, after = await made(counters, "add", **arguments)
    assert event.simulator == "check"
    assert event.failure is not None
    assert event.failure.kind == "arguments"
    assert reason in event.failure.message
    assert after.state is counters.start.state


@pytest.mark.parametrize("value", ["\ud800", 2**80, float("nan"), [float("inf")], json.loads("[" * 150 + "]" * 150)])
async def test_arguments_that_cannot_be_written_down_make_no_event(counters: Runtime, value: Any) -> None:
    with pytest.raises(EncodingError, match="cannot be written as JSON"):
        await made(counters, "add", name=value)


async def test_a_recording_answers_step_by_step_with_defaults_filled(counters: Runtime) -> None:
    calls = [Call(name="add", arguments={"name": 5}), Call(name="add", arguments={"name": "a"})]
    log: dict[int, Event] = {}
    snapshot = counters.start
    for call in calls:
        event, snapshot = await counters.step(snapshot, call)
        log[event.step] = event
    again = counters.start
    for call in calls:
        event, again = await counters.step(again, call, simulator=ReplaySimulator(log))
        assert event.result == log[event.step].result
    assert again.state.digest == snapshot.state.digest


async def test_a_refusal_of_the_tool_changes_nothing_and_issues_no_id(make_counters: Make) -> None:
    program = (
        'def create(label):\n    insert("counters", {"name": new_id("C"), "count": 0})\n    fail("full", "No more")\n'
    )
    runtime = Runtime(make_counters(program + _others("create")))
    event, after = await made(runtime, "create", label="x")
    assert event.failure is not None
    assert (event.failure.kind, event.failure.code, event.failure.message) == ("tool", "full", "No more")
    assert event.ops == ()
    assert (after.state, after.ids, after.step) == (runtime.start.state, 0, 1)


async def test_an_unknown_tool_is_an_error_that_names_the_tools(counters: Runtime) -> None:
    with pytest.raises(NotFoundError, match="no tool 'fly'; its tools: show_count, add"):
        await made(counters, "fly")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('    return {"a": 1}["b"]', "behaviour.py:2: KeyError: 'b'"),
        ("    for i in range(1000000000):\n        pass", "a range has at most"),
        ("    return show_count(name)", "its functions call each other too deep"),
        ('    return get("nowhere", name)', "behaviour.py:2: get: there is no collection 'nowhere'"),
        ('    update("counters", name, {"count": 9})', "a read tool tried to change the state"),
        ("    return range(3)", "behaviour.py: "),
        ('    return {"name": name}', "does not match its output schema"),
        ("    return days_between(name, 5)", "behaviour.py:2: days_between: a date or an instant is text"),
        ("    return days_between(name, name)", "behaviour.py:2: days_between: Invalid isoformat"),
    ],
)
async def test_a_program_that_breaks_voids_its_call_and_says_where(make_counters: Make, body: str, detail: str) -> None:
    runtime = Runtime(make_counters(f"def show_count(name):\n{body}\n" + _others("show_count")))
    event, after = await made(runtime, "show_count", name="a")
    assert event.failure is not None
    assert event.failure.kind == "simulator"
    assert event.failure.detail is not None
    assert detail in event.failure.detail
    assert "internal error" in event.failure.message
    assert "behaviour" not in event.failure.message
    assert after.state is runtime.start.state


async def test_a_write_that_breaks_the_schema_voids_its_call(counters: Runtime) -> None:
    event, after = await made(counters, "add", name="a", amount=-5)
    assert event.failure is not None
    assert "less than the minimum" in str(event.failure.detail)
    assert after.state is counters.start.state


async def test_time_goes_by_the_log_and_ids_by_the_seed(counters: Runtime) -> None:
    first, snapshot = await made(counters, "create", label="x")
    second, _ = await made(counters, "create", snapshot, label="x")
    assert isinstance(first.result, dict) and isinstance(second.result, dict)
    assert (first.at, second.at) == ("2026-01-01T12:00:00Z", "2026-01-01T12:01:00Z")
    assert second.result["made"] == second.at
    assert first.result["name"] != second.result["name"]
    again, _ = await counters.step(counters.start, first.call, seed=0)
    other, _ = await counters.step(counters.start, first.call, seed=1)
    assert again == first
    assert isinstance(other.result, dict)
    assert other.result["name"] != first.result["name"]


def test_an_unsound_initial_state_is_an_error_with_its_place(make_counters: Make) -> None:
    bad = {"collections": {"counters": [{"name": "a", "count": "many"}]}, "singletons": {"shop": "x"}}
    with pytest.raises(SpecError, match=r"record 'a' of `counters`: `count`: \"many\""):
        Runtime(make_counters(initial_state=bad))


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"singletons": {"shop": "x"}, "collections": {"counters": [{"count": 1}]}}, "has no text in its key field"),
        (
            {"singletons": {"shop": "x"}, "collections": {"counters": [{"name": "a", "count": 1}] * 2}},
            "two records with the key 'a'",
        ),
        ({"singletons": {"shop": "x"}, "collections": {"dogs": []}}, "`dogs` is not in the state schema"),
        ({"singletons": {}}, "`shop` of the state schema has no value"),
    ],
)
def test_a_malformed_state_is_refused(make_counters: Make, state: dict[str, Any], reason: str) -> None:
    with pytest.raises(SpecError) as refused:
        Runtime(make_counters(initial_state=state))
    assert reason in str(refused.value)


def _others(but: str) -> str:
    parameters = {
        "show_count": "name",
        "add": "name, amount = 1",
        "create": "label",
        "remove": "name",
        "rename_shop": "title",
    }
    return "".join(f"def {name}({taken}):\n    return None\n" for name, taken in parameters.items() if name != but)
