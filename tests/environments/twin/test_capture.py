"""The file of a recording: masked, in the order of the answers, readable after a crash."""

from pathlib import Path

import pytest
from tests.support.recordings import TOOLS, text

from toolworld.environments import CapturedServer, CaptureWriter, read_capture
from toolworld.environments.twin.capture import MAX_ANSWER_BYTES
from toolworld.ground import RecordError


def written(path: Path) -> None:
    with CaptureWriter(path, {"correct-horse"}) as capture:
        capture.introduce(CapturedServer(name="shelf"))
        capture.list_tools(TOOLS)
        capture.list_tools(TOOLS)  # the same list is written once
        first, second = capture.next_number(), capture.next_number()
        capture.answer(second, "get_jar", {"jar_id": "correct-horse"}, text("my correct-horse"))
        capture.answer(first, "get_jar", {"password": "x"}, text("l" * (MAX_ANSWER_BYTES + 1)))


def test_a_recording_comes_back_in_the_order_of_its_answers_without_secrets(tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    written(path)
    capture = read_capture(path)
    assert list(capture.tools.values()) == TOOLS
    assert [(one.number, one.arguments) for one in capture.calls] == [
        (1, {"jar_id": "[secret]"}),
        (0, {"password": "[secret]"}),
    ]
    assert [one.answer for one in capture.calls] == [text("my [secret]"), None]  # the second was too long to keep
    assert "correct-horse" not in path.read_text()
    assert len(path.read_text().splitlines()) == 4


def test_a_recording_that_was_cut_off_loses_its_last_line_only(tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    written(path)
    path.write_bytes(path.read_bytes()[:-20])
    assert len(read_capture(path).calls) == 1


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    path.write_text('{"tools": []}\n')
    with pytest.raises(RecordError, match="does not begin with what a server says of itself"):
        read_capture(path)


def test_what_a_field_gives_away_is_masked_in_texts_and_in_later_calls_and_in_what_the_server_says(
    tmp_path: Path,
) -> None:
    path = tmp_path / "capture.jsonl"
    with CaptureWriter(path, {"server-key-1"}) as capture:
        capture.introduce(CapturedServer(name="shelf", instructions="Use server-key-1."))
        capture.list_tools([{**TOOLS[0], "description": "Needs server-key-1."}])
        capture.answer(0, "login", {"user": "ann"}, text('{"access_token": "tok-1234567"}'))
        capture.answer(1, "get_jar", {"jar_id": "tok-1234567"}, text("you sent tok-1234567"))
    assert "server-key-1" not in path.read_text() and "tok-1234567" not in path.read_text()
    [tool] = read_capture(path).tools.values()
    assert tool["inputSchema"] == TOOLS[0]["inputSchema"]


def test_an_answer_without_a_form_that_all_programs_read_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    with CaptureWriter(path) as capture:
        capture.introduce(CapturedServer(name="shelf"))
        capture.answer(0, "get_jar", {}, {"content": [], "structuredContent": {"size": 10**30}})
        capture.answer(1, "get_jar", {}, text("\ud800"))
    assert [one.answer for one in read_capture(path).calls] == [None, None]
