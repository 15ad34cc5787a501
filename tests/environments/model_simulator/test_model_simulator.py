"""Calls answered by a model: requests, accepted and rejected answers, and the cache."""

from collections.abc import Callable
from typing import Any

import pytest

from toolworld.environments import (
    Call,
    Environment,
    Event,
    FaultProfile,
    OutcomeCache,
    ReplaySimulator,
    Runtime,
    SimulationPlan,
    Snapshot,
    with_faults,
)
from toolworld.environments.spec.clock import new_id
from toolworld.ground import BudgetError, ModelError, SpecError
from toolworld.llm import Completion, ScriptedModel

Make = Callable[..., Environment]
A = {"name": "a", "count": 1, "next": None}
SHOW, ADD = Call(name="show_count", arguments={"name": "a"}), Call(name="add", arguments={"name": "a"})
CREATE, REMOVE = Call(name="create", arguments={"label": "new"}), Call(name="remove", arguments={"name": "a"})
RENAME = Call(name="rename_shop", arguments={"title": "New"})


def shown(count: int = 1, **more: Any) -> dict[str, Any]:
    return {"error": None, "result": {"name": "a", "count": count}, **more}


def update(key: str, **fields: Any) -> dict[str, Any]:
    return {"op": "update", "collection": "counters", "key": key, "fields": fields}


def done(*ops: Any, result: Any = None, effects: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"error": None, "ops": list(ops), "effects": list(effects), "result": result or {"name": "a", "count": 2}}


ADDED = done(update("a", count=2))


def runtime_of(
    make: Make, *answers: Any, cache: OutcomeCache | None = None, **changes: Any
) -> tuple[Runtime, ScriptedModel]:
    model = ScriptedModel(answers)
    environment = make(**changes)
    return Runtime(environment, simulation=SimulationPlan(kind="model", model=model, cache=cache)), model


async def first(runtime: Runtime, call: Call) -> tuple[Event, Snapshot]:
    return await runtime.step(runtime.start, call)


async def test_a_valid_answer_takes_one_completion(make_counters: Make) -> None:
    runtime, model = runtime_of(make_counters, ADDED)
    event, after = await first(runtime, ADD)
    assert (event.simulator, event.model, event.failure, event.rejected) == ("model", "scripted", None, ())
    assert event.usage is not None and event.usage.completions == len(model.asked) == 1
    record = after.state.get("counters", "a")
    assert record is not None and record["count"] == 2


async def test_what_does_not_change_stands_first_and_the_call_last(make_counters: Make) -> None:
    runtime, model = runtime_of(make_counters, shown(), ADDED)
    await first(runtime, SHOW)
    await first(runtime, ADD)
    one, other = model.asked
    assert one.messages[0] == other.messages[0] and "Counters" in (one.messages[0].content or "")
    told = one.messages[1].content or ""
    assert told.rstrip().endswith('Call: {"name":"a"}') and told.startswith("Tool: show_count (it only reads)")
    assert "not_found: There is no such counter." in told


async def test_only_records_that_the_call_can_touch_are_shown(make_counters: Make) -> None:
    rows = tuple({"name": f"n{number}", "count": number, "next": None} for number in range(300))
    environment = make_counters()
    many = environment.initial_state.model_copy(update={"collections": {"counters": rows}})
    seven = {"error": None, "result": {"name": "n7", "count": 7}}
    runtime, model = runtime_of(make_counters, seven, initial_state=many)
    await first(runtime, Call(name="show_count", arguments={"name": "n7"}))
    told = model.asked[0].messages[1].content or ""
    assert '["n7",7,null]' in told and '"n8"' not in told and "1 of 300 counters" in told


async def test_arguments_that_the_schema_refuses_never_reach_the_model(make_counters: Make) -> None:
    runtime, model = runtime_of(make_counters)
    event, _ = await first(runtime, Call(name="add", arguments={"name": 5}))
    assert event.failure is not None and event.failure.kind == "arguments" and model.asked == []


