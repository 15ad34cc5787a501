"""`tasks generate`, `check` and `show`, as a person types them."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    made = Shell(command, tmp_path)
    assert made.run("env", "generate", "--field", "bookselling", "--n", "2", "--out", "shops.jsonl").returncode == 0
    return made


def test_tasks_are_made_checked_and_shown_with_what_each_argument_comes_from(shell: Shell) -> None:
    done = shell.run("tasks", "generate", "shops.jsonl", "--n", "6", "--out", "tasks.jsonl", "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["asked"], said["delivered"]) == (0, 6, 6), done.stderr
    assert said["gates"]["sampled"]["of"] == 6 + said["rejected"] == 6 + len(shell.read("tasks.rejected.jsonl"))
    checked = shell.run("tasks", "check", "shops.jsonl", "--tasks", "tasks.jsonl")
    assert checked.returncode == 0 and "6 tasks, of which 6 pass every gate" in checked.stdout
    name = shell.read("tasks.jsonl")[0]["id"]
    shown = shell.run("tasks", "show", "shops.jsonl", "--tasks", "tasks.jsonl", "--task", name, "--lineage").stdout
    assert "The user says:" in shown and "Where arguments come from" in shown and "user" in shown


def test_a_task_that_was_changed_by_hand_fails_its_check(shell: Shell) -> None:
    assert shell.run("tasks", "generate", "shops.jsonl", "--n", "2", "--out", "tasks.jsonl").returncode == 0
    tasks = shell.read("tasks.jsonl")
    tasks[0]["calls"][-1]["error"] = "not_open"
    (shell.folder / "tasks.jsonl").write_text("\n".join(map(json.dumps, tasks)) + "\n")
    done = shell.run("tasks", "check", "shops.jsonl", "--tasks", "tasks.jsonl", "--no-play", "--json")
    assert done.returncode == 1 and [*json.loads(done.stdout)["failed"]] == [tasks[0]["id"]]


def test_a_task_whose_right_run_breaks_its_own_truth_is_not_lawful(shell: Shell) -> None:
    assert shell.run("tasks", "generate", "shops.jsonl", "--n", "1", "--out", "tasks.jsonl").returncode == 0
    [task] = shell.read("tasks.jsonl")
    wanted = next(one["call"]["name"] for one in task["calls"] if one["writes"] and one["error"] is None)
    task["truth"]["forbidden"] = [{"name": wanted, "arguments": {}}]
    (shell.folder / "tasks.jsonl").write_text(json.dumps(task) + "\n")
    done = shell.run("tasks", "check", "shops.jsonl", "--tasks", "tasks.jsonl", "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["failed"][task["id"]].startswith("lawful: ")
    assert shell.run("tasks", "check", "shops.jsonl", "--tasks", "tasks.jsonl", "--no-play").returncode == 0


def test_fewer_tasks_than_asked_for_are_written_and_the_exit_code_says_so(shell: Shell) -> None:
    assert shell.run("env", "new", "shed").returncode == 0
    done = shell.run("tasks", "generate", "shed", "--n", "3", "--out", "t.jsonl", "--mode", "multi_tool", "--no-play")
    assert done.returncode == 2 and "0 of 3 tasks could be made" in " ".join(done.stderr.split())
    assert shell.read("t.jsonl") == [] and len(shell.read("t.rejected.jsonl")) > 20  # it has three tools


def test_what_is_there_is_not_replaced(shell: Shell) -> None:
    (shell.folder / "t.jsonl").write_text("mine")
    done = shell.run("tasks", "generate", "shops.jsonl", "--n", "1", "--out", "t.jsonl")
    assert done.returncode == 2 and (shell.folder / "t.jsonl").read_text() == "mine"


def test_a_model_that_answers_nothing_usable_leaves_the_words_of_the_grammar(shell: Shell) -> None:
    answers = [json.dumps({"value": {"request": "Do it, will you?"}, "again": True})]
    (shell.folder / "answers.jsonl").write_text("\n".join(answers) + "\n")
    generate = ("tasks", "generate", "library", "--n", "4", "--seed", "3")
    done = shell.run(*generate, "--writer", "scripted:answers.jsonl", "--out", "written.jsonl")
    assert done.returncode == 0 and "writer" in done.stdout, done.stderr
    assert shell.run(*generate, "--out", "plain.jsonl").returncode == 0
    assert shell.read("written.jsonl") == shell.read("plain.jsonl")
    refused = shell.run(*generate, "--writer", "scripted:answers.jsonl", "--model", "local", "--out", "x.jsonl")
    assert refused.returncode == 2 and "--writer are for chains that are sampled" in " ".join(refused.stderr.split())
