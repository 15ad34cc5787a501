"""The site of the documentation: built without a warning, with every command, every file's schema, and no dead link."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.support.shown_runs import play
from tests.test_house import ROOT

from toolworld.cli.app import VERBS


def build(source: Path, out: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(source), "-d", str(out)]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=ROOT)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a warning is an error."""
    out = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", out)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return out


def test_every_command_is_on_the_page_of_commands(site: Path) -> None:
    text = (site / "reference/commands/index.html").read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f"toolworld {verb}" not in text] == []
    assert "toolworld serve library --http 127.0.0.1:8765" in text and "--workers" in text
    assert "--as-worker" not in text  # hidden


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for loaded in ('src="http', '<link rel="stylesheet" href="http', "fonts.googleapis"):
            assert loaded not in text, page


def test_the_schemas_hold_for_what_is_written_and_for_nothing_else(site: Path, tmp_path: Path) -> None:
    runs = play(tmp_path / "runs", "--limit", "2")
    for name, file in (("trajectory", "trajectories.jsonl"), ("verdict", "verdicts.jsonl")):
        schema: dict[str, Any] = json.loads((site / f"schemas/{name}.json").read_text(encoding="utf-8"))
        validator = jsonschema_rs.validator_for(schema)
        lines = [json.loads(line) for line in (runs / file).read_text(encoding="utf-8").splitlines()]
        assert lines and all(validator.is_valid(line) for line in lines)
        assert not validator.is_valid({**lines[0], "unknown": 1})
        assert not validator.is_valid({key: value for key, value in lines[0].items() if key != schema["required"][0]})


def test_a_link_that_leads_nowhere_stops_the_building(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[gone](nowhere.md) and [lost](#no-such-place)\n")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    settings = settings.partition("\nnav:")[0].replace("hooks: [docs/reference_pages.py]\n", "")
    (tmp_path / "mkdocs.yml").write_text(settings)
    done = build(tmp_path / "mkdocs.yml", tmp_path / "out")
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr and "no-such-place" in done.stderr
