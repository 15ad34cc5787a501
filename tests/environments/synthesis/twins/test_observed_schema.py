"""What a recording shows and its server does not describe: fields of results, refusals, counters, who is logged in."""

from typing import Any

from tests.support.recordings import refused, text, told, tool

from toolworld.environments import Call, Capture, CapturedServer, Runtime, make_twin
from toolworld.environments.synthesis.twins.observed_schema import MAX_PROPERTIES, merged, schema_of
from toolworld.environments.twin.capture import CapturedCall

NOTES = [
    tool(
        "login", False, {"type": "object", "properties": {"success": {"type": "boolean"}}}, username={"type": "string"}
    ),
    tool("create_note", False, None, title={"type": "string"}),
    tool("get_note", True, None, note_id={"type": "integer"}),
]


def note(number: int, title: str) -> dict[str, Any]:
    return {"id": number, "title": title, "status": "open", "created_by": "ann"}


def notes(*calls: tuple[str, dict[str, Any], dict[str, Any]]) -> Capture:
    captured = [
        CapturedCall(number=number, tool=name, arguments=arguments, answer=answer)
        for number, (name, arguments, answer) in enumerate(calls)
    ]
    return Capture(CapturedServer(name="notes"), {str(one["name"]): one for one in NOTES}, captured)


async def test_fields_numbers_and_makers_that_only_the_recording_shows_are_reproduced_beyond_it() -> None:
    capture = notes(
        ("login", {"username": "ann"}, told({"success": True})),
        ("create_note", {"title": "first"}, told(note(1, "first"))),
        ("create_note", {"title": "second"}, told(note(2, "second"))),
        ("get_note", {"note_id": 2}, told(note(2, "second"))),
        ("get_note", {"note_id": 9}, refused("Note 9 not found.")),
    )
    twin = await make_twin(capture, "notes")
    assert {"create_note", "get_note"} <= {*twin.report.programs}, twin.report.rejected
    runtime = Runtime(twin.environment)
    snapshot = runtime.start
    for call in (
        Call(name="login", arguments={"username": "ann"}),
        Call(name="create_note", arguments={"title": "other"}),
    ):
        event, snapshot = await runtime.step(snapshot, call)
    assert (event.simulator, event.result) == ("behaviour", note(1, "other"))
    event, _ = await runtime.step(snapshot, Call(name="get_note", arguments={"note_id": 2}))
    assert event.failure is not None and event.failure.kind == "tool"


def test_a_schema_has_what_values_have_in_common() -> None:
    shape: Any = schema_of([{"a": 1, "b": [{"c": "x"}]}, {"a": 2.5, "b": []}])
    assert shape == {
        "type": "object",
        "properties": {
            "a": {"type": "number"},
            "b": {"type": "array", "items": {"type": "object", "properties": {"c": {"type": "string"}}}},
        },
    }
    assert schema_of([1, "x"]) == {} and schema_of([None]) == {} and schema_of([True, None]) == {"type": "boolean"}
    many: Any = {f"key{number}": 1 for number in range(500)}
    wide: Any = schema_of([many])
    assert len(wide["properties"]) == MAX_PROPERTIES


def test_what_is_described_stays_and_what_is_observed_is_added() -> None:
    described: Any = {"type": "object", "properties": {"a": {"type": "string", "description": "said"}}}
    made: Any = merged(described, schema_of([{"a": "x", "b": 1}]))
    assert made["properties"] == {"a": {"type": "string", "description": "said"}, "b": {"type": "integer"}}
    assert merged(described, schema_of([[1]])) == described  # the recording contradicts it
    assert merged({}, schema_of([1])) == {"type": "integer"}


async def test_results_that_are_no_records_are_left_to_the_recording() -> None:
    twin = await make_twin(notes(("get_note", {"note_id": 1}, text("plain words"))), "notes")
    assert "get_note" not in twin.report.programs and len(twin.environment.recording) == 1
