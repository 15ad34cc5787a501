"""`env audit`, as a person types it."""

import json
from functools import partial
from pathlib import Path

import anyio
import pytest
from tests.cli.test_commands import Shell

from toolworld.environments import CallSamples, Runtime, audit_by_calls, load_environments


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def test_an_audit_prints_what_held_and_writes_a_line_a_tool_and_a_page(shell: Shell, tmp_path: Path) -> None:
    done = shell.run("env", "audit", "library", "--calls", "4", "--out", "found.jsonl")
    assert done.returncode == 0, done.stderr
    assert "16 tools of 1 environment, of which a program answers 16" in done.stdout
    assert "what the input schema forbids is refused" in done.stdout
    assert len(shell.read("found.jsonl")) == 16
    assert (tmp_path / "found.md").read_text().startswith("# Audit by calls\n")


def test_what_does_not_hold_is_told_with_exit_code_1_and_left_out_of_what_is_kept(shell: Shell, tmp_path: Path) -> None:
    assert shell.run("env", "new", "shop").returncode == 0
    program = tmp_path / "shop" / "behaviour.py"
    code = next(line.split('fail("')[1].split('"')[0] for line in program.read_text().splitlines() if 'fail("' in line)
    program.write_text(program.read_text().replace(f'fail("{code}"', 'fail("unheard_of"'))
    done = shell.run("env", "audit", "shop", "--out", "found.jsonl", "--drop", "0.6", "--kept", "kept.jsonl")
    assert done.returncode == 1
    assert "unheard_of is not among its errors" in done.stdout
    [kept] = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_text().splitlines()]
    reports = shell.read("found.jsonl")
    broken = {one["tool"] for one in reports if one["evidence"]}
    assert broken
    assert {one["name"] for one in kept["tools"]} == {one["tool"] for one in reports} - broken


def test_an_audit_for_programs_is_json(shell: Shell) -> None:
    said = json.loads(shell.run("env", "audit", "clinic", "--calls", "4", "--json").stdout)
    assert (said["tools"], said["answered"], said["findings"]) == (14, 14, 0)
    assert said["properties"]["valid_result"]["held"] == said["properties"]["valid_result"]["of"] > 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], "nowhere is neither a folder"),
        (["library", "--drop", "0.5"], "--drop and --kept go together"),
        (["library", "--out", "found.txt"], "--out and --kept are .jsonl files"),
        (["library", "--drop", "0", "--out", "a.jsonl", "--kept", "a.jsonl"], "would replace what is audited"),
    ],
)
def test_bad_input_gets_one_sentence(shell: Shell, arguments: list[str], reason: str) -> None:
    done = shell.run("env", "audit", *arguments)
    assert (done.returncode, reason in " ".join(done.stderr.split())) == (2, True), done.stderr


def test_nothing_of_the_users_own_is_replaced(shell: Shell, tmp_path: Path) -> None:
    assert shell.run("env", "pack", "library", "--out", "mine.jsonl").returncode == 0
    before = (tmp_path / "mine.jsonl").read_bytes()
    done = shell.run("env", "audit", "mine.jsonl", "--out", "mine.jsonl")
    assert (done.returncode, (tmp_path / "mine.jsonl").read_bytes() == before) == (2, True)
    (tmp_path / "notes.md").write_text("# Mine\n")
    done = shell.run("env", "audit", "library", "--calls", "1", "--out", "notes.jsonl")
    assert (done.returncode, (tmp_path / "notes.md").read_text()) == (2, "# Mine\n")


def test_a_program_that_has_to_be_stopped_costs_its_own_environment_and_no_other(shell: Shell, tmp_path: Path) -> None:
    assert shell.run("env", "new", "slow").returncode == 0
    program = tmp_path / "slow" / "behaviour.py"
    loop = "\n    for _ in range(1000000):\n        x = str(['a'] * 100000)\n"
    lines = program.read_text().split("\n")
    place = next(
        number for number, line in enumerate(lines) if line.startswith("def ") and not line.startswith("def _")
    )
    lines[place] += loop
    program.write_text("\n".join(lines))
    done = shell.run("env", "audit", "slow", "library", "--calls", "2", "--out", "found.jsonl")
    assert done.returncode == 1, done.stderr
    reports = shell.read("found.jsonl")
    assert {one["environment"] for one in reports} == {"slow", "library"}
    assert {one["environment"] for one in reports if one["evidence"]} == {"slow"}


def test_a_model_judges_what_calls_cannot_tell(shell: Shell) -> None:
    [library] = load_environments(["library"])
    samples = CallSamples()
    anyio.run(partial(audit_by_calls, Runtime(library), calls=8, samples=samples))
    lines: list[str] = []
    for tool in library.tools:
        label = {"label": "right", "why": ""}
        if tool.name == "renew_loan":
            label = {"label": "wrong", "why": "it renews nothing"}
        opinions = [{"number": number, **label} for number in range(len(samples.of(tool.name)))]
        lines.append(json.dumps({"when": f'"name":"{tool.name}"', "value": {"opinions": opinions}}))
    (shell.folder / "judge.jsonl").write_text("\n".join(lines))
    done = shell.run("env", "audit", "library", "--calls", "8", "--model", "scripted:judge.jsonl", "--json")
    judged = json.loads(done.stdout)["properties"]["judged_right"]
    assert done.returncode == 1 and judged["of"] - judged["held"] == len(samples.of("renew_loan"))
    assert "it renews nothing" in (shell.folder / "audit.jsonl").read_text()
