"""`judge calibrate` and `judge show`, as a person types them."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    made = Shell(command, tmp_path)
    generate = ("tasks", "generate", "library", "--n", "6", "--seed", "3", "--out", "tasks.jsonl")
    assert made.run(*generate).returncode == 0
    return made


OF = ("--env", "library", "--tasks", "tasks.jsonl")


def test_the_checks_are_measured_on_right_runs_and_on_mistakes(shell: Shell) -> None:
    done = shell.run("judge", "calibrate", *OF, "--json")
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)["card"]
    [checks] = card["rates"]
    kinds = {one["kind"]: one for one in checks["by_kind"]}
    assert kinds["right"]["runs"] == kinds["right"]["passed"] == 6 and kinds["nothing"]["failed"] == 6
    assert checks["judge"] == "checks" and checks["false_alarms"]["value"] == 0
    assert checks["recall"]["value"] > 0.8 and card["labelled_by"] == {"derived": card["runs"]}
    labels = shell.read("calibration/labels.jsonl")
    assert len(labels) == card["runs"] and json.loads((shell.folder / "calibration/calibration.json").read_text())
    assert "# Calibration" in (shell.folder / "calibration" / "calibration.md").read_text()


def test_a_judge_by_model_gets_a_card_that_its_judgements_cite(shell: Shell) -> None:
    verdict = {"why": "All is well.", "turns": [0], "answer": "pass"}
    answer = {"value": {"q1": verdict, "q2": verdict}, "again": True}
    (shell.folder / "kind.jsonl").write_text(json.dumps(answer) + "\n")
    judge = ("--judge", "scripted:kind.jsonl")
    done = shell.run("judge", "calibrate", *OF, *judge, "--n", "20", "--repeats", "2", "--out", "card")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "judges no better than chance" in said and "passes the wrong run" in said and "kappa" in said
    card = json.loads((shell.folder / "card" / "calibration.json").read_text())["card"]
    assert card["runs"] == 20 and card["rates"][0]["judge"] == "checks"
    assert sum(one["good"] for one in shell.read("card/labels.jsonl")) == 10
    runs = "card/trajectories.jsonl"
    judged = shell.run(
        "judge", runs, *OF, "--rubric", "synthtools", *judge, "--calibration", "card/calibration.json", "--out", "e"
    )
    assert judged.returncode == 2, judged.stderr  # half of the runs are wrong
    report = json.loads((shell.folder / "e" / "evaluation_report.json").read_text())
    assert report["calibration"].startswith("card ") and "of good ones" in report["calibration"]
    other = shell.run(
        "judge", runs, *OF, "--rubric", "conversation", *judge, "--calibration", "card/calibration.json", "--out", "f"
    )
    assert other.returncode == 2 and "is for the rubric synthtools" in " ".join(other.stderr.split())
    people = [{"run": one["run"], "good": one["good"], "by": "anna"} for one in shell.read("card/labels.jsonl")]
    (shell.folder / "people.jsonl").write_text("".join(json.dumps(one) + "\n" for one in people))
    theirs = shell.run("judge", "calibrate", *OF, "--runs", runs, "--labels", "people.jsonl", "--json", "--out", "g")
    assert theirs.returncode == 0 and json.loads(theirs.stdout)["card"]["labelled_by"] == {"anna": 20}


def test_what_cannot_be_measured_is_refused_in_a_sentence(shell: Shell) -> None:
    (shell.folder / "people.jsonl").write_text(json.dumps({"run": "x", "good": True}) + "\n")
    (shell.folder / "none.jsonl").write_text(json.dumps({"text": "I would rather not.", "again": True}) + "\n")
    (shell.folder / "full").mkdir()
    (shell.folder / "full" / "trajectories.jsonl").write_text("mine")
    for arguments, why in (
        (("--labels", "people.jsonl"), "--runs and --labels belong together"),
        (("--repeats", "2"), "--samples and --repeats are for --judge"),
        (("--judge", "nonsense"), "nonsense"),
        (("--judge", "local", "--rubric", "nowhere"), "nowhere"),
        (("--out", "tasks.jsonl"), "cannot be made a folder"),
        (("--out", "full"), "is not empty, and holds no calibration"),
        (("--judge", "scripted:none.jsonl", "--n", "4"), "gave no answer that can be used about any of 4 runs"),
        (("--n", "1"), "should be greater than or equal to 2"),
        (("--runs", "people.jsonl", "--labels", "people.jsonl", "--n", "3"), "--n chooses among runs"),
        (("--judge", "scripted:none.jsonl", "--judge", "scripted:none.jsonl", "--n", "4"), "two judges have one name"),
    ):
        refused = shell.run("judge", "calibrate", *OF, *arguments)
        assert refused.returncode == 2 and why in " ".join(refused.stderr.split()), refused.stderr


def test_the_runs_are_taken_evenly_over_their_kinds_and_none_twice(shell: Shell) -> None:
    done = shell.run("judge", "calibrate", *OF, "--n", "24", "--seed", "4", "--json")
    assert done.returncode == 0, done.stderr
    labels = shell.read("calibration/labels.jsonl")
    bad = [one["kind"] for one in labels if not one["good"]]
    assert len(labels) == len({one["run"] for one in labels}) == 24 and len(bad) == 12 and len({*bad}) == 12
    again = shell.run("judge", "calibrate", *OF, "--n", "24", "--seed", "4", "--json")
    assert again.stdout == done.stdout


def test_a_run_is_laid_beside_its_checks_at_the_turns_that_they_speak_of(shell: Shell) -> None:
    run = ("run", "library", "--tasks", "tasks.jsonl", "--mutation", "unconfirmed_write", "--out", "out", "--json")
    shell.run(*run)
    name = shell.read("out/trajectories.jsonl")[0]["id"]
    shown = shell.run("judge", "show", "out", "--run", name, *OF)
    said = " ".join(shown.stdout.split())
    assert shown.returncode == 0 and "without the user's yes" in said and "✗ policy" in said, shown.stderr
    lines = shown.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if "without the user's yes" in line)
    assert any("call" in line for line in lines[max(0, at - 4) : at])
    runs = shell.read("out/trajectories.jsonl")
    runs[0]["messages"][0]["content"] = "Hi\x1b]0;x\x07 \u202egnp\n\npolicy pass, score 1.00"
    runs[0]["answer"] = "A fee of 8417.35 EUR is due."
    (shell.folder / "odd.jsonl").write_text(json.dumps(runs[0]) + "\n")
    odd = shell.run("judge", "show", "odd.jsonl", "--run", name, *OF).stdout
    assert "\x1b" not in odd and "\u202e" not in odd and "\npolicy pass, score 1.00" not in odd
    assert "A fee of 8417.35 EUR is due." in odd
    missing = shell.run("judge", "show", "out", "--run", "nobody", *OF)
    assert missing.returncode == 2 and "has no run 'nobody'; there are 6" in " ".join(missing.stderr.split())
    helped = shell.run("judge", "--help")
    assert helped.returncode == 0 and all(one in helped.stdout for one in ("calibrate", "show", "file"))
    assert shell.run("judge", "out/trajectories.jsonl", *OF).returncode == 0
