"""Loading a suite: all the tasks of a file, or a sentence."""

from pathlib import Path

import pytest

from toolworld.datasets import load_suite
from toolworld.ground import RecordError, write_lines


async def test_a_file_of_tasks_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    write_lines(path, (await load_suite(["library"])).tasks[:3])
    assert len((await load_suite(["library"], path)).tasks) == 3
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(RecordError, match=r"tasks\.jsonl: the last line is cut off \(\d+ bytes\)"):
        await load_suite(["library"], path)
