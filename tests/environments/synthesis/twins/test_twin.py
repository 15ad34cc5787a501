"""The twin of a recorded server: the recording again, beyond it a program that reproduces it, and a refusal."""

from pathlib import Path
from typing import Any

import anyio
from tests.support.recordings import FIG, PLUM, capture_of, refused, shelf, text, told
from tests.support.recordings import tool as listed_tool

from toolworld.environments import (
    NOT_RECORDED,
    Call,
    Environment,
    Event,
    Runtime,
    audit,
    load_folder,
    make_twin,
    save_folder,
    with_faults,
)
from toolworld.environments.spec.fault_profile import FaultProfile


async def made(environment: Environment, *calls: tuple[str, dict[str, Any]]) -> list[Event]:
    runtime = Runtime(environment)
    snapshot, events = runtime.start, list[Event]()
    for tool, arguments in calls:
        event, snapshot = await runtime.step(snapshot, Call(name=tool, arguments=arguments))
        events.append(event)
    return events


async def test_the_recorded_calls_in_their_order_get_their_answers() -> None:
    capture = shelf()
    twin = (await make_twin(capture, "shelf-twin")).environment
    events = await made(twin, *((one.tool, one.arguments) for one in capture.calls))
    assert [event.simulator for event in events] == ["replay"] * len(events)
    assert [event.result for event in events[:5]] == [{"jars": [PLUM, FIG]}, PLUM, "4.20", "4.30", {}]
    assert [event.failure.message for event in events if event.failure] == ["no jar J1", "jar_id: a text is wanted"]
    assert events[7].answer == capture.calls[7].answer  # an error of the protocol is kept as it was


async def test_reads_may_be_repeated_and_left_out_and_what_depends_on_a_change_may_not() -> None:
    twin = (await make_twin(shelf(), "shelf-twin")).environment
    again = await made(twin, ("get_jar", {"jar_id": "J1"}), ("get_jar", {"jar_id": "J1"}), ("list_jars", {}))
    assert {event.simulator for event in again} == {"replay"}


async def test_what_was_not_recorded_is_answered_by_a_program_that_reproduces_the_recording() -> None:
    twin = await make_twin(shelf(), "shelf-twin")
    assert set(twin.report.programs) == {"get_jar", "list_jars", "delete_jar"}
    events = await made(
        twin.environment,
        ("get_jar", {"jar_id": "J2"}),
        ("delete_jar", {"jar_id": "J2"}),
        ("list_jars", {}),
        ("get_jar", {"jar_id": "J2"}),
    )
    assert [event.simulator for event in events] == ["behaviour"] * 4
    assert [event.result for event in events[:3]] == [FIG, events[1].result, {"jars": [PLUM]}]
    assert events[3].failure is not None and events[3].failure.kind == "tool"


async def test_the_program_knows_what_the_recording_changed() -> None:
    twin = (await make_twin(shelf(), "shelf-twin")).environment
    recorded = [(one.tool, one.arguments) for one in shelf().calls[:5]]
    *_, asked = await made(twin, *recorded, ("delete_jar", {"jar_id": "J2"}), ("list_jars", {}))
    assert (asked.simulator, asked.result) == ("behaviour", {"jars": []})


async def test_what_nobody_can_answer_is_refused_with_a_documented_error_that_changes_nothing() -> None:
    twin = (await make_twin(shelf(), "shelf-twin")).environment
    first, second = (await made(twin, ("price_now", {"currency": "EUR"}), ("price_now", {})))[:2]
    assert first.failure is not None and (first.failure.code, first.failure.kind) == ("invalid_arguments", "arguments")
    assert second.result == "4.20"
    *_, third = await made(twin, ("price_now", {}), ("price_now", {}), ("price_now", {}))
    assert third.failure is not None and (third.failure.code, third.ops) == (NOT_RECORDED, ())
    assert all(NOT_RECORDED in [error.code for error in tool.errors] for tool in twin.tools)


async def test_a_function_that_answers_one_recorded_call_otherwise_is_left_out() -> None:
    liar = capture_of(
        ("list_jars", {}, told({"jars": [PLUM]})),
        ("delete_jar", {"jar_id": "J1"}, told({})),
        ("list_jars", {}, told({"jars": [PLUM]})),  # it was not deleted
    )
    twin = await make_twin(liar, "liar")
    assert "call 2" in twin.report.rejected["list_jars"]
    assert "list_jars" not in twin.report.programs
    assert twin.report.rejected["get_jar"] == "the recording has no call of it"
    events = await made(twin.environment, *((one.tool, one.arguments) for one in liar.calls))
    assert events[2].result == {"jars": [PLUM]}


async def test_after_a_recorded_change_that_no_program_makes_programs_are_not_asked() -> None:
    odd = capture_of(
        ("list_jars", {}, told({"jars": [PLUM, FIG]})),
        ("get_jar", {"jar_id": "J1"}, told(PLUM)),
        ("shake", {}, text("shaken")),
    )
    twin = (await make_twin(odd, "odd")).environment
    before, *_, after = await made(twin, ("get_jar", {"jar_id": "J2"}), ("shake", {}), ("get_jar", {"jar_id": "J2"}))
    assert before.result == FIG
    assert after.failure is not None and after.failure.code == NOT_RECORDED


