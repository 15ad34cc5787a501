"""`env search`, as a person types it."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def test_tools_are_found_by_words(shell: Shell) -> None:
    done = shell.run("env", "search", "lend a book")
    assert done.returncode == 0
    assert "check_out_copy" in done.stdout
    found = json.loads(shell.run("env", "search", "a copy of a title", "library", "--n", "2", "--json").stdout)
    assert [one["environment"] for one in found] == ["library", "library"]


def test_nothing_that_fits_is_exit_code_1_and_bad_input_2(shell: Shell) -> None:
    assert shell.run("env", "search", "xylophone").returncode == 1
    wrong = shell.run("env", "search", "lend", "--effect", "both")
    assert (wrong.returncode, "--effect is read or write" in wrong.stderr) == (2, True)


def test_what_differs_between_two_environments_is_told_with_exit_code_1(shell: Shell) -> None:
    same = shell.run("env", "diff", "library", "library")
    assert (same.returncode, same.stdout.strip()) == (0, "They are the same.")
    other = shell.run("env", "diff", "library", "clinic", "--json")
    assert other.returncode == 1
    assert {one["what"] for one in json.loads(other.stdout)} >= {"tool", "collection", "policy", "program"}


def test_near_duplicates_are_counted_at_several_similarities(shell: Shell) -> None:
    said = json.loads(
        shell.run("env", "duplicates", "library", "clinic", "--at", "0.9", "--at", "0.3", "--json").stdout
    )
    assert [one["at"] for one in said["tools"]["counts"]] == [0.9, 0.3]
    assert said["tools"]["counts"][0]["duplicates"] == 0 < said["tools"]["counts"][1]["duplicates"]
    wrong = shell.run("env", "duplicates", "library", "--at", "0")
    assert (wrong.returncode, "--at takes similarities" in wrong.stderr) == (2, True)
