import shutil
from pathlib import Path

import pytest

from toolworld.datasets import read_tau2_tasks, recorded_value
from toolworld.datasets.formats.tau2 import first_person
from toolworld.environments import import_tau2
from toolworld.ground import RecordError, SpecError


@pytest.mark.parametrize(
    ("second", "first"),
    [
        ("You want to return your order. You are Ann.", "I want to return my order. I am Ann."),
        ("You're in a hurry; the book is yours.", "I'm in a hurry; the book is mine."),
        ("The youth hostel is yourself-service.", "The youth hostel is myself-service."),
    ],
)
def test_a_scenario_is_put_into_the_users_mouth(second: str, first: str) -> None:
    assert first_person(second) == first


def test_recorded_results_are_values_or_plain_text() -> None:
    assert recorded_value('{"a": 1}') == {"a": 1}
    assert recorded_value("12.5") == "12.5"
    assert recorded_value("Error: no") == "Error: no"


def test_a_folder_that_is_not_tau2_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"db\.json cannot be read"):
        import_tau2(tmp_path)
    (tmp_path / "tools.json").write_text("[]")
    with pytest.raises(SpecError, match="does not hold the tools of tau2 retail"):
        import_tau2(tmp_path)
    with pytest.raises(SpecError, match="no behaviour program for the tau2 domain 'airline'"):
        import_tau2(tmp_path, "airline")


def test_a_torn_or_wrong_tasks_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text('{"id": "1"}\n')
    with pytest.raises(RecordError, match=r"tasks\.jsonl:1: `user_scenario`: it is missing"):
        read_tau2_tasks(tmp_path / "tasks.jsonl")


def test_the_tools_of_retail_that_ship_with_us_are_those_of_its_program(tau2_folder: Path, tmp_path: Path) -> None:
    for name in ("db.json", "policy.md"):
        shutil.copyfile(tau2_folder / name, tmp_path / name)
    ours, theirs = import_tau2(tmp_path), import_tau2(tau2_folder)
    assert [one.name for one in ours.tools] == [one.name for one in theirs.tools]
    assert [one.required for one in ours.tools] == [one.required for one in theirs.tools]
    assert ours.behaviour == theirs.behaviour