async def test_a_documented_error_changes_nothing(make_counters: Make) -> None:
    refusal = {"error": {"code": "not_found", "message": "There is no counter z"}, "result": None}
    runtime, _ = runtime_of(make_counters, refusal)
    event, after = await first(runtime, Call(name="show_count", arguments={"name": "z"}))
    assert event.failure is not None and (event.failure.kind, event.failure.code) == ("tool", "not_found")
    assert after.state is runtime.start.state


@pytest.mark.parametrize(
    ("call", "bad", "why"),
    [
        (SHOW, "not json", "must be one JSON object"),
        (SHOW, "{}", "required"),
        (SHOW, shown(ops=[]), "allowed: error, result"),
        (SHOW, {"error": None, "result": {"name": "a"}}, '`result`: "count" is a required property'),
        (SHOW, {"error": None, "result": None}, "are both null"),
        (SHOW, {"error": {"code": "teapot", "message": ""}, "result": None}, '`error.code`: "teapot"'),
        (SHOW, shown(5), "`count` of 'a' is 5, and after the call it is 1"),
        (SHOW, {"error": None, "result": {"name": "ghost", "count": 1}}, "has no such record after the call"),
        (ADD, done(), "`ops` is empty"),
        (ADD, done(update("a", count="many")), '`ops.0.fields.count`: "many" is not of type "integer"'),
        (ADD, done(update("a", count=1), result={"name": "a", "count": 1}), "its `ops` change nothing"),
        (ADD, done(update("a"), result={"name": "a", "count": 1}), "its `ops` change nothing"),
        (ADD, done(update("a", count=-1)), "`ops.0.fields.count`: -1 is less than the minimum of 0"),
        (ADD, done(update("zz", count=2)), "has no record 'zz'"),
        (ADD, done(update("a", count=2), update("b", count=0)), "neither the result nor `effects` says so"),
        (ADD, done(update("a", count=2), {"op": "delete", "collection": "counters", "key": "b"}), "does not ask for"),
        (ADD, done(update("a", count=2), result={"name": "a", "count": 3}), "is 3, and after the call it is 2"),
        (ADD, done(update("a", next="ghost")), "`counters` has no such record"),
        (ADD, done({"op": "set", "name": "shop", "value": "X"}), "sets `shop`"),
        (ADD, done(*[update("a", count=2)] * 51), "has 51 changes"),
        (ADD, {**ADDED, "error": {"code": "x", "message": "y"}}, "changes nothing"),
        (
            CREATE,
            done({"op": "insert", "collection": "counters", "record": {**A, "name": "a"}}),
            "already has a record",
        ),
        (
            CREATE,
            done({"op": "insert", "collection": "counters", "record": {**A, "name": "mine"}}, result={"name": "mine"}),
            "must have one of the ids for new records",
        ),
        (REMOVE, done({"op": "delete", "collection": "counters", "key": "a"}, result="gone"), "still referred to by"),
        (
            RENAME,
            done({"op": "set", "name": "shop", "value": 5}, result="New"),
            '`ops.0.value`: 5 is not of type "string"',
        ),
    ],
)
async def test_an_answer_that_must_not_be_is_sent_back_with_the_reason(
    make_counters: Make, call: Call, bad: Any, why: str
) -> None:
    runtime, model = runtime_of(make_counters, bad, bad, bad)
    event, after = await first(runtime, call)
    assert len(model.asked) == 3 and all(why in refused.why for refused in event.rejected), event.rejected
    assert why in (model.asked[1].messages[-1].content or "")
    assert event.failure is not None and (event.failure.kind, event.failure.code) == ("simulator", "unusable_answer")
    assert after.state is runtime.start.state and event.ops == ()
    assert event.usage is not None and event.usage.completions == 3


async def test_a_repaired_answer_counts_and_is_kept_with_what_was_refused(make_counters: Make) -> None:
    runtime, _ = runtime_of(make_counters, "oops", done(), ADDED)
    event, _ = await first(runtime, ADD)
    assert event.failure is None and len(event.rejected) == 2 and event.rejected[0].answer == "oops"


