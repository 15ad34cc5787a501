"""Runs in files: found by their lines, read in parts and further as they grow, and read anew when replaced."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from toolworld.ground import RecordError
from toolworld.server.viewer.runs.files import RunFiles
from toolworld.server.viewer.runs.filters import RunFilter
from toolworld.server.viewer.runs.index import RunIndex
from toolworld.server.viewer.runs.tallies import overview, tally


def trajectory(name: str, **fields: Any) -> str:
    row: dict[str, Any] = {
        "id": name,
        "task": "library/renew_one",
        "environment": "library",
        "environment_version": "v",
        "seed": 0,
    }
    row |= {"agent": "a", "user": "u", "initial_digest": "i", "final_digest": "f", "stop": "done", "log": []}
    return json.dumps(row | fields) + "\n"


def verdict(name: str, outcome: str = "pass", **fields: Any) -> str:
    row: dict[str, Any] = {"trajectory": name, "task": "library/renew_one", "seed": 0, "outcome": outcome, "scores": {}}
    row |= {"reward": {"pass": 1.0, "fail": 0.0}.get(outcome)}
    return json.dumps(row | fields) + "\n"


def failed(name: str, check: str) -> str:
    checks = [{"name": check, "outcome": "fail", "evidence": ["it is so"]}]
    return verdict(name, "fail", checks=checks)


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    return RunFiles(1, "mine", tmp_path / "trajectories.jsonl", tmp_path / "verdicts.jsonl", lambda task: [])


def write(files: RunFiles, runs: str, verdicts: str = "", mode: str = "a") -> None:
    assert files.trajectories is not None
    assert files.verdicts is not None
    for path, text in ((files.trajectories, runs), (files.verdicts, verdicts)):
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)


def read_all(files: RunFiles, index: RunIndex, most: int = 300) -> None:
    for _ in range(1_000):
        if files.read_on(index, most):
            return
    raise AssertionError("it is never at its end")


def outcomes(index: RunIndex) -> dict[str, str]:
    return {row.run: row.outcome for row in index.rows()}


@pytest.mark.parametrize("most", [1, 200, 10_000_000])
def test_every_run_is_there_with_its_verdict_however_little_is_read_at_once(files: RunFiles, most: int) -> None:
    names = [f"r{number}" for number in range(40)]
    write(files, "".join(map(trajectory, names)), "".join(failed(one, "state") for one in reversed(names[:30])))
    index = RunIndex()
    read_all(files, index, most)
    assert outcomes(index) == {name: "fail" if number < 30 else "open" for number, name in enumerate(names)}
    assert overview(index).failing == (("state", 30),)


def test_what_is_written_later_is_read_on_and_a_line_that_is_not_whole_yet_is_left(files: RunFiles) -> None:
    index = RunIndex()
    assert files.read_on(index)  # nothing is there yet
    write(files, trajectory("a"))
    read_all(files, index)
    whole = trajectory("b")
    write(files, whole[:50], verdict("a"))
    read_all(files, index)
    assert outcomes(index) == {"a": "pass"}
    write(files, whole[50:], failed("b", "policy"))
    read_all(files, index)
    assert outcomes(index) == {"a": "pass", "b": "fail"}


def test_a_last_line_without_its_newline_is_a_run_too(files: RunFiles) -> None:
    index = RunIndex()
    write(files, trajectory("a").rstrip())
    read_all(files, index)
    assert outcomes(index) == {"a": "open"}


def test_a_file_in_the_place_of_another_is_read_from_its_beginning(files: RunFiles) -> None:
    index = RunIndex()
    write(files, trajectory("a") + trajectory("b"), verdict("a"))
    read_all(files, index)
    assert files.trajectories is not None
    other = files.trajectories.with_name("other")
    other.write_text(trajectory("c") + trajectory("d") + trajectory("e"), encoding="utf-8")
    other.replace(files.trajectories)
    read_all(files, index)
    assert {*outcomes(index)} == {"c", "d", "e"}


def test_a_later_line_of_a_run_replaces_an_earlier_one_and_an_episode_a_run_that_got_none(files: RunFiles) -> None:
    index = RunIndex()
    lost = trajectory("library/renew_one#0", stop="failed")
    write(files, lost + trajectory("e1", agent="first") + trajectory("e1", agent="second"))
    read_all(files, index)
    assert [(row.run, row.agent) for row in index.rows()] == [("e1", "second")]


@pytest.mark.parametrize(
    "line",
    ["{}", "[]", "nonsense", '{"id": 1', trajectory("x", log=3), trajectory("x", messages="words"), "\x00\x01"],
)
def test_a_line_that_is_no_run_is_told_with_its_number_and_the_others_are_shown(files: RunFiles, line: str) -> None:
    index = RunIndex()
    write(files, trajectory("a") + line.rstrip() + "\n" + trajectory("b"), verdict("a") + line.rstrip() + "\n")
    read_all(files, index)
    assert {*outcomes(index)} == {"a", "b"}
    names = [one.partition(": ")[0].rpartition("/")[2] for one in files.problems]
    assert names == ["trajectories.jsonl:2", "verdicts.jsonl:2"]


def test_only_verdicts_are_shown_as_far_as_they_go(tmp_path: Path) -> None:
    (tmp_path / "verdicts.jsonl").write_text(verdict("a") + failed("b", "state"), encoding="utf-8")
    files, index = RunFiles(1, "mine", None, tmp_path / "verdicts.jsonl", lambda task: []), RunIndex()
    read_all(files, index)
    assert outcomes(index) == {"a": "pass", "b": "fail"}
    [row, *_] = index.rows()
    assert files.trajectory(row) is None
    opened = files.verdict(row)
    assert opened is not None
    assert opened.trajectory == row.run


def test_filters_find_what_they_name_and_pages_neither_lose_nor_repeat_a_run(files: RunFiles) -> None:
    index = RunIndex()
    runs = [
        trajectory(f"r{n}", agent="ab"[n % 2], messages=[{"role": "user", "content": f"Word{n}"}]) for n in range(50)
    ]
    write(files, "".join(runs), "".join(failed(f"r{n}", "state" if n % 3 else "policy") for n in range(40)))
    read_all(files, index)
    wanted = RunFilter(check="policy", agent="a")
    assert {row.run for row in index.page(wanted)} == {f"r{n}" for n in range(40) if n % 3 == 0 and n % 2 == 0}
    assert [row.run for row in index.page(RunFilter(q="WORD7"))] == ["r7"]
    assert tally(index, RunFilter(outcome="open")).runs == 10
    seen: list[str] = []
    after: tuple[int, int] | None = None
    while page := index.page(RunFilter(), after, limit=7):
        seen += [row.run for row in page]
        [(rank,)] = index.select("rank", "number = ?", (page[-1].number,))
        after = rank, page[-1].number
    assert sorted(seen) == sorted(f"r{n}" for n in range(50))


def test_the_words_of_a_filter_are_no_sql(files: RunFiles) -> None:
    index = RunIndex()
    write(files, trajectory("a"))
    read_all(files, index)
    for text in ("' OR 1=1 --", "%", "_", '"; DROP TABLE runs; --'):
        assert index.page(RunFilter(q=text, env=text, check=text, tag=text)) == []
    assert len(index.rows()) == 1


@pytest.mark.parametrize(
    "usage",
    [
        {"cost_usd": "nan"},
        {"cost_usd": 1e308, "prompt_tokens": 2**63 - 1, "completion_tokens": 2**63 - 1},
        {"prompt_tokens": 2**62},
        {"prompt_tokens": "many", "cost_usd": None},
        {"prompt_tokens": -(2**70)},
        None,
    ],
)
def test_odd_costs_leave_the_sums_of_all_numbers(files: RunFiles, usage: Any) -> None:
    index = RunIndex()
    write(
        files, "".join(trajectory(f"r{n}", usage=usage) for n in range(4)) + trajectory("good", usage={"cost_usd": 2})
    )
    read_all(files, index)
    counted = overview(index)
    assert counted.runs == 5
    [side] = counted.sides
    assert side.cost == side.cost < 1e15
    assert isinstance(side.tokens, int)


def test_a_verdict_that_gives_no_reason_is_a_verdict_and_loses_no_other(files: RunFiles) -> None:
    index = RunIndex()
    checks: list[Any] = [{"name": "answer", "outcome": "unclear", "evidence": []}]
    silent = verdict("b", "unclear", checks=checks)
    write(files, "".join(map(trajectory, "abc")), verdict("a") + silent + failed("c", "state"))
    read_all(files, index)
    assert outcomes(index) == {"a": "pass", "b": "unclear", "c": "fail"}


def test_a_file_that_is_written_anew_in_place_and_longer_is_read_from_its_beginning(files: RunFiles) -> None:
    index = RunIndex()
    write(files, "".join(map(trajectory, "ab")), failed("a", "state") + failed("b", "state"))
    read_all(files, index)
    write(files, "".join(map(trajectory, "ab")), "".join(verdict(name, note=1) for name in "xyab"), mode="w")
    assert files.verdicts is not None
    files.verdicts.write_text("".join(verdict(name) for name in ("a", "b", "x", "y", "z")), encoding="utf-8")
    read_all(files, index)
    read_all(files, index)
    assert outcomes(index) == {"a": "pass", "b": "pass"}


@pytest.mark.parametrize("which", ["trajectories", "verdicts"])
def test_a_folder_in_the_place_of_a_file_is_told_and_the_other_file_is_read(files: RunFiles, which: str) -> None:
    place = getattr(files, which)
    write(files, trajectory("a"), verdict("a"))
    place.unlink()
    place.mkdir()
    index = RunIndex()
    assert files.read_on(index)
    assert str(place) in files.trouble
    place.rmdir()
    files.read_on(index)
    assert files.trouble == ""


def test_a_file_that_is_written_anew_in_place_as_long_as_before_is_noticed(files: RunFiles) -> None:
    index = RunIndex()
    write(files, "".join(map(trajectory, "abcde")), "".join(map(verdict, "abcde")))
    read_all(files, index)
    assert files.verdicts is not None
    text = files.verdicts.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    lines[2] = lines[2].replace('"pass"', '"fail"').replace("1.0", "0.0")
    assert len("".join(lines)) == len(text)
    files.verdicts.write_text("".join(lines), encoding="utf-8")
    os.utime(files.verdicts, ns=(1, 10**18))
    read_all(files, index)
    assert outcomes(index)["c"] == "fail"


def test_the_same_run_read_again_after_its_file_changed_is_refused_in_a_sentence(files: RunFiles) -> None:
    index = RunIndex()
    write(files, trajectory("first"))
    read_all(files, index)
    [row] = index.rows()
    assert files.trajectories is not None
    files.trajectories.write_text(trajectory("other"), encoding="utf-8")
    with pytest.raises(RecordError, match="have changed since they were read"):
        files.trajectory(row)
