"""`toolworld synthesize` and `toolworld datasets agentflow`, as a person types them."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell

LIBRARY = """{"resource_types": ["environment"], "available_tools": ["TOOL"],
"resource_init_configs": {"environment": {"content": {"name": "library"}}}}"""


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def test_questions_are_made_shown_played_judged_and_taken_over(shell: Shell) -> None:
    done = shell.run("synthesize", "database", "--out", "made")
    assert done.returncode == 0, done.stderr
    assert (
        "from 6 seeds, explored by scripted, written by grammar" in done.stdout
        and "questions that passed" in done.stdout
    )
    assert "The first: " in done.stdout and "toolworld run made/environment --tasks made/tasks.jsonl" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    count = len(shell.read("made/synthesized_qa.jsonl"))
    run = shell.run("run", "made/environment", "--tasks", "made/tasks.jsonl", "--out", "runs")
    assert f"{count} passed, 0 failed, 0 unclear, 0 void of {count}" in run.stdout
    taken = shell.run("datasets", "agentflow", "made", "--out", "taken", "--json")
    assert json.loads(taken.stdout)["questions"] == count
    again = shell.run("synthesize", "database", "--out", "made", "--json")
    assert json.loads(again.stdout)["questions"] == count


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("{", "c.json is no JSON"),
        ('{"max_dept": 2}', "did you mean `max_depth`"),
        ('{"resource_types": ["web"], "resource_init_configs": {"web": {"content": {"folder": "x"}}}}', "folder x"),
        ('{"resource_types": ["web"]}', "name a `folder` of pages, or a `search_url`"),
        ('{"resource_types": ["web"], "model_name": "gpt-4.1"}', "OPENAI_API_KEY"),
        (LIBRARY.replace("TOOL", "find_patrn"), "did you mean `find_patron`"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_exit_code_2_and_nothing_is_written(
    shell: Shell, config: str, why: str
) -> None:
    (shell.folder / "c.json").write_text(config)
    done = shell.run("synthesize", "c.json", "--seeds", "one seed", "--out", "made")
    assert done.returncode == 2 and why in " ".join(done.stderr.split()), done.stderr
    assert "Traceback" not in done.stderr
    assert not (shell.folder / "made" / "synthesized_qa.jsonl").exists()


def test_no_question_is_exit_code_2_with_why(shell: Shell) -> None:
    done = shell.run("synthesize", "web", "--seeds", "a seed that no page has", "--out", "made")
    assert done.returncode == 2 and "nothing leads on from the seeds" in done.stderr
    manifest = json.loads((shell.folder / "made/manifest.json").read_text())
    assert manifest["questions_asked"] == manifest["questions_missing"] + manifest["questions"]


def test_a_model_that_is_away_is_named_at_once(shell: Shell) -> None:
    config = {
        "resource_types": ["environment"],
        "resource_init_configs": {"environment": {"content": {"name": "library"}}},
        "model_name": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "api_key": "${KEY}",
    }
    (shell.folder / "c.json").write_text(json.dumps(config))
    done = shell.run("synthesize", "c.json", "--seeds", "x", "--out", "made", KEY="s3cret")
    assert done.returncode == 2 and "nobody listens at http://127.0.0.1:9/v1" in " ".join(done.stderr.split())
    assert "s3cret" not in done.stderr + "".join(
        path.read_text() for path in (shell.folder / "made").rglob("*") if path.is_file()
    )
