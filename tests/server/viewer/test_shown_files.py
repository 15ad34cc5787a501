"""What a path holds is known by its content, whatever it is called, and what holds nothing is refused in a sentence."""

import json
from pathlib import Path

import pytest
from tests.server.viewer.runs.test_files import trajectory, verdict

from toolworld.ground import UsageError
from toolworld.server import find_shown


def folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return path


def test_a_folder_of_runs_is_a_set_and_a_folder_of_such_folders_is_several(tmp_path: Path) -> None:
    for name in ("small", "large"):
        folder(tmp_path / "out" / name, trajectories=trajectory("a"), verdicts=verdict("a"))
    assert [name for name, _, _ in find_shown([tmp_path / "out"]).runs] == ["large", "small"]
    assert [name for name, _, _ in find_shown([tmp_path / "out" / "small"]).runs] == ["small"]


def test_a_first_line_that_is_no_run_does_not_hide_the_others(tmp_path: Path) -> None:
    path = folder(tmp_path / "mine", trajectories='{"broken\n' + trajectory("a"))
    [(_, trajectories, _)] = find_shown([path]).runs
    assert trajectories == path / "trajectories.jsonl"


def test_an_empty_file_of_runs_will_fill(tmp_path: Path) -> None:
    path = folder(tmp_path / "mine", trajectories="")
    for shown in (path, path / "trajectories.jsonl"):
        assert len(find_shown([shown]).runs) == 1


def test_files_are_known_by_what_they_hold(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(trajectory("a"), encoding="utf-8")
    (tmp_path / "y.jsonl").write_text(verdict("a"), encoding="utf-8")
    (tmp_path / "explored.jsonl").write_text('{"trajectory_id": "s1/0", "nodes": []}\n', encoding="utf-8")
    assert [
        (name, runs is None) for name, runs, _ in find_shown([tmp_path / "x.jsonl", tmp_path / "y.jsonl"]).runs
    ] == [
        ("x", False),
        ("y", True),
    ]
    with pytest.raises(UsageError, match="is nothing that is shown; that is a folder of `run`"):
        find_shown([tmp_path / "explored.jsonl"])


def test_sets_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [folder(tmp_path / one / "out", trajectories=trajectory("a")) for one in ("x", "y", "z")]
    assert [name for name, _, _ in find_shown(paths).runs] == ["out", "out 2", "out 3"]


@pytest.mark.parametrize("content", ["", "words\n", "[1, 2]\n", json.dumps({"a": 1}), "\x00\xff"])
def test_what_holds_nothing_that_is_shown_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.jsonl").write_bytes(content.encode("latin-1"))
    for path in (tmp_path / "x.jsonl", tmp_path / "nowhere", folder(tmp_path / "empty")):
        with pytest.raises(UsageError, match=r"what is shown is|that is a folder"):
            find_shown([path])
