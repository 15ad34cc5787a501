"""`toolworld agora`, as a person types it."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_commands import Shell
from tests.support.generators import drawn_from, marked, sum_problem

from toolworld.datasets import load_suite
from toolworld.llm import Request


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def write(shell: Shell, name: str, rows: list[Any]) -> None:
    (shell.folder / name).write_text("".join(json.dumps(one) + "\n" for one in rows))


def replies(count: int, salt: str = "", **wrong: int) -> list[dict[str, Any]]:
    """The script of a model that writes so many problems; the first ones are wrong by `off_by`."""
    made = [
        sum_problem(drawn_from(Request((), seed=seed), salt), **(wrong if seed < 2 else {})) for seed in range(count)
    ]
    return [{"text": marked(*one)} for one in made]


RUN = ("agora", "run", "--model", "scripted:replies.jsonl", "--concurrency", "1", "--out", "rows.jsonl")


def test_rows_are_written_with_their_reasons_their_page_and_an_account(shell: Shell) -> None:
    write(shell, "replies.jsonl", replies(14, off_by=3))
    done = shell.run(*RUN)
    assert done.returncode == 0, done.stderr
    assert "10 rows of 10, from 12 replies" in done.stdout
    assert "wrong calculation" in done.stdout
    assert "rows.html" in done.stdout
    rows = shell.read("rows.jsonl")
    assert len(rows) == 10
    assert [*rows[0]] == ["instruction", "response", "config", "metadata"]
    assert {one["reason"] for one in shell.read("rows.rejected.jsonl")} == {"wrong_calculation"}
    summary = json.loads((shell.folder / "rows.summary.json").read_text())
    assert (summary["asked"], summary["accepted"], summary["replies"]) == (10, 10, 12)
    again = shell.run(*RUN)
    assert again.returncode == 0
    assert "nothing was asked" in again.stdout


def test_fewer_rows_than_asked_for_are_an_error_with_the_reasons(shell: Shell) -> None:
    write(shell, "replies.jsonl", [{"text": "no problem today", "again": True}])
    done = shell.run(*RUN, "--tries", "1", "--n", "3")
    assert done.returncode == 2
    assert "0 of 3 rows were accepted of 3 candidates (6 no markers)" in done.stderr
    assert "rows.rejected.jsonl" in done.stderr
    assert shell.read("rows.jsonl") == []
    assert len(shell.read("rows.rejected.jsonl")) == 6


def test_the_result_is_json_for_programs(shell: Shell) -> None:
    write(shell, "replies.jsonl", replies(3))
    done = shell.run(*RUN, "--n", "3", "--json")
    found = json.loads(done.stdout)
    assert (found["accepted"], found["rows"], found["page"]) == (3, "rows.jsonl", "rows.html")


def test_rows_that_are_given_decide_how_many_are_made(shell: Shell) -> None:
    write(shell, "questions.jsonl", [{"question": f"What is {n} + 1?", "answer": f"#### {n + 1}"} for n in range(3)])
    write(shell, "replies.jsonl", [{"text": f"{n} + 1 = {n + 1}\n[RESULT]{n + 1}[/RESULT]"} for n in range(3)])
    done = shell.run(*RUN, "--method", "response", "--rows", "questions.jsonl")
    assert done.returncode == 0, done.stderr
    assert [row["instruction"] for row in shell.read("rows.jsonl")] == [f"What is {n} + 1?" for n in range(3)]
    more = shell.run(*RUN, "--method", "response", "--rows", "questions.jsonl", "--n", "5")
    assert more.returncode == 2
    assert "--n 5: there are 3 rows" in more.stderr


def test_pairs_are_improved(shell: Shell) -> None:
    write(shell, "pairs.jsonl", [{"instruction": "wat is 2+2", "response": "5"}])
    write(
        shell,
        "replies.jsonl",
        [{"text": "Revised Question: What is 2 + 2?\nRevised Answer: 2 + 2 = 4\n[RESULT]4[/RESULT]\n[END]"}],
    )
    done = shell.run(*RUN, "--method", "enhance", "--rows", "pairs.jsonl")
    assert done.returncode == 0, done.stderr
    [row] = shell.read("rows.jsonl")
    assert row["instruction"] == "What is 2 + 2?"


def test_a_preview_shows_whole_candidates(shell: Shell) -> None:
    write(shell, "replies.jsonl", [{"text": "[bold]no[/] markers"}, *replies(1)])
    prompts = shell.run(
        "agora", "preview", "2", "--model", "scripted:nowhere.jsonl", "--prompts-only", "--domain", "code"
    )
    assert prompts.returncode == 0, prompts.stderr
    assert "fenced" in prompts.stdout
    assert prompts.stdout.count("OUTPUT:") >= 6
    whole = shell.run("agora", "preview", "--model", "scripted:replies.jsonl", "--out", "rows.jsonl")
    assert "rejected: no markers" in whole.stdout
    assert "[bold]no[/] markers" in whole.stdout
    assert "accepted" in whole.stdout
    found = json.loads(
        shell.run("agora", "preview", "--model", "scripted:replies.jsonl", "--out", "rows.jsonl", "--json").stdout
    )
    assert found[0]["rejected"][0]["reason"] == "no_markers"
    assert found[0]["instance"]["response"]


def test_a_check_tells_what_is_missing(shell: Shell) -> None:
    write(shell, "replies.jsonl", [{"text": "ready", "again": True}])
    ready = shell.run("agora", "check", "--model", "scripted:replies.jsonl", "--n", "1000")
    assert ready.returncode == 0, ready.stderr
    assert "tokens each" in ready.stdout
    missing = shell.run("agora", "check", "--model", "http://127.0.0.1:9/v1#m")
    assert missing.returncode == 2
    assert "the run cannot begin: model" in missing.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--method", "translate"), "there are instance, response, enhance"),
        (("--domain", "poetry"), "there are math, general, code, tasks"),
        (("--method", "response"), "needs rows (--rows)"),
        (("--domain", "tasks", "--env", "library", "--rows", "replies.jsonl"), "--rows goes with --method enhance"),
        (("--out", "rows.csv"), ".json or .jsonl"),
        (("--order", "upside-down"), "--order upside-down: there are random"),
        (("--choose", "best"), "--choose best: there are random"),
        (("--fewshot", "12"), "there are 8 seeds, and each prompt shows 12"),
        (("--rows", "nowhere.jsonl"), "nowhere.jsonl"),
        (("--template", "nowhere.md"), "nowhere.md cannot be read"),
        (("--env", "library"), "for --domain tasks"),
        (("--domain", "tasks"), "needs --env"),
        (("--budget", "much"), "much"),
    ],
)
def test_bad_options_are_refused_in_a_sentence_and_nothing_is_written(
    shell: Shell, options: tuple[str, ...], told: str
) -> None:
    write(shell, "replies.jsonl", [])
    done = shell.run(*RUN, *options)
    assert done.returncode == 2
    assert told in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert sorted(one.name for one in shell.folder.iterdir()) == ["replies.jsonl"]


def test_rows_that_are_given_are_never_replaced(shell: Shell) -> None:
    write(shell, "rows.jsonl", [{"instruction": "a", "response": "b"}])
    write(shell, "replies.jsonl", [])
    done = shell.run(*RUN, "--method", "response", "--rows", "rows.jsonl")
    assert done.returncode == 2
    assert "--rows rows.jsonl would be replaced" in done.stderr
    assert len(shell.read("rows.jsonl")) == 1


@pytest.mark.parametrize("model", ["http://[::1", "http://[::1/v1#m"])
def test_an_address_that_is_none_is_told_of(shell: Shell, model: str) -> None:
    done = shell.run("agora", "run", "--model", model)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_rows_that_are_nested_too_deep_are_told_of(shell: Shell) -> None:
    (shell.folder / "deep.jsonl").write_text('{"instruction": "a", "x": ' + "[" * 900 + "]" * 900 + "}\n")
    write(shell, "replies.jsonl", [])
    done = shell.run(*RUN, "--method", "response", "--rows", "deep.jsonl")
    assert done.returncode == 2
    assert "deep.jsonl, row 1" in done.stderr


def test_rows_are_exported_for_trainers(shell: Shell) -> None:
    write(shell, "replies.jsonl", replies(40))
    shell.run(*RUN, "--n", "30")
    done = shell.run("agora", "export", "rows.jsonl", "training", "--validation", "0.2", "--shape", "messages")
    assert done.returncode == 0, done.stderr
    assert "24 rows for training, 6 for validation, as messages" in done.stdout
    assert not (shell.folder / "training" / "agora").exists()
    refused = shell.run("agora", "export", "rows.jsonl", "training", "--shape", "parquet")
    assert refused.returncode == 2
    assert "--shape parquet: there are agora, messages, prompt_completion" in refused.stderr


def test_generators_are_compared_with_and_without_scores(shell: Shell) -> None:
    for name, wrong in (("good", {}), ("bad", {"off_by": 9})):
        made = [
            sum_problem(drawn_from(Request((), seed=seed), name), **(wrong if seed % 3 == 0 else {}))
            for seed in range(30)
        ]
        write(shell, f"{name}.jsonl", [{"instruction": one, "response": other} for one, other in made])
    plain = shell.run("agora", "bench", "bad.jsonl", "better=good.jsonl", COLUMNS="80")
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.index("better") < plain.stdout.index("bad")
    assert "not measured: difficulty needs --solver" in plain.stdout
    report = json.loads((shell.folder / "agora-bench" / "report.json").read_text())
    assert report["generators"]["bad"]["metrics"]["sound"] == pytest.approx(2 / 3)
    assert (shell.folder / "agora-bench" / "report.html").is_file()
    for name, right in (("base", 5), ("reference", 15), ("taught", 12)):
        write(shell, f"{name}.scores.jsonl", [{"item": str(n), "score": n < right} for n in range(20)])
    scored = shell.run(
        *("agora", "bench", "bad.jsonl", "--base", "base.scores.jsonl", "--reference", "reference.scores.jsonl"),
        *("--student", "bad=taught.scores.jsonl", "--json"),
    )
    assert json.loads(scored.stdout)["generators"]["bad"]["gap"] == pytest.approx(70)
    lacking = shell.run("agora", "bench", "bad.jsonl", "--base", "base.scores.jsonl")
    assert lacking.returncode == 2
    assert "--reference" in lacking.stderr


async def drafts_of_library() -> list[dict[str, Any]]:
    suite = await load_suite(["library"])
    return [
        {
            "request": f"Good afternoon to all of you at the desk. {task.request}",
            "goal": task.scenario.goal,
            "facts": [{"name": name, "value": value} for name, value in task.scenario.facts.items()],
            "calls": [{"name": one.call.name, "arguments": dict(one.call.arguments)} for one in task.calls],
            "tell": [],
        }
        for task in suite.tasks
        if not any(one.error for one in task.calls)
    ]


async def test_tasks_that_a_model_writes_are_played_by_the_verb_run(command: list[str], tmp_path: Path) -> None:
    shell = Shell(command, tmp_path)
    write(shell, "replies.jsonl", [{"value": one} for one in await drafts_of_library()])
    options = ("--domain", "tasks", "--env", "library", "--n", "4", "--near-duplicates", "0.95")
    done = shell.start(*RUN, *options)
    assert done.returncode == 0, done.stderr
    assert "rows.tasks.jsonl" in done.stdout
    played = shell.start("run", "library", "--tasks", "rows.tasks.jsonl", "--out", "out")
    assert played.returncode == 0, played.stderr
    assert "4 passed, 0 failed" in played.stdout
