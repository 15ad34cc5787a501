"""Files of strangers, and files that many write: only regular ones are read, and none is left half written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toolworld.ground import (
    LineWriter,
    Record,
    RecordError,
    SpecError,
    each_line,
    read_bytes,
    read_json_text,
    read_lines,
    read_text,
    write_atomically,
)


class Row(Record):
    n: int


def test_pipes_devices_and_folders_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    for name in ("pipe", "zeros"):
        with pytest.raises(RecordError, match="is a device or a pipe, and not a regular file"):
            read_bytes(tmp_path / name)
        with pytest.raises(RecordError, match="is a device or a pipe"):
            list(each_line(tmp_path / name, Row))
        with pytest.raises(RecordError, match="is a device or a pipe"):
            LineWriter(tmp_path / name)
    with pytest.raises(RecordError, match="is a directory"):
        read_bytes(tmp_path)


def test_links_out_of_a_folder_are_not_followed_and_links_inside_of_it_are(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (tmp_path / "secret").write_text("key")
    (folder / "inner" / "own").write_text("own")
    (folder / "out").symlink_to("../secret")
    (folder / "environ").symlink_to("/proc/self/environ")
    (folder / "in").symlink_to("inner/own")
    (folder / "away").symlink_to(tmp_path)
    for name in ("out", "environ", "away/secret"):
        with pytest.raises(SpecError, match="leads out of"):
            read_bytes(folder / name, SpecError, within=folder)
    assert read_bytes(folder / "in", within=folder) == b"own"
    assert read_bytes(folder / "out") == b"key"  # named by whoever asks, and by no stranger


def test_a_file_that_is_larger_than_allowed_is_refused_even_where_its_size_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 11)
    with pytest.raises(RecordError, match="too large: it may have 10 bytes at most"):
        read_bytes(tmp_path / "large", most=10)
    with pytest.raises(RecordError, match="too large"):
        read_bytes(Path("/proc/self/maps"), most=10)


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolworld.ground.files.MAX_LINE_BYTES", 100)
    (tmp_path / "lines").write_bytes(b'{"n": 1}\n' + b" " * 1000)
    with pytest.raises(RecordError, match="lines:2: the line is too long"):
        list(each_line(tmp_path / "lines", Row))


def test_byte_order_marks_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read_text(tmp_path / "text") == "one\ntwo\nthree\n"
    (tmp_path / "rows").write_bytes(b'\xef\xbb\xbf{"n": 1}\r\n{"n": 2}\r\n')
    assert [row.n for row in read_lines(tmp_path / "rows", Row).records] == [1, 2]
    assert [row.n for row in each_line(tmp_path / "rows", Row)] == [1, 2]
    (tmp_path / "latin").write_bytes("é".encode("latin-1"))
    with pytest.raises(RecordError, match="is not UTF-8 text"):
        read_text(tmp_path / "latin")


@pytest.mark.parametrize("text", ['{"id": 1, "id": 1}', '[{"a": {"b": 1, "c": 2, "b": 3}}]'])
def test_a_key_that_stands_twice_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "twice.json").write_text(text)
    with pytest.raises(RecordError, match=r"twice\.json: the key '(id|b)' stands twice in an object"):
        read_json_text(tmp_path / "twice.json")
    (tmp_path / "once.json").write_text('[{"id": 1}, {"id": 1}, {"n": NaN}, ' + "[" * 5000)  # left to the parser
    assert read_json_text(tmp_path / "once.json")


def test_what_a_killed_process_left_is_used_again_and_nothing_else_is(tmp_path: Path) -> None:
    place = tmp_path / "data.json"
    write_atomically(place, b"old")
    writing = """
import sys, time
from pathlib import Path
from toolworld.ground import draft_beside
with draft_beside(Path(sys.argv[1])) as draft:
    draft.write_bytes(b"half")
    print("written", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", writing, str(place)], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"written\n"
    write_atomically(place, b"other")  # beside one that is at work
    assert place.read_bytes() == b"other" and len([*tmp_path.iterdir()]) == 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    write_atomically(place, b"new")
    assert place.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir()] == ["data.json"]


def test_many_processes_that_write_one_file_leave_one_whole_file(tmp_path: Path) -> None:
    place = tmp_path / "data"
    writing = """
import sys
from pathlib import Path
from toolworld.ground import write_atomically
for number in range(200):
    write_atomically(Path(sys.argv[1]), sys.argv[2].encode() * 10_000)
"""
    others = [subprocess.Popen([sys.executable, "-c", writing, str(place), letter]) for letter in "abcd"]
    end = time.monotonic() + 60
    while any(one.poll() is None for one in others):
        assert time.monotonic() < end
        if place.exists():
            assert len(set(found := place.read_bytes())) == 1 and len(found) == 10_000
    assert [one.returncode for one in others] == [0] * 4
    assert [one.name for one in tmp_path.iterdir()] == ["data"]
