"""`env card`, as a person types it, of packs that the other commands make."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def test_a_pack_tells_how_it_was_made_and_what_each_gate_kept(shell: Shell) -> None:
    assert shell.run("env", "generate", "--field", "pharmacy", "--n", "2", "--out", "p.jsonl").returncode == 0
    shell.run("env", "audit", "p.jsonl", "--out", "audit.jsonl", "--drop", "0.3", "--kept", "good.jsonl")
    page = shell.run("env", "card", "good.jsonl", "--licence", "CC0-1.0").stdout
    assert "composed from its catalogue of trades" in page and "1 field: pharmacy" in page
    assert "| env check | 2 | 2 | 100.0% |" in page and "tools whose reliability is at least 0.3" in page
    assert "Licence of the source: CC0-1.0" in page
    said = json.loads(shell.run("env", "card", "good.jsonl", "--json").stdout)
    assert said["origin"]["licence"] == "CC0-1.0" and said["environments"] == 2


def test_a_pack_put_together_says_of_what_and_under_which_licences(shell: Shell) -> None:
    assert shell.run("env", "generate", "--field", "pharmacy", "--n", "1", "--out", "p.jsonl").returncode == 0
    assert shell.run("env", "card", "p.jsonl", "--licence", "CC0-1.0").returncode == 0
    assert shell.run("env", "pack", "library", "--out", "both.jsonl").returncode == 0
    said = json.loads(shell.run("env", "card", "both.jsonl", "--json").stdout)["origin"]
    assert (said["made_by"], said["source"]) == ("toolworld env pack", "library")
    assert shell.run("env", "pack", "p.jsonl", "--out", "both.jsonl").returncode == 0
    said = json.loads(shell.run("env", "card", "both.jsonl", "--json").stdout)["origin"]
    assert said["source"] == "library; 1 field: pharmacy" and said["licence"] == "toolworld's own; CC0-1.0"
    assert "composed from its catalogue of trades" in said["made_by"]
    assert shell.run("env", "pack", "clinic", "--out", "both.jsonl").returncode == 0
    again = json.loads(shell.run("env", "card", "both.jsonl", "--json").stdout)["origin"]
    assert again["made_by"] == said["made_by"] and again["source"] == "library; 1 field: pharmacy; clinic"


def test_a_pack_of_nothing_is_not_written(shell: Shell) -> None:
    done = shell.run("env", "audit", "library", "--out", "a.jsonl", "--drop", "1.0", "--kept", "none.jsonl")
    assert "none.jsonl is not written" in " ".join(done.stderr.split())
    assert not (shell.folder / "none.jsonl").exists()


def test_what_is_no_pack_gets_one_sentence(shell: Shell) -> None:
    for name in ("library", "no.jsonl"):
        done = shell.run("env", "card", name)
        assert done.returncode == 2 and "is no .jsonl pack" in done.stderr
