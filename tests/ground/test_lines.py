from pathlib import Path

import pytest

from toolworld.ground import LineWriter, Record, RecordError, read_lines, write_atomically


class Row(Record):
    number: int


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "rows.jsonl"
    for start in (0, 2):
        with LineWriter(path) as lines:
            lines.append(Row(number=start))
            lines.append(Row(number=start + 1))
    assert [row.number for row in read_lines(path, Row).records] == [0, 1, 2, 3]


def test_a_torn_last_line_is_counted_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"number":1}\n{"num')
    found = read_lines(path, Row)
    assert [row.number for row in found.records] == [1]
    assert found.torn == 5


def test_appending_after_a_torn_line_keeps_both_readable(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"number":1}\n{"num')
    with LineWriter(path) as lines:
        lines.append(Row(number=2))
    assert [row.number for row in read_lines(path, Row).records] == [1, 2]
    assert (tmp_path / "rows.jsonl.torn").read_bytes() == b'{"num\n'


def test_a_whole_last_line_without_its_end_is_a_record(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"number":1}')
    with LineWriter(path) as lines:
        lines.append(Row(number=2))
    assert [row.number for row in read_lines(path, Row).records] == [1, 2]


@pytest.mark.parametrize("line", [b"nonsense", b'{"number":"x"}', b'{"number":1,"more":2}', b"[]"])
def test_a_bad_line_is_an_error_with_its_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"number":1}\n' + line + b'\n{"number":3}\n')
    with pytest.raises(RecordError, match=r"rows\.jsonl:2: "):
        read_lines(path, Row)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00bad", b"hello", b'{"number":1}\n[1, 2'])
def test_what_is_no_record_cut_off_is_an_error_and_not_a_tear(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=r"rows\.jsonl:\d: "):
        read_lines(path, Row)


def test_a_file_that_is_not_there_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read: no such file"):
        read_lines(tmp_path / "none.jsonl", Row)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RecordError, match="cannot be written"):
        write_atomically(tmp_path / "folder", b"new")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["file", "folder"]