async def test_a_side_effect_has_to_be_stated_and_near(make_counters: Make) -> None:
    both = (update("a", count=2), update("b", count=9))
    runtime, _ = runtime_of(make_counters, done(*both, effects=("b, which comes before a, is set to 9",)))
    event, _ = await first(runtime, ADD)
    assert event.failure is None and event.effects == ("b, which comes before a, is set to 9",)
    far = {"name": "far", "count": 1, "next": None}
    environment = make_counters()
    rows = (*environment.initial_state.collections["counters"], far)
    more = environment.initial_state.model_copy(update={"collections": {"counters": rows}})
    stated = done(update("a", count=2), update("far", count=0), effects=("far is set to 0",))
    runtime, _ = runtime_of(make_counters, stated, stated, stated, initial_state=more)
    event, _ = await first(runtime, ADD)
    assert "is not among those that this call can touch" in event.rejected[0].why


async def test_the_same_question_in_the_same_state_is_asked_once(make_counters: Make) -> None:
    runtime, model = runtime_of(make_counters, shown(), ADDED, shown(2), cache=OutcomeCache())
    event, snapshot = await first(runtime, SHOW)
    again, snapshot = await runtime.step(snapshot, SHOW, seed=5)
    assert (again.simulator, again.usage, again.result, len(model.asked)) == ("cache", None, event.result, 1)
    _, snapshot = await runtime.step(snapshot, ADD)
    changed, _ = await runtime.step(snapshot, SHOW)
    assert changed.simulator == "model" and changed.result == {"name": "a", "count": 2}


async def test_an_answer_from_the_cache_gets_ids_of_its_own_episode(make_counters: Make) -> None:
    def create(request: Any) -> Any:
        offered = (request.messages[1].content or "").split("and then ")[1].split()[0]
        record = {**A, "name": offered, "label": "new", "count": 0}
        return done({"op": "insert", "collection": "counters", "record": record}, result={"name": offered})

    model = ScriptedModel(create)
    runtime = Runtime(make_counters(), simulation=SimulationPlan(kind="model", model=model, cache=OutcomeCache()))
    one, _ = await runtime.step(runtime.start, CREATE, seed=1)
    other, after = await runtime.step(runtime.start, CREATE, seed=2)
    assert (one.simulator, other.simulator, len(model.asked)) == ("model", "cache", 1)
    assert one.result != other.result and one.ids == other.ids == 1
    assert isinstance(other.result, dict) and after.state.get("counters", str(other.result["name"])) is not None


@pytest.mark.parametrize("problem", [ModelError("nobody there"), BudgetError("spent")])
async def test_a_model_that_does_not_answer_leaves_no_event(make_counters: Make, problem: Exception) -> None:
    runtime, _ = runtime_of(make_counters, problem)
    with pytest.raises(type(problem)):
        await first(runtime, ADD)


async def test_a_tool_is_simulated_by_its_program_or_the_model_or_as_one_says(make_counters: Make) -> None:
    source = (make_counters().behaviour or "").replace("def remove(", "def _remove(")
    model = ScriptedModel(lambda _: shown())

    async def by(call: Call, **simulation: Any) -> str:
        runtime = Runtime(make_counters(behaviour=source), simulation=SimulationPlan(model=model, **simulation))
        return (await first(runtime, call))[0].simulator

    assert await by(SHOW) == "behaviour"
    assert await by(SHOW, overrides={"show_count": "model"}) == "model"
    assert await by(SHOW, kind="model") == "model"
    assert await by(SHOW, kind="model", overrides={"show_count": "behaviour"}) == "behaviour"
    assert await by(REMOVE) == "model"
    without_call = Runtime(make_counters(behaviour=source))
    event, _ = await first(without_call, REMOVE)
    assert event.failure is not None and "has no function `remove`" in (event.failure.detail or "")


async def test_an_environment_without_program_or_model_says_so(make_counters: Make) -> None:
    with pytest.raises(SpecError, match="no model was named"):
        Runtime(make_counters(behaviour=None)).simulator  # noqa: B018


