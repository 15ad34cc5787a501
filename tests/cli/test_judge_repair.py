"""`judge --repair` and `regrade`, as a person types them."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_commands import Shell


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def write(shell: Shell, name: str, rows: list[Any]) -> None:
    (shell.folder / name).write_text("".join(json.dumps(one) + "\n" for one in rows))


def test_untold_facts_are_told_and_no_call_is_changed(shell: Shell) -> None:
    shell.run("run", "library", "--task", "renew_one", "--mutation", "untold_fact", "--out", "out")
    [before] = shell.read("out/trajectories.jsonl")
    last = max(turn for turn, one in enumerate(before["messages"]) if one["role"] == "assistant")
    new = {"turns": [{"turn": last, "text": "Middlemarch is renewed; please bring it back by 23 March 2026."}]}
    write(shell, "mender.jsonl", [{"value": new, "again": True}])
    judge = ("judge", "out", "--env", "library", "--rubric", "synthtools", "--judge", "scripted:mender.jsonl")
    failed = shell.run(*judge, "--out", "plain")
    assert failed.returncode == 2
    done = shell.run(*judge, "--repair", "--out", "mended")
    assert done.returncode == 0 and "1 of 1" in done.stdout, done.stderr
    [after] = shell.read("mended/trajectories.jsonl")
    assert after["id"] == before["id"] and after["agent"] == f"{before['agent']} (reworded)"
    assert after["log"] == before["log"] and after["messages"][last]["content"] == new["turns"][0]["text"]
    [row] = shell.read("mended/evaluated.jsonl")
    [attempt] = row["repair"]["attempts"]
    assert (attempt["way"], attempt["kept"], attempt["turns"], row["repair"]["repaired"]) == (
        "surgical",
        True,
        [last],
        True,
    )
    report = json.loads((shell.folder / "mended" / "evaluation_report.json").read_text())
    assert (report["repairs_tried"], report["repaired"], report["passed"]) == (1, 1, 1)


def test_a_missing_change_needs_the_task_to_be_played_again_and_what_was_tried_is_told(shell: Shell) -> None:
    shell.run("run", "library", "--task", "renew_one", "--mutation", "dropped_write", "--out", "out")
    call = {"tool_calls": [{"id": "1", "name": "find_patron", "arguments": {"name": "Nobody", "postcode": "RV1 1AA"}}]}
    write(shell, "mender.jsonl", [{"value": {"turns": [{"turn": 1, "text": "Who are you?"}]}}, call, {"text": "No."}])
    done = shell.run(
        *("judge", "out", "--env", "library", "--rubric", "synthtools", "--judge", "scripted:mender.jsonl"),
        *("--repair", "--out", "mended"),
    )
    assert done.returncode == 2, done.stderr
    [row] = shell.read("mended/evaluated.jsonl")
    ways = [(one["way"], one["kept"], one["calls_again"]) for one in row["repair"]["attempts"]]
    assert ways[0][0] == "surgical" and ways[1][0] == "full" and ways[1][2] and not row["repair"]["repaired"]
    [before], [after] = shell.read("out/trajectories.jsonl"), shell.read("mended/trajectories.jsonl")
    assert after["id"] == before["id"]


def test_conversation_records_keep_their_calls_and_tell_of_their_repair(shell: Shell) -> None:
    record: dict[str, Any] = {
        "conversation_id": "c1",
        "messages": [
            {"role": "user", "content": "Weather in Oslo?"},
            {"role": "assistant", "content": None, "tool_calls": [{"name": "weather", "parameters": {"city": "Oslo"}}]},
            {"role": "tool", "content": "4 degrees", "latency": 3},
            {"role": "assistant", "content": "UGLY"},
        ],
        "metadata": {"domain": "weather"},
    }
    write(shell, "records.jsonl", [record])
    low = {"why": "It is ugly.", "turns": [3], "answer": 1}
    high = {"why": "It is fine.", "turns": [3], "answer": 5}
    rows = [
        {"when": "Mend it by writing", "value": {"turns": [{"turn": 3, "text": "It is 4 degrees in Oslo."}]}},
        {"when": "UGLY", "value": {"q1": low, "q2": low, "q3": low}},
        {"value": {"q1": high, "q2": high, "q3": high}, "again": True},
    ]
    write(shell, "judge.jsonl", rows)
    done = shell.run(
        "judge",
        "records.jsonl",
        "--rubric",
        "conversation",
        "--judge",
        "scripted:judge.jsonl",
        "--repair",
        "--out",
        "e",
    )
    assert done.returncode == 0, done.stderr
    [row] = shell.read("e/evaluated.jsonl")
    assert [one["content"] for one in row["messages"]] == [
        "Weather in Oslo?",
        None,
        "4 degrees",
        "It is 4 degrees in Oslo.",
    ]
    assert row["messages"][1] == record["messages"][1] and row["messages"][2] == record["messages"][2]
    assert row["metadata"]["repair"]["repaired"] and row["metadata"]["domain"] == "weather"


def test_a_conversation_written_anew_at_the_same_length_keeps_its_results_and_its_speakers(shell: Shell) -> None:
    call = {"name": "refund", "parameters": {"order": "O1"}}
    record = {
        "conversation_id": "c1",
        "messages": [
            {"role": "user", "content": "Refund O1."},
            {"role": "assistant", "content": "UGLY"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": "declined", "name": "refund"},
            {"role": "assistant", "content": "UGLY"},
        ],
    }
    write(shell, "records.jsonl", [record])
    scores = {rate: {"why": "So it is.", "turns": [0], "answer": rate} for rate in (1, 2, 5)}
    whole = [
        {"by": "user", "text": "Could you refund order O1?"},
        {"calls": 0},
        {"by": "agent", "text": "It was declined, sorry."},
        {"by": "user", "text": "All right, thanks."},
    ]
    rows = [
        {"when": "Mend it by writing", "value": {"turns": [{"turn": 4, "text": "UGLY still"}]}},
        {"when": "Write the whole conversation anew", "value": {"messages": whole}},
        {"when": "UGLY", "value": {f"q{number}": scores[1] for number in (1, 2, 3)}, "again": True},
        {"value": {f"q{number}": scores[5] for number in (1, 2, 3)}, "again": True},
    ]
    write(shell, "judge.jsonl", rows)
    done = shell.run(
        "judge",
        "records.jsonl",
        "--rubric",
        "conversation",
        "--judge",
        "scripted:judge.jsonl",
        "--repair",
        "--out",
        "e",
    )
    assert done.returncode == 0, done.stderr
    [row] = shell.read("e/evaluated.jsonl")
    said = [(one["role"], one["content"]) for one in row["messages"]]
    assert said == [
        ("user", "Could you refund order O1?"),
        ("assistant", None),
        ("tool", "declined"),
        ("assistant", "It was declined, sorry."),
        ("user", "All right, thanks."),
    ]
    assert row["messages"][1]["tool_calls"] == [call] and row["messages"][2]["name"] == "refund"
    assert not (shell.folder / "e" / "trajectories.jsonl").exists()


def test_repair_is_refused_where_nobody_can_mend(shell: Shell) -> None:
    shell.run("run", "library", "--task", "renew_one", "--out", "out")
    of = ("judge", "out", "--env", "library")
    for arguments, why in (
        (("--repair", "--rubric", "synthtools"), "--repair needs --judge"),
        (("--max-repairs", "3", "--rubric", "synthtools"), "--max-repairs is for --repair"),
        (("--repair", "--judge", "local"), "--repair and several judges are for --rubric"),
    ):
        refused = shell.run(*of, *arguments)
        assert refused.returncode == 2 and why in " ".join(refused.stderr.split()), refused.stderr


def test_runs_are_judged_again_after_a_task_was_mended_and_what_changed_is_listed(shell: Shell) -> None:
    shell.run("tasks", "generate", "library", "--n", "4", "--seed", "3", "--out", "tasks.jsonl")
    shell.run("run", "library", "--tasks", "tasks.jsonl", "--out", "out")
    of = ("regrade", "out", "--env", "library", "--tasks")
    same = shell.run(*of, "tasks.jsonl")
    assert same.returncode == 0 and "4 runs judged again: 4 as before, 0 otherwise" in " ".join(same.stdout.split())
    tasks = shell.read("tasks.jsonl")
    tasks[1]["truth"]["facts"] = [{"email": "nobody@example.org"}]
    write(shell, "mended.jsonl", tasks)
    done = shell.run(*of, "mended.jsonl", "--out", "new.jsonl", "--json")
    found = json.loads(done.stdout)
    [change] = found["changes"]
    assert done.returncode == 0 and (change["before"], change["after"], change["where"]) == ("pass", "fail", ["answer"])
    assert "nobody@example.org" in change["why"] and len(shell.read("new.jsonl")) == 4
    tasks[2]["environment_version"] = "0" * 16
    write(shell, "older.jsonl", tasks)
    older = shell.run(*of, "older.jsonl")
    assert older.returncode == 2 and "1 run cannot be judged again" in " ".join(older.stderr.split())
    assert "3 runs judged again" in " ".join(older.stdout.split())
    refused = shell.run(*of, "tasks.jsonl", "--out", "out/verdicts.jsonl")
    assert refused.returncode == 2 and "--out would replace" in " ".join(refused.stderr.split())


def test_a_rubric_that_was_mended_is_judged_by_again(shell: Shell) -> None:
    shell.run("run", "library", "--task", "renew_one", "--out", "out")
    verdict = {"why": "Stiff.", "turns": [1], "answer": 2}
    write(shell, "stern.jsonl", [{"value": {"q1": verdict}, "again": True}])
    write(shell, "mild.jsonl", [{"value": {"q1": {**verdict, "answer": 5}}, "again": True}])
    of = ("out", "--env", "library", "--rubric", "conversation", "--judge")
    assert shell.run("judge", *of, "scripted:stern.jsonl").returncode == 2
    done = shell.run("regrade", *of, "scripted:mild.jsonl", "--json")
    [change] = json.loads(done.stdout)["changes"]
    assert (change["before"], change["after"], change["where"]) == ("fail", "pass", ["naturalness"])
    assert (shell.folder / "out" / "evaluation" / "evaluated.jsonl").exists()


def test_a_repaired_run_is_compared_with_itself_when_it_is_judged_again(shell: Shell) -> None:
    shell.run("run", "library", "--task", "renew_one", "--mutation", "untold_fact", "--out", "out")
    [before] = shell.read("out/trajectories.jsonl")
    last = max(turn for turn, one in enumerate(before["messages"]) if one["role"] == "assistant")
    new = {"turns": [{"turn": last, "text": "Middlemarch is renewed; please bring it back by 23 March 2026."}]}
    write(shell, "mender.jsonl", [{"value": new, "again": True}])
    of = ("--env", "library", "--rubric", "synthtools", "--judge", "scripted:mender.jsonl")
    assert shell.run("judge", "out", *of, "--repair").returncode == 0
    refused = shell.run("regrade", "out", *of)
    assert refused.returncode == 2 and "judges repaired runs" in " ".join(refused.stderr.split())
    done = shell.run("regrade", "out/evaluation", *of, "--before", "out/evaluation/evaluated.jsonl", "--out", "again")
    assert done.returncode == 0 and "1 run judged again: 1 as before" in " ".join(done.stdout.split()), done.stderr
    beside = shell.run("judge", "out", *of[:-2], "--out", "out")
    assert beside.returncode == 2 and "would replace" not in beside.stderr  # it fails, and the runs are not touched
    assert shell.read("out/trajectories.jsonl") == [before]


def test_a_judge_that_gives_no_answer_any_more_is_listed(shell: Shell) -> None:
    shell.run("run", "library", "--task", "renew_one", "--out", "out")
    verdict = {"why": "Fine.", "turns": [1], "answer": 5}
    write(shell, "mild.jsonl", [{"value": {"q1": verdict}, "again": True}])
    write(shell, "mute.jsonl", [{"text": "no", "again": True}])
    of = ("out", "--env", "library", "--rubric", "conversation", "--judge")
    assert shell.run("judge", *of, "scripted:mild.jsonl").returncode == 0
    done = shell.run("regrade", *of, "scripted:mute.jsonl")
    assert done.returncode == 2 and "1 run cannot be judged again" in " ".join(done.stderr.split())
    other = shell.run("regrade", "out", "--env", "library", "--rubric", "milestones")
    assert other.returncode == 2 and "was judged by the rubric conversation" in " ".join(other.stderr.split())
