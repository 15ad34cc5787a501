"""`env repair`, as a person types it after `env audit`."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


@pytest.fixture
def right(shell: Shell) -> str:
    """A folder of which one tool forgets to write, with its report; the function as it should be."""
    assert shell.run("env", "new", "shed").returncode == 0
    program = shell.folder / "shed" / "behaviour.py"
    source = program.read_text()
    function = source[source.index("def return_item(") :]
    program.write_text(source.replace('    update("items", item_id, {"lent_to": None, "due": None})\n', ""))
    assert shell.run("env", "audit", "shed", "--out", "audit.jsonl").returncode == 1
    return function


def answers(shell: Shell, *programs: str) -> str:
    lines = [json.dumps({"value": {"program": one}}) for one in programs]
    (shell.folder / "answers.jsonl").write_text("\n".join(lines))
    return "scripted:answers.jsonl"


def repair(shell: Shell, model: str, *more: str) -> tuple[int, str]:
    given = ("--report", "audit.jsonl", "--model", model, "--out", "better.jsonl", *more)
    done = shell.run("env", "repair", "shed", *given)
    return done.returncode, done.stdout + done.stderr


def test_a_tool_that_forgets_to_write_is_repaired_and_the_card_says_so(shell: Shell, right: str) -> None:
    code, said = repair(shell, answers(shell, right))
    assert code == 0 and "of 1 unreliable tool 1 repaired" in said, said
    assert shell.run("env", "audit", "better.jsonl", "--out", "after.jsonl").returncode == 0
    assert "| tools repaired by scripted:answers.jsonl | 1 | 1 |" in shell.run("env", "card", "better.jsonl").stdout


def test_a_tool_that_could_not_be_repaired_is_listed_with_the_reason(shell: Shell, right: str) -> None:
    code, said = repair(shell, answers(shell, *["def other():\n    return 1\n"] * 3), "--json")
    [listed] = json.loads(said)["tools"]
    assert (code, listed["tool"], listed["kept"], listed["attempts"]) == (1, "return_item", False, 3)
    assert "no function `return_item`" in listed["why"]
    assert len(shell.read("better.jsonl")) == 1


def test_a_spent_budget_lists_what_was_not_asked(shell: Shell, right: str) -> None:
    wrong = "def other():\n    return 1\n"
    code, said = repair(shell, answers(shell, wrong, right), "--budget", "1completions", "--json")
    [listed] = json.loads(said)["tools"]
    assert code == 1 and "budget" in listed["why"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--below", "0.9"), "no tool has a reliability above 0.757"),
        (("--report", "other.jsonl"), "other.jsonl"),
        (("--out", "shed.json"), "a new .jsonl pack"),
    ],
)
def test_what_cannot_be_gets_one_sentence(shell: Shell, right: str, more: tuple[str, str], reason: str) -> None:
    code, said = repair(shell, answers(shell, right), *more)
    assert (code, reason in " ".join(said.split())) == (2, True), said


def test_a_report_without_the_environment_says_where_one_comes_from(shell: Shell, right: str) -> None:
    given = ("--report", "audit.jsonl", "--model", answers(shell, right), "--out", "other.jsonl")
    done = shell.run("env", "repair", "library", *given)
    assert done.returncode == 2 and "has no report of library" in " ".join(done.stderr.split())


def test_what_was_answered_is_not_paid_for_again(shell: Shell, right: str) -> None:
    wrong = {"value": {"program": "def other():\n    return 1\n"}}
    lines = [{"when": "cannot be used", "value": {"program": right}}, wrong]
    (shell.folder / "answers.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert repair(shell, "scripted:answers.jsonl", "--budget", "1completions")[0] == 1
    (shell.folder / "better.jsonl").unlink()
    code, said = repair(shell, "scripted:answers.jsonl", "--budget", "1completions")
    assert code == 0 and "1 repaired" in said, said


def test_a_model_that_does_not_answer_loses_no_repair(shell: Shell, right: str) -> None:
    code, said = repair(shell, answers(shell), "--json")
    [listed] = json.loads(said)["tools"]
    assert code == 1 and "none left" in listed["why"] and len(shell.read("better.jsonl")) == 1
