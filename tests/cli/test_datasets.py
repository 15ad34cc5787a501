"""`evaluate` and `datasets`, as a person types them."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_commands import Shell
from tests.support.samples import made_samples, with_code

from toolworld.datasets import sample_row


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    made = Shell(command, tmp_path)
    write(made, "real.jsonl", 40, 1)
    write(made, "other.jsonl", 30, 2)
    return made


def write(shell: Shell, name: str, count: int, seed: int) -> None:
    rows = [sample_row(with_code(one)) for one in made_samples(count, seed, with_output=True)]
    (shell.folder / name).write_bytes(b"\n".join(rows))


def loaded(shell: Shell, name: str) -> Any:
    return json.loads((shell.folder / name).read_text())


NO_MODEL = ("--embedder", "none")
PERTURB = ("datasets", "perturb", "real.jsonl", "--out", "x.jsonl", "--method")
SWEEP = ("datasets", "sweep", "real.jsonl", "--out", "s", "--method")
EVALUATE = ("evaluate", "real.jsonl", "other.jsonl", "--layout", "dialogue", "--bootstrap", "5", *NO_MODEL)


def test_a_report_is_a_table_a_page_and_json_and_the_same_in_both(shell: Shell) -> None:
    done = shell.run(*EVALUATE, "--json", "report.json", "--html", "report.html")
    assert done.returncode == 0, done.stderr
    report = loaded(shell, "report.json")
    named = {one["name"]: one for one in report["measures"]}
    assert "3-step planning" in done.stdout and "Left out:" in done.stdout
    assert f"{named['tool use']['value']:.3f}" in done.stdout
    assert named["tool use"]["low"] <= named["tool use"]["value"] <= named["tool use"]["high"]
    page = (shell.folder / "report.html").read_text()
    assert "Which tool follows which" in page and page.count("<svg") == 3
    assert "<script" not in page and "http" not in page
    bare = shell.run(*EVALUATE, "--json")
    assert json.loads(bare.stdout) == report
    first = shell.run(
        "evaluate", "--json", "--layout", "dialogue", "--bootstrap", "5", *NO_MODEL, "real.jsonl", "other.jsonl"
    )
    assert json.loads(first.stdout) == report


def test_the_original_numbers_are_written_under_its_names(shell: Shell, synae: Path) -> None:
    case = synae / "bfcl_oversample_r05"
    expected = json.loads((case / "expected.json").read_text())["original"]
    sides = [str(case / f"{side}.jsonl") for side in ("real", "syn")]
    table = ("--embeddings", str(synae / "embeddings.jsonl"))
    done = shell.run("evaluate", *sides, "--layout", "bfcl", *table, "--compat", "--json", "numbers.json")
    assert done.returncode == 0 and "Diversity: Vendi tool calling" in done.stdout, done.stderr
    found = loaded(shell, "numbers.json")
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key] == (None if value is None else pytest.approx(value, rel=1e-4, abs=1e-6)), key


def test_what_is_infinite_in_the_original_is_said_in_strict_json(shell: Shell) -> None:
    rows = [{"data": "user: hello", "tool_calls": code, "attrs": ATTRS} for code in ("f()", "")]
    for name, row in zip(("calls", "bare"), rows, strict=True):
        (shell.folder / f"{name}.jsonl").write_text(json.dumps(row))
    done = shell.run("evaluate", "calls.jsonl", "bare.jsonl", "--layout", "bfcl", "--compat", *NO_MODEL, "--json")
    assert json.loads(done.stdout)["Tool Calling: 1-step TV distance"] == "inf"


ATTRS = {"primary_api": "a", "secondary_api": "b", "conv_len": "short"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evaluate", "real.jsonl", "nothing.jsonl"), "nothing.jsonl cannot be read: no such file"),
        (("evaluate", "real.jsonl", "other.jsonl", "--compat", *NO_MODEL), "reads the layouts t1, bfcl, acp, and not"),
        (
            ("evaluate", "real.jsonl", "other.jsonl", "--embedder", "word2vec"),
            "'word2vec' names no model of embeddings",
        ),
        (("evaluate", "real.jsonl", "other.jsonl", "--embeddings", "real.jsonl"), "no column `text` or `key`"),
        (("evaluate", "real.jsonl", "other.jsonl", "--attribute", "colour"), "there is no field `colour`"),
        ((*PERTURB, "melt"), "there is no method 'melt'"),
        (
            ("datasets", "perturb", "real.jsonl", "--method", "fewshot", "--out", "x.jsonl"),
            "needs a model: give --model",
        ),
        (
            ("datasets", "sweep", "real.jsonl", "--method", "invalidate", "--values", "a", "--out", "s"),
            "--values are numbers",
        ),
        (("datasets", "split", "real.jsonl", "--shares", "a=0.5", "--out", "s"), "add up to 1, and not to 0.5"),
        (("datasets", "split", "real.jsonl", "--shares", "../a=1", "--out", "s"), "letters, digits, - and _"),
        (("datasets", "dedup", "real.jsonl", "--by", "colour"), "--by is words, calls, meaning"),
        (("datasets", "downstream", "library", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_2(
    shell: Shell, arguments: tuple[str, ...], said: str
) -> None:
    done = shell.run(*arguments)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert said in " ".join(done.stderr.split())
    assert not (shell.folder / "x.jsonl").exists()


def test_a_dataset_is_made_worse_swept_and_checked(shell: Shell) -> None:
    done = shell.run(*PERTURB[:3], "--method", "invalidate", "--value", "0.25", "--out", "bad.jsonl")
    assert done.returncode == 0 and "40 samples of 40, 10 changed" in done.stdout, done.stderr
    assert len(loaded(shell, "bad.made.json")["selected"]) == 10
    sweep = ("datasets", "sweep", "real.jsonl", "--method", "shuffle", "--values", "0,0.5", "--out", "sweep", *NO_MODEL)
    first = shell.run(*sweep)
    assert first.returncode == 0 and "2-step planning" in first.stdout and "rises" in first.stdout, first.stderr
    assert (shell.folder / "sweep" / "shuffle.html").exists()
    lines = (shell.folder / "sweep" / "sweep.jsonl").read_bytes()
    assert shell.run(*sweep, "--json").returncode == 0
    assert (shell.folder / "sweep" / "sweep.jsonl").read_bytes() == lines
    sane = shell.run("datasets", "sanity", "real.jsonl", "--label", "kind", *NO_MODEL)
    assert sane.returncode == 0 and "wrong" not in sane.stdout, sane.stdout


def test_samples_that_a_model_does_not_give_are_listed_and_the_exit_code_says_so(shell: Shell) -> None:
    said = {"turns": [{"speaker": "user", "text": "Something else."}], "calls": []}
    script = [{"value": {**said, "output": "yes"}}] * 3
    (shell.folder / "script.jsonl").write_text("\n".join(json.dumps(one) for one in script))
    write(shell, "few.jsonl", 3, 1)
    asked = ("--method", "fewshot", "--value", "1", "--model", "scripted:script.jsonl", "--out", "new.jsonl")
    done = shell.run("datasets", "perturb", "few.jsonl", *asked)
    assert done.returncode == 0 and "3 samples of 3" in done.stdout, done.stderr
    (shell.folder / "script.jsonl").write_text(json.dumps({"text": "no JSON", "again": True}))
    done = shell.run("datasets", "perturb", "few.jsonl", *asked[:-1], "none.jsonl")
    assert done.returncode == 2 and "0 of 3 samples could be made" in done.stderr
    assert len(loaded(shell, "none.made.json")["rejected"]) == 3


def test_copies_are_found_left_out_and_told_apart_from_a_benchmark(shell: Shell) -> None:
    lines = (shell.folder / "real.jsonl").read_bytes().splitlines()
    other = (shell.folder / "other.jsonl").read_bytes().splitlines()
    (shell.folder / "twice.jsonl").write_bytes(b"\n".join([*lines, *lines[:5]]))
    done = shell.run("datasets", "dedup", "twice.jsonl", "--out", "once.jsonl")
    assert "40 samples of 45 kept, 5 near duplicates" in done.stdout, done.stderr
    assert len((shell.folder / "once.jsonl").read_bytes().splitlines()) == 40
    clean = shell.run("datasets", "contamination", "real.jsonl", "--against", "other.jsonl", *NO_MODEL)
    assert clean.returncode == 0 and "0 samples of 40" in clean.stdout, clean.stdout
    (shell.folder / "dirty.jsonl").write_bytes(b"\n".join([*lines, other[0]]))
    dirty = shell.run("datasets", "contamination", "dirty.jsonl", "--against", "other.jsonl", *NO_MODEL, "--json")
    assert dirty.returncode == 1 and {one["by"] for one in json.loads(dirty.stdout)} == {"words", "calls"}


def test_a_split_keeps_environments_apart_and_a_card_describes_it(shell: Shell) -> None:
    shares = ("--shares", "train=0.7,test=0.3")
    done = shell.run("datasets", "split", "real.jsonl", *shares, "--out", "splits")
    assert done.returncode == 0, done.stdout + done.stderr
    sides = [
        {
            json.loads(line)["environment"]
            for line in (shell.folder / "splits" / f"{name}.jsonl").read_text().splitlines()
        }
        for name in ("train", "test")
    ]
    assert sides[0] and sides[1] and not sides[0] & sides[1]
    again = shell.run("datasets", "split", "real.jsonl", *shares, "--out", "splits")
    assert again.returncode == 2 and "is there already" in again.stderr
    files = [str(Path("splits") / f"{name}.jsonl") for name in ("train", "test")]
    card = shell.run("datasets", "card", *files, "--title", "Mine", "--licence", "CC-BY-4.0", "--out", "CARD.md")
    page = (shell.folder / "CARD.md").read_text()
    assert card.returncode == 0 and page.startswith("---\nlicense: cc-by-4.0\n") and "40 samples in 2 files" in page


def test_models_answer_two_sets_and_are_ranked_on_both(shell: Shell) -> None:
    answers = {"good": [{"output": "yes"}], "bad": [{"output": "no"}]}
    for name, [value] in answers.items():
        (shell.folder / f"{name}.jsonl").write_text(json.dumps({"value": value, "again": True}))
    for name, outputs in (("a", "yes yes no"), ("b", "yes yes yes no")):
        rows = [{"data": f"q{number}\nis it?\nOnly", "output": one} for number, one in enumerate(outputs.split())]
        (shell.folder / f"acp_{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    agents = [part for name in answers for part in ("--agent", f"scripted:{name}.jsonl")]
    done = shell.run("datasets", "downstream", "acp_a.jsonl", "acp_b.jsonl", "--layout", "acp", *agents, "--json")
    found = json.loads(done.stdout)
    assert found["difference"] == pytest.approx(1 / 12) and found["rank_agreement"] == 1
    assert found["rates"]["scripted:good.jsonl"] == [pytest.approx(2 / 3), 0.75]
