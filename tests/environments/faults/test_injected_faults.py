"""Faults: seeded, marked in the log, and never a change that nobody asked for."""

from collections import Counter
from pathlib import Path

import pytest
from tests.support.counters import COUNTER, counter_environment

from toolworld.environments import (
    FAULT_PROFILES,
    Call,
    Environment,
    Event,
    FaultProfile,
    Runtime,
    Snapshot,
    audit,
    is_ours,
    load_fault_profile,
    renamed_tools,
    with_faults,
)
from toolworld.ground import SpecError

ADD = Call(name="add", arguments={"name": "a"})
SHOW = Call(name="show_count", arguments={"name": "a"})


async def played(profile: FaultProfile, calls: list[Call], seed: int = 0) -> tuple[list[Event], Snapshot]:
    runtime = Runtime(with_faults(counter_environment(), profile))
    snapshot, events = runtime.start, list[Event]()
    for call in calls:
        event, snapshot = await runtime.step(snapshot, call, seed)
        events.append(event)
    return events, snapshot


@pytest.mark.parametrize(("kind", "code"), [("transient", "temporarily_unavailable"), ("rate_limit", "rate_limited")])
async def test_refusals_come_as_often_as_asked_for_and_change_nothing(kind: str, code: str) -> None:
    events, snapshot = await played(FaultProfile.model_validate({"name": "p", kind: 0.3}), [ADD] * 400)
    refused = [event for event in events if event.failure]
    assert 80 < len(refused) < 160
    for event in refused:
        assert event.failure is not None and event.failure.code == code and event.ops == ()
        assert event.injected is not None and event.injected.kind == kind
    counter = snapshot.state.get("counters", "a")
    assert counter is not None and counter["count"] == 1 + 400 - len(refused)


async def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    profile = FAULT_PROFILES["rough"].model_copy(update={"rename": 0, "distractors": 0})
    calls = [ADD, SHOW] * 50
    one, again, other = [await played(profile, calls, seed) for seed in (1, 1, 2)]
    assert [event.json_bytes() for event in one[0]] == [event.json_bytes() for event in again[0]]
    assert [event.injected for event in one[0]] != [event.injected for event in other[0]]
    assert set(Counter(event.injected.kind for event in one[0] if event.injected)) == {
        "transient",
        "rate_limit",
        "latency",
        "stale_read",
    }


async def test_a_stale_read_shows_the_state_before_the_latest_change_and_no_write_is_stale() -> None:
    events, snapshot = await played(FaultProfile(name="p", stale_read=1), [SHOW, ADD, SHOW, ADD, SHOW, SHOW])
    counts = [event.result["count"] for event in events if isinstance(event.result, dict)]
    assert counts == [1, 2, 1, 3, 2, 2]
    assert [event.injected is not None for event in events] == [False, False, True, False, True, True]
    assert snapshot.state.get("counters", "a") is not None


async def test_a_profile_without_faults_changes_nothing() -> None:
    events, _ = await played(FaultProfile(name="calm"), [ADD, SHOW])
    plain = Runtime(counter_environment())
    snapshot = plain.start
    for event in events:
        other, snapshot = await plain.step(snapshot, event.call)
        assert event == other


def test_names_and_descriptions_drift_and_rules_go_with_them(library: Runtime) -> None:
    environment = library.environment
    drifted = with_faults(environment, FAULT_PROFILES["drifted"])
    names = renamed_tools(environment, FAULT_PROFILES["drifted"])
    changed = {old: new for old, new in names.items() if old != new}
    assert 3 < len(changed) < len(names)
    assert [tool.name for tool in drifted.tools] == list(names.values())
    assert any(tool.description.startswith("Performs the operation") for tool in drifted.tools)
    known = set(names.values())
    for rule in drifted.rules:
        named = {*getattr(rule, "tools", ()), *getattr(rule, "first", ())}
        assert named <= known
    assert drifted.version != environment.version
    assert drifted.version == with_faults(environment, FAULT_PROFILES["drifted"]).version


async def test_distractors_stand_between_the_tools_answer_and_touch_nothing(library: Runtime) -> None:
    crowded = with_faults(library.environment, FAULT_PROFILES["crowded"])
    own = {tool.name for tool in library.environment.tools}
    distractors = [tool for tool in crowded.tools if tool.name not in own]
    assert len(distractors) == 8
    assert [tool.name for tool in crowded.tools[-8:]] != [tool.name for tool in distractors]
    assert is_ours(crowded) and not is_ours(crowded.replaced(title=crowded.title, behaviour=f"{crowded.behaviour}\n"))
    assert [finding for finding in audit(crowded) if finding.severity == "error"] == []
    runtime = Runtime(crowded)
    values = {"string": "GBP", "number": 2, "integer": 2026}
    for tool in distractors:
        named = {"day": "2026-03-02"}
        arguments = {name: named.get(name, values[str(shape["type"])]) for name, shape in tool.parameters.items()}
        call = Call.model_validate({"name": tool.name, "arguments": arguments})
        event, after = await runtime.step(runtime.start, call)
        assert event.failure is None or event.failure.kind == "tool"
        assert after.state is runtime.start.state


def test_a_profile_is_a_name_or_a_file_and_not_put_on_twice(tmp_path: Path) -> None:
    assert load_fault_profile("flaky") is FAULT_PROFILES["flaky"]
    (tmp_path / "p.json").write_text('{"name": "mine", "transient": 0.5}')
    assert load_fault_profile(str(tmp_path / "p.json")) == FaultProfile(name="mine", transient=0.5)
    (tmp_path / "q.json").write_text('{"name": "mine", "transient": 5}')
    with pytest.raises(SpecError, match=r"q\.json: `transient`: .*less than or equal to 1"):
        load_fault_profile(str(tmp_path / "q.json"))
    with pytest.raises(SpecError, match="neither a fault profile"):
        load_fault_profile("stormy")
    with pytest.raises(SpecError, match="is under the fault profile flaky already"):
        with_faults(with_faults(counter_environment(), FAULT_PROFILES["flaky"]), FAULT_PROFILES["slow"])


async def test_distractors_never_stand_in_for_what_is_there() -> None:
    raw = counter_environment().model_dump(mode="json")
    raw["tools"][0] |= {"name": "get-system-status", "function": None}
    raw["behaviour"] = raw["behaviour"].replace("show_count", "get_system_status")
    crowded = with_faults(Environment.model_validate(raw), FaultProfile(name="p", distractors=8))
    assert len(crowded.tools) == 5 + 7
    runtime = Runtime(crowded)
    event, _ = await runtime.step(runtime.start, Call(name="get-system-status", arguments={"name": "a"}))
    assert event.result == {"name": "a", "count": 1, "next": None}
    with pytest.raises(SpecError, match="uses the names of distractors"):
        with_faults(
            counter_environment(COUNTER + "\ndef distractor_x(): pass\n"), FaultProfile(name="p", distractors=1)
        )