async def test_the_log_of_a_model_replays_the_same_without_a_model(make_counters: Make) -> None:
    runtime, _ = runtime_of(make_counters, ADDED, "bad", shown(2), "x", "y", "z")
    snapshot, events = runtime.start, list[Event]()
    for call in (ADD, SHOW, REMOVE):
        event, snapshot = await runtime.step(snapshot, call, seed=3)
        events.append(event)
    bare = Runtime(make_counters(behaviour=None))
    replaying, snapshot = ReplaySimulator(dict(enumerate(events))), bare.start
    for event in events:
        again, snapshot = await bare.step(snapshot, event.call, 3, replaying)
        assert again.json_bytes() == event.json_bytes()


async def test_earlier_calls_that_matter_are_told_and_others_not(make_counters: Make) -> None:
    runtime, model = runtime_of(make_counters, shown(), shown(), ADDED)
    snapshot = runtime.start
    for call in (SHOW, Call(name="show_count", arguments={"name": "b"}), ADD):
        _, snapshot = await runtime.step(snapshot, call)
    told = model.asked[-1].messages[1].content or ""
    assert 'show_count{"name":"a"} -> ' in told and 'show_count{"name":"b"}' not in told


async def test_writing_what_is_there_already_is_a_success_where_it_was_asked_for(make_counters: Make) -> None:
    op = {"op": "set", "name": "shop", "value": "New"}
    runtime, _ = runtime_of(make_counters, done(op, result="New"), done(op, result="New"))
    _, snapshot = await first(runtime, RENAME)
    again, _ = await runtime.step(snapshot, RENAME)
    assert again.failure is None


async def test_what_the_cache_answers_is_what_was_accepted_and_not_what_a_decoder_wrote(make_counters: Make) -> None:
    """In strict mode null stands for a field that is left out; the second answer must leave it out too."""
    accepted = done(update("a", count=2))
    model = ScriptedModel(
        lambda request: Completion(text='{"tight": true}', value=accepted, structure="strict", model="strict")
    )
    runtime = Runtime(make_counters(), simulation=SimulationPlan(kind="model", model=model, cache=OutcomeCache()))
    one, _ = await first(runtime, ADD)
    other, _ = await first(runtime, ADD)
    assert (one.simulator, other.simulator) == ("model", "cache") and one.ops == other.ops


async def test_a_stated_side_effect_on_a_record_that_only_looks_alike_is_refused(make_counters: Make) -> None:
    """`far` is shown, since its label is what the argument says; no reference leads to it."""
    alike = {"name": "far", "label": "a", "count": 1, "next": None}
    start = make_counters().initial_state
    rows = (*start.collections["counters"], alike)
    more = start.model_copy(update={"collections": {"counters": rows}})
    bad = done(update("a", count=2), update("far", count=0), effects=("far is set to 0",))
    runtime, model = runtime_of(make_counters, bad, bad, bad, initial_state=more)
    event, _ = await first(runtime, ADD)
    assert '"far"' in (model.asked[0].messages[1].content or "")
    assert "which has nothing to do with what the call names" in event.rejected[0].why


async def test_a_question_is_another_one_when_there_are_more_records(make_counters: Make) -> None:
    new = new_id("", 0, 0)
    created = done(
        {"op": "insert", "collection": "counters", "record": {**A, "name": new, "count": 0}}, result={"name": new}
    )
    runtime, model = runtime_of(make_counters, shown(), created, shown(), cache=OutcomeCache())
    _, snapshot = await first(runtime, SHOW)
    _, snapshot = await runtime.step(snapshot, CREATE)
    again, _ = await runtime.step(snapshot, SHOW)
    assert again.simulator == "model" and len(model.asked) == 3


async def test_a_stale_read_is_not_told_of_the_change_that_it_does_not_see(make_counters: Make) -> None:
    stale = FaultProfile(name="stale", stale_read=1.0)
    model = ScriptedModel([ADDED, shown()])
    environment = with_faults(make_counters(), stale)
    runtime = Runtime(environment, simulation=SimulationPlan(kind="model", model=model))
    _, snapshot = await first(runtime, ADD)
    event, _ = await runtime.step(snapshot, SHOW)
    assert event.injected is not None and event.failure is None
    assert "Earlier calls" not in (model.asked[1].messages[1].content or "")
