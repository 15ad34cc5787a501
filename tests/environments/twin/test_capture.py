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
        capture.answer(second, "get_jar", {"jar_id": "correct-horse"}, text("my correct-horse"), size=20)
        capture.answer(first, "get_jar", {"password": "x"}, text("long"), size=MAX_ANSWER_BYTES + 1)


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