async def test_tools_are_listed_as_the_server_listed_them_and_the_policy_is_its_instructions() -> None:
    capture = shelf()
    twin = (await make_twin(capture, "shelf-twin")).environment
    assert [tool.listing for tool in twin.tools] == list(capture.tools.values())
    assert twin.policy == "Be careful."
    assert not [one for one in audit(twin, types=False) if one.severity == "error"]


async def test_a_twin_is_kept_in_a_folder_and_comes_back_the_same(tmp_path: Path) -> None:
    twin = (await make_twin(shelf(), "shelf-twin")).environment
    save_folder(twin, tmp_path)
    assert load_folder(tmp_path) == twin
    assert load_folder(tmp_path).version == twin.version


async def test_two_twins_of_a_recording_are_the_same_bytes() -> None:
    one, other = [(await make_twin(shelf(), "shelf-twin")).environment.json_bytes() for _ in range(2)]
    assert one == other


async def test_a_masked_secret_may_be_any_text_when_it_is_asked_again() -> None:
    capture = capture_of(("get_jar", {"jar_id": "sk-[secret]"}, refused("no jar [secret]")))
    twin = (await make_twin(capture, "masked")).environment
    [event] = await made(twin, ("get_jar", {"jar_id": "sk-whatever"}))
    assert event.failure is not None and event.failure.message == "no jar [secret]"


async def test_renamed_tools_of_a_fault_profile_still_know_the_recording() -> None:
    twin = (await make_twin(shelf(), "shelf-twin")).environment
    renamed = with_faults(twin, FaultProfile(name="renamed", rename=1.0, redescribe=1.0))
    assert all(tool.listing is None for tool in renamed.tools)
    name = next(tool.name for tool in renamed.tools if tool.function_name == "get_jar")
    assert name != "get_jar"
    [event] = await made(renamed, (name, {"jar_id": "J1"}))
    assert (event.simulator, event.result) == ("replay", PLUM)


async def test_a_function_that_does_not_look_at_what_it_must_be_given_proves_nothing() -> None:
    """One recorded answer would be given to every question."""
    picture = {"content": [{"type": "image", "data": "eA==", "mimeType": "image/png"}]}
    part = {"type": "object", "properties": {name: {"type": "string"} for name in ("type", "data", "mimeType")}}
    output = {"type": "object", "properties": {"content": {"type": "array", "items": part}}}
    listed = listed_tool("list_pictures", True, output, folder={"type": "string"})
    capture = capture_of(("list_pictures", {"folder": "a"}, {"structuredContent": picture, **picture}))
    capture.tools["list_pictures"] = listed
    twin = await make_twin(capture, "pictures")
    assert twin.report.rejected["list_pictures"] == "its function would answer the same whatever `folder` is"
    event = (await made(twin.environment, ("list_pictures", {"folder": "b"})))[0]
    assert event.failure is not None and event.failure.code == NOT_RECORDED


async def test_a_tool_whose_name_is_none_here_keeps_it_for_clients() -> None:
    name = "jars.get/" + "x" * 70
    capture = capture_of((name, {"jar_id": "J1"}, told(PLUM)))
    capture.tools[name] = {**listed_tool("get_jar", True, None, jar_id={"type": "string"}), "name": name}
    twin = (await make_twin(capture, "named")).environment
    found = twin.tool(name)
    assert found is not None and len(found.name) <= 64 and found.listing == capture.tools[name]
    [event] = await made(twin, (name, {"jar_id": "J1"}))
    assert (event.simulator, event.result) == ("replay", PLUM)


async def test_a_change_whose_answer_could_not_be_kept_is_told_and_what_comes_after_it_is_reached() -> None:
    capture = capture_of(("delete_jar", {"jar_id": "J1"}, None), ("get_jar", {"jar_id": "J2"}, told(FIG)))
    twin = (await make_twin(capture, "long")).environment
    events = await made(twin, *((one.tool, one.arguments) for one in capture.calls))
    assert events[0].answer is not None and events[0].answer["isError"] is True
    assert (events[1].simulator, events[1].result) == ("replay", FIG)


async def test_a_refusal_that_was_over_at_the_second_time_is_repeated_whatever_the_schema_of_results() -> None:
    capture = capture_of(("get_jar", {"jar_id": "J1"}, refused("wait")), ("get_jar", {"jar_id": "J1"}, told(PLUM)))
    twin = (await make_twin(capture, "slow")).environment
    events = await made(twin, *((one.tool, one.arguments) for one in capture.calls))
    assert [event.failure for event in events] == [None, None]
    assert events[0].answer == refused("wait") and events[1].result == PLUM


async def test_a_text_that_is_nested_too_deep_is_a_text() -> None:
    capture = capture_of(("price_now", {}, text("[" * 400 + "]" * 400)))
    [event] = await made((await make_twin(capture, "deep")).environment, ("price_now", {}))
    assert isinstance(event.result, str)


def test_files_of_an_earlier_twin_do_not_stay(tmp_path: Path) -> None:
    twin = anyio.run(make_twin, shelf(), "shelf-twin").environment
    save_folder(twin, tmp_path)
    save_folder(twin.replaced(behaviour=None, recording=()), tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"environment.json", "policy.md", "state.json"}
