"""`toolworld make` and the measures of tasks, as a person types them."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell

MAKE = ("make", "--env", "library", "--field", "bookselling", "--n", "12", "--out", "set")


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def test_a_dataset_is_made_in_one_go_checked_measured_and_gone_on_with(shell: Shell) -> None:
    done = shell.run(*MAKE, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["asked"], said["delivered"]) == (12, 12)
    assert said["rejected"] == len(shell.read("set/rejected.jsonl"))
    assert [one["gate"] for one in said["gates"]] == ["sampled", "oracle", "floor", "kill", "grounded", "lawful", "new"]
    assert said["gates"][0]["of"] == 12 + said["rejected"] and said["gates"][-1]["kept"] == 12
    for name in ("tasks", "trajectories", "verdicts", "export/chat", "export/sharegpt", "export/conversations"):
        assert len(shell.read(f"set/{name}.jsonl")) == 12, name
    assert all(one["outcome"] == "pass" for one in shell.read("set/verdicts.jsonl"))
    assert "# 12 verifiable tasks in 3 environments" in (shell.folder / "set" / "README.md").read_text()
    of = ("set/environments.jsonl", "--tasks", "set/tasks.jsonl")
    assert "12 tasks, of which 12 pass every gate" in shell.run("tasks", "check", *of).stdout
    assert json.loads(shell.run("tasks", "metrics", *of, "--json").stdout) == said["metrics"]
    for other, why in (
        (("--env", "clinic", "--n", "12"), "set holds other environments than these"),
        ((*MAKE[1:-4], "--n", "3"), "set has 12 tasks already, and 3 are asked for"),
        ((*MAKE[1:-2], "--mode", "short"), "set was made with mode 'mixed', and this is 'short'"),
    ):
        refused = shell.run("make", *other, "--out", "set")
        assert refused.returncode == 2 and why in " ".join(refused.stderr.split()), refused.stderr
    longer = shell.run(*MAKE[:-3], "16", "--out", "set")
    assert longer.returncode == 0 and "16 tasks with their runs" in longer.stdout
    assert len(shell.read("set/tasks.jsonl")) == 16


def test_difficulty_is_stored_with_the_task_and_other_agents_count_by_their_verdicts(shell: Shell) -> None:
    assert shell.run(*MAKE).returncode == 0
    of = ("set/environments.jsonl", "--tasks", "set/tasks.jsonl")
    done = shell.run(
        "tasks", "difficulty", *of, "--trials", "2", "--verdicts", "set/verdicts.jsonl", "--out", "hard.jsonl"
    )
    assert done.returncode == 0 and "pass^2" in done.stdout, done.stderr
    measured = [one["difficulty"] for one in shell.read("hard.jsonl")]
    assert all(one["agents"]["set/verdicts.jsonl"] == [1, 1] for one in measured)
    assert all(one["low"] <= one["high"] and one["tier"] in ("easy", "medium", "hard") for one in measured)
    wrong = shell.run("tasks", "difficulty", "library", "--verdicts", "set/verdicts.jsonl")
    assert wrong.returncode == 2 and "has no verdict of these tasks" in wrong.stderr


def test_fewer_tasks_than_were_asked_for_are_listed_and_end_in_exit_code_2(shell: Shell) -> None:
    """An environment that only looks things up makes no task that changes anything."""
    reads = {"find_patron", "get_patron", "list_loans", "search_catalogue", "get_title"}
    assert shell.run("env", "pack", "library", "--out", "one.jsonl").returncode == 0
    [library] = shell.read("one.jsonl")
    library["tools"] = [one for one in library["tools"] if one["name"] in reads]
    library["rules"] = []
    (shell.folder / "one.jsonl").write_text(json.dumps(library) + "\n")
    done = shell.run("make", "--env", "one.jsonl", "--n", "2", "--out", "none", "--trust")
    assert done.returncode == 2 and "0 of 2 tasks could be made" in done.stderr, done.stderr
    assert len(shell.read("none/rejected.jsonl")) > 10


def test_what_makes_no_dataset_is_said_in_a_sentence(shell: Shell) -> None:
    (shell.folder / "full").mkdir()
    (shell.folder / "full" / "letter.txt").write_text("mine")
    refused = shell.run("make", "--n", "2", "--out", "full")
    assert refused.returncode == 2 and "full is not empty, and no dataset" in refused.stderr
    fields = shell.run("make", "--field", "ferries", "--field", "bees", "--generated", "1", "--n", "2", "--out", "x")
    assert fields.returncode == 2 and "less than the number of --field, 2" in fields.stderr
    assert shell.run("tasks", "generate", "library", "--out", "t.jsonl", "--budget", "1usd").returncode == 2


def test_some_tasks_have_faults_in_their_way_and_everything_after_knows_it(shell: Shell) -> None:
    make = ("make", "--env", "library", "--env", "hotel", "--n", "12", "--faults", "rough", "--fault-share", "0.6")
    done = shell.run(*make, "--out", "set", "--json")
    assert done.returncode == 0, done.stderr
    said, tasks = json.loads(done.stdout), shell.read("set/tasks.jsonl")
    faulty = [one for one in tasks if one["faults"]]
    assert 2 < len(faulty) < 12 and all(one["id"].endswith("~rough") for one in faulty)
    assert said["metrics"]["faults"] > 0
    of = ("set/environments.jsonl", "--tasks", "set/tasks.jsonl")
    assert "12 tasks, of which 12 pass every gate" in shell.run("tasks", "check", *of).stdout
    kills = json.loads(shell.run("tasks", "mutations", *of, "--json").stdout)
    assert kills["alarms"] == [] and kills["variants"][0]["passed"] == 12
    broken = {**faulty[0], "calls": faulty[0]["calls"][:-1]}
    (shell.folder / "broken.jsonl").write_text(json.dumps(broken) + "\n")
    assert shell.run("tasks", "check", of[0], "--tasks", "broken.jsonl").returncode == 1
    calls = [{**faulty[0]["calls"][0], "written": {"name": "fly", "arguments": {"to": "$9.moon"}}}]
    (shell.folder / "worse.jsonl").write_text(json.dumps({**faulty[0], "calls": calls}) + "\n")
    worse = shell.run("tasks", "check", of[0], "--tasks", "worse.jsonl")
    assert worse.returncode == 1 and "oracle:" in worse.stdout
    for names, chat in zip(
        [{call["call"]["name"] for call in one["calls"]} for one in tasks],
        shell.read("set/export/chat.jsonl"),
        strict=True,
    ):
        assert names <= {one["function"]["name"] for one in chat["tools"]}
    for arguments, why in (
        ((*make, "--fault-share", "0.2", "--out", "set"), "set was made with faults"),
        (("make", "--n", "2", "--fault-share", "0.2", "--out", "x"), "--fault-share is the share of tasks"),
        (("make", "--n", "2", "--faults", "nonsense", "--out", "x"), "nonsense is neither a fault profile"),
    ):
        refused = shell.run(*arguments)
        assert refused.returncode == 2 and why in " ".join(refused.stderr.split()), refused.stderr
