"""`env generate`, as a person types it."""

import json
from pathlib import Path

import anyio
import pytest
from tests.cli.test_commands import Shell
from tests.support.author import prompt_of, right_answer

from toolworld.environments import Generator, GeneratorOptions, plan_fields
from toolworld.ground import write_lines
from toolworld.llm import ScriptedModel


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def test_environments_of_a_field_are_written_and_served_as_any_others(shell: Shell) -> None:
    done = shell.run("env", "generate", "--field", "dental practice", "--n", "3", "--out", "dental.jsonl")
    assert done.returncode == 0, done.stderr
    assert "3 environments" in done.stdout
    assert "A model would add" in done.stdout
    assert len(shell.read("dental.jsonl")) == 3
    shown = shell.run("env", "stats", "dental.jsonl")
    assert "3 environments" in shown.stdout


def test_as_many_as_were_asked_for_are_delivered_over_all_fields(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "fields.txt").write_text("pharmacies\n\nferries\nxylophones\n")
    done = shell.run("env", "generate", "--fields", "fields.txt", "--n", "5", "--out", "all.jsonl", "--json")
    assert json.loads(done.stdout) == {"asked": 5, "delivered": 5, "rejected": {}, "out": "all.jsonl"}
    domains = [one["domain"] for one in shell.read("all.jsonl")]
    assert domains == ["pharmacies", "pharmacies", "ferries", "ferries", "xylophones"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--field", "x", "--fields", "y", "--out", "z.jsonl"], "--field or --fields, not both"),
        (["--field", "x", "--out", "z.txt"], "--out takes a new .jsonl pack"),
        (["--field", " ", "--out", "z.jsonl"], "is no field"),
        (["--field", "x" * 200, "--out", "z.jsonl"], "is no field"),
        (["--field", "a\x1b[31m", "--out", "z.jsonl"], "is no field"),
        (["--fields", "none.txt", "--out", "z.jsonl"], "none.txt cannot be read"),
    ],
)
def test_bad_input_gets_one_sentence(shell: Shell, arguments: list[str], reason: str) -> None:
    done = shell.run("env", "generate", *arguments)
    assert (done.returncode, reason in " ".join(done.stderr.split())) == (2, True), done.stderr


def test_long_fields_and_fields_that_stand_twice_make_environments_of_their_own(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "fields.txt").write_text(f"{'dental ' * 14}\npharmacy\npharmacy\n")
    assert shell.run("env", "generate", "--fields", "fields.txt", "--n", "6", "--out", "all.jsonl").returncode == 0
    assert len({one["id"] for one in shell.read("all.jsonl")}) == 6
    assert list(tmp_path.glob("*.jsonl")) == [tmp_path / "all.jsonl"]


async def script_of(folder: Path, fields: tuple[str, ...], count: int) -> str:
    """A script with the answers of a good author to everything that is asked for so many environments."""
    model = ScriptedModel(right_answer)
    await Generator(GeneratorOptions(plan_fields(fields, count), folder), model, None).grow()
    script = folder / "script.jsonl"
    write_lines(script, [right_answer(one).model_copy(update={"when": prompt_of(one)}) for one in model.asked])
    return f"scripted:{script}"


def test_a_model_writes_environments_and_a_second_run_pays_for_nothing(shell: Shell, tmp_path: Path) -> None:
    script = anyio.run(script_of, tmp_path / "script", ("car repair",), 2)
    words = ("env", "generate", "--field", "car repair", "--n", "2", "--out", "cars.jsonl", "--model", script)
    first = shell.run(*words)
    assert first.returncode == 0, first.stderr
    assert "cars.jsonl: 2 environments, 8 tools; 0 rejected" in " ".join(first.stdout.split())
    assert "About this much will be asked" in first.stderr
    (shell.folder / "cars.jsonl").rename(shell.folder / "before.jsonl")
    again = shell.run(*words, "--json")
    said = json.loads(again.stdout)
    assert (said["asked"], said["delivered"], said["models"]) == (2, 2, [])
    assert (shell.folder / "cars.jsonl").read_bytes() == (shell.folder / "before.jsonl").read_bytes()
    check = shell.run("env", "check", "cars.jsonl")
    assert check.returncode == 0, check.stdout


def test_a_stage_alone_writes_no_pack_and_a_spent_budget_is_exit_code_1(shell: Shell, tmp_path: Path) -> None:
    script = anyio.run(script_of, tmp_path / "script", ("car repair",), 1)
    words = ("env", "generate", "--field", "car repair", "--n", "1", "--out", "cars.jsonl", "--model", script)
    stage = shell.run(*words, "--stage", "subfields")
    assert (stage.returncode, (shell.folder / "cars.jsonl").exists()) == (0, False)
    assert "stage subfields is done" in stage.stdout
    poor = shell.run(*words, "--budget", "2completions")
    assert poor.returncode == 1 and "the same command goes on from here" in " ".join(poor.stdout.split())
    rich = shell.run(*words)
    assert rich.returncode == 0 and (shell.folder / "cars.jsonl").exists()


def test_a_stage_needs_a_model_and_a_name_that_is_one(shell: Shell) -> None:
    words = ("env", "generate", "--field", "x", "--out", "x.jsonl", "--stage")
    for name, said in (("tools", "--stage is for --model"), ("moon", "is not one of 'subfields', 'scenarios'")):
        done = shell.run(*words, name)
        assert done.returncode == 2 and said in " ".join(done.stderr.replace("│", " ").split())
