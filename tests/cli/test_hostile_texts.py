"""Texts of strangers are shown as they are: no markup of theirs is read, and nothing steers the terminal."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.hostile_texts import HOSTILE, MARK, UNSAFE, hostile_folder

VERBS = (
    "env show h",
    "env check h",
    "env stats h",
    "env call h get_patron",
    "env pack pack.jsonl h",
    "env search patron pack.jsonl",
    "env diff h library",
    "tasks list h",
    "tasks show h --task library/renew_one",
    "run h --task library/renew_one --out runs",
    "judge file runs --env h",
    "judge show runs --env h",
    "export chat runs --out chat.jsonl --env h",
    "env show no/such/qzq[/nope][red]\x1b[2J",
    "run h --task qzq[/nope][red]\x1b[2J",
)

SWALLOWED = re.compile(r"qzq(?!\[/nope\]\[red\]|[\[/nope\]rd]*\.\.\.)")
"""The mark without what belongs to it, and not because it was cut there."""


def shown(folder: Path, *words: str, **variables: str) -> tuple[int, str]:
    """What a verb prints, on a wide screen that is no terminal."""
    command = [sys.executable, "-c", "from toolworld.cli import main; main()", *words]
    surroundings = {**os.environ, "COLUMNS": "900", **variables}
    done = subprocess.run(command, cwd=folder, capture_output=True, env=surroundings, timeout=120)
    return done.returncode, (done.stdout + done.stderr).decode()


def test_no_verb_reads_markup_or_passes_control_codes_of_a_stranger_on(tmp_path: Path) -> None:
    hostile_folder(tmp_path / "h")
    seen = 0
    for verb in VERBS:
        code, text = shown(tmp_path, *verb.split(" "))
        assert code in (0, 1, 2) and "Traceback" not in text, (verb, text[-2000:])
        assert not [mark for mark in UNSAFE if mark in text], verb
        assert not SWALLOWED.search(text), (verb, [line for line in text.splitlines() if "qzq" in line])
        seen += text.count(MARK)
    assert seen > 30  # or the hostile texts were not shown at all


def test_json_for_programs_steers_no_terminal_and_says_the_same(tmp_path: Path) -> None:
    hostile_folder(tmp_path / "h")
    code, text = shown(tmp_path, "tasks", "list", "h", "--json")
    assert code == 0 and not [mark for mark in UNSAFE if mark in text]
    assert all(one["request"].endswith(HOSTILE) for one in json.loads(text))


@pytest.mark.parametrize("verb", ["env show bank_cards", "env check library", "tasks list clinic"])
def test_output_is_utf8_where_the_locale_is_not(tmp_path: Path, verb: str) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code, text = shown(tmp_path, *verb.split(), **plain)
    assert code == 0 and "Traceback" not in text
    assert text == shown(tmp_path, *verb.split(), LC_ALL="C.UTF-8")[1]
