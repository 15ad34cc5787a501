"""The tutorial, typed in as it stands."""

import shlex
import subprocess
import sys
from pathlib import Path

from tests.docs.test_snippets import blocks
from tests.test_house import ROOT

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_every_command_does_what_it_should(command: list[str], tmp_path: Path) -> None:
    said = ""
    for line in (line for block in blocks(PAGE, "sh") for line in block.splitlines()):
        words = shlex.split(line)
        assert words[0] == "toolworld"
        done = subprocess.run([*command, *words[1:]], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        said += done.stdout
    assert "1 passed" in said and "1 failed" in said and "2 passed" in said


def test_the_learner_learns_as_the_page_shows(tmp_path: Path) -> None:
    [learner] = blocks(PAGE, "python")
    (tmp_path / "learn.py").write_text(learner, encoding="utf-8")
    done = subprocess.run([sys.executable, "learn.py"], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout and done.stdout in PAGE
    assert float(done.stdout.splitlines()[-1].split()[3]) > 0.9
