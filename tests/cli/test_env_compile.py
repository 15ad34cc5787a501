"""`env compile`, as an author types it."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def test_an_environment_gets_a_program_that_answers_and_refuses_as_its_documents_say(shell: Shell) -> None:
    made = shell.run("env", "compile", "library", "--out", "made")
    assert made.returncode == 0
    assert "renew_loan" in made.stdout
    assert "made/behaviour.py" in made.stdout
    renewed = shell.run("env", "call", "made", "renew_loan", "loan_id=L5101")
    assert renewed.returncode == 0
    assert '"renewals":1' in renewed.stdout.replace(" ", "")
    refused = shell.run("env", "call", "made", "renew_loan", "loan_id=L0")
    assert (refused.returncode, "loan_not_found: There is no such loan." in refused.stdout) == (1, True)


def test_what_was_not_read_is_named(shell: Shell) -> None:
    made = shell.run("env", "compile", "library", "--out", "made", "--json")
    assert json.loads(made.stdout)["tools"]["renew_loan"]["unread"] == ["card_blocked", "title_reserved"]


def test_a_folder_that_is_there_is_not_written_into(shell: Shell) -> None:
    (shell.folder / "made").mkdir()
    (shell.folder / "made" / "mine.txt").write_text("x")
    refused = shell.run("env", "compile", "library", "--out", "made")
    assert refused.returncode == 2
    assert "made is there already; --out takes a new or an empty folder" in refused.stderr
