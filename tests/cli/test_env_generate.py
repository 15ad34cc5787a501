"""`env generate`, as a person types it."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def test_environments_of_a_field_are_written_and_served_as_any_others(shell: Shell) -> None:
    done = shell.run("env", "generate", "--field", "dental practice", "--n", "3", "--out", "dental.jsonl")
    assert done.returncode == 0, done.stderr
    assert "3 environments" in done.stdout
    assert "A model would add" in done.stdout
    assert len(shell.read("dental.jsonl")) == 3
    shown = shell.run("env", "stats", "dental.jsonl")
    assert "3 environments" in shown.stdout


def test_as_many_as_were_asked_for_are_delivered_over_all_fields(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "fields.txt").write_text("pharmacies\n\nferries\nxylophones\n")
    done = shell.run("env", "generate", "--fields", "fields.txt", "--n", "5", "--out", "all.jsonl", "--json")
    assert json.loads(done.stdout) == {"asked": 5, "delivered": 5, "rejected": {}, "out": "all.jsonl"}
    domains = [one["domain"] for one in shell.read("all.jsonl")]
    assert domains == ["pharmacies", "pharmacies", "ferries", "ferries", "xylophones"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--field", "x", "--fields", "y", "--out", "z.jsonl"], "--field or --fields, not both"),
        (["--field", "x", "--out", "z.txt"], "--out takes a new .jsonl pack"),
        (["--field", " ", "--out", "z.jsonl"], "is no field"),
        (["--field", "x" * 200, "--out", "z.jsonl"], "is no field"),
        (["--field", "a\x1b[31m", "--out", "z.jsonl"], "is no field"),
        (["--fields", "none.txt", "--out", "z.jsonl"], "none.txt cannot be read"),
    ],
)
def test_bad_input_gets_one_sentence(shell: Shell, arguments: list[str], reason: str) -> None:
    done = shell.run("env", "generate", *arguments)
    assert (done.returncode, reason in " ".join(done.stderr.split())) == (2, True), done.stderr


def test_long_fields_and_fields_that_stand_twice_make_environments_of_their_own(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "fields.txt").write_text(f"{'dental ' * 14}\npharmacy\npharmacy\n")
    assert shell.run("env", "generate", "--fields", "fields.txt", "--n", "6", "--out", "all.jsonl").returncode == 0
    assert len({one["id"] for one in shell.read("all.jsonl")}) == 6
    assert list(tmp_path.glob("*.jsonl")) == [tmp_path / "all.jsonl"]
