"""`toolworld judge --rubric`: records in; judged records, a report and an exit code out."""

import json
from typing import Any

import pytest
from tests.cli.test_commands import Shell


def record(name: str, said: str) -> dict[str, Any]:
    """A conversation record as data-generator writes it, with a field that nobody knows."""
    return {
        "conversation_id": name,
        "messages": [
            {"role": "user", "content": said},
            {"role": "assistant", "content": "", "tool_calls": [{"name": "get_tide", "parameters": {"port": "Leith"}}]},
            {"role": "tool", "content": '{"height": 2.5}', "name": "get_tide", "speaker": "boat"},
            {"role": "assistant", "content": "High water is 2.5 metres."},
        ],
        "tool_calls": [{"name": "get_tide", "parameters": {"port": "Leith"}}],
        "tool_outputs": [{"name": "get_tide", "output": {"height": 2.5}}],
        "metadata": {"conversation_id": name, "seed": 7, "domain": "Weather", "pattern_type": "short"},
        "mine": {"kept": True},
    }


def scores(when: str, *answers: int) -> dict[str, Any]:
    value = {
        f"q{number}": {"why": "Turn 3.", "turns": [3], "answer": one} for number, one in enumerate(answers, start=1)
    }
    return {"when": when, "value": value, "again": True}


@pytest.fixture
def shell(command: list[str], tmp_path: Any) -> Shell:
    made = Shell(command, tmp_path)
    rows = [record("conv_7_0", "How high is the tide in Leith?"), record("conv_7_1", "Tide?")]
    (tmp_path / "conversations.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    odd = json.dumps(rows[0]) + "\n" + json.dumps(rows[1] | {"mine": float("nan")}) + "\n"
    (tmp_path / "odd.jsonl").write_text(odd)
    answers = [scores("How high", 5, 4, 4), scores('"Tide?"', 4, 4, 2), {"text": "OK"}]
    (tmp_path / "judge.jsonl").write_text("".join(json.dumps(one) + "\n" for one in answers))
    return made


def test_conversation_records_are_judged_and_reported(shell: Shell) -> None:
    done = shell.run("judge", "conversations.jsonl", "--rubric", "conversation", "--judge", "scripted:judge.jsonl")
    assert done.returncode == 0, done.stderr
    good, bad = shell.read("evaluation/evaluated.jsonl")
    assert (good["mine"], good["tool_outputs"], good["metadata"]["passed"]) == (
        {"kept": True},
        [{"name": "get_tide", "output": {"height": 2.5}}],
        True,
    )
    assert good["messages"][2]["name"] == "get_tide" and good["messages"][2]["speaker"] == "boat"
    said = good["metadata"]["judge_scores"]
    assert (said["tool_correctness"], said["task_completion"], said["naturalness"], said["error"]) == (5, 4, 4, None)
    assert said["calibration"] == "uncalibrated" and round(said["mean_score"], 2) == 4.33
    assert bad["metadata"]["judge_scores"]["failed_gates"] == ["naturalness", "mean"]
    report = json.loads((shell.folder / "evaluation" / "evaluation_report.json").read_text())
    assert (report["runs"], report["passed"], report["means"]["naturalness"], report["below"]) == (2, 1, 3.0, [])
    assert [*report["by_environment"], *report["by_pattern"]] == ["Weather", "short"]
    assert "conv\\_7\\_1" in (shell.folder / "evaluation" / "evaluation_report.md").read_text()


def test_below_the_bar_the_exit_code_is_two_and_what_is_missing_is_named(shell: Shell) -> None:
    judge = ("judge", "conversations.jsonl", "--rubric", "conversation", "--judge", "scripted:judge.jsonl")
    done = shell.run(*judge, "--threshold", "4.2", "--out", "strict", "--json")
    assert done.returncode == 2 and "naturalness" in done.stderr
    assert json.loads(done.stdout)["below"] == ["task_completion", "naturalness", "mean_overall"]
    (shell.folder / "judge.jsonl").write_text(json.dumps(scores("How high", 5, 5, 5)) + "\n")
    done = shell.run(*judge, "--out", "half", "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["not_judged"] == 1
    [_, unjudged] = shell.read("half/evaluated.jsonl")
    assert unjudged["metadata"]["judge_scores"]["error"] and unjudged["metadata"]["passed"] is False


def test_trajectories_are_judged_by_the_checks_where_they_decide(shell: Shell) -> None:
    assert shell.run("run", "library", "--limit", "4", "--out", "right").returncode == 0
    done = shell.run("judge", "right", "--env", "library", "--rubric", "synthtools", "--json")
    assert (done.returncode, json.loads(done.stdout)["pass_rate"]) == (0, 1.0), done.stderr
    [first, *_] = shell.read("right/evaluation/evaluated.jsonl")
    assert first["verdict"]["outcome"] == "pass" and first["judgement"]["passed"] is True
    shell.run("run", "library", "--limit", "4", "--mutation", "dropped_write", "--out", "wrong")
    done = shell.run("judge", "wrong", "--env", "library", "--rubric", "synthtools", "--json")
    assert (done.returncode, json.loads(done.stdout)["passed"]) == (2, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("judge", "conversations.jsonl"), "--env names the environments"),
        (("judge", "conversations.jsonl", "--env", "library", "--threshold", "3"), "are for --rubric"),
        (("judge", "conversations.jsonl", "--rubric", "niceness"), "there is no rubric 'niceness'"),
        (("judge", "judge.jsonl", "--rubric", "conversation"), "judge.jsonl:1:"),
        (("judge", "odd.jsonl", "--rubric", "conversation"), "odd.jsonl:2:"),
        (
            ("judge", "conversations.jsonl", "--rubric", "conversation", "--out", "judge.jsonl"),
            "cannot be made a folder",
        ),
        (("judge", "conversations.jsonl", "--rubric", "conversation", "--tasks", "judge.jsonl"), "need --env"),
        (("judge", "nothing.jsonl", "--rubric", "conversation"), "cannot be read"),
        (("judge", "conversations.jsonl", "--rubric", "conversation", "--threshold", "9"), "--threshold"),
    ],
)
def test_what_cannot_be_judged_is_said_in_a_sentence(shell: Shell, words: tuple[str, ...], said: str) -> None:
    done = shell.run(*words)
    assert done.returncode == 2 and said in " ".join(done.stderr.split()), done.stderr
    assert "Traceback" not in done.stderr
