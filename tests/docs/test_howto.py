"""The pages on how to do something, typed in as they stand."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.docs.test_snippets import blocks
from tests.test_house import ROOT

FOLDER = ROOT / "docs" / "howto"


def page(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def typed(command: list[str], folder: Path, text: str) -> str:
    """Type in the lines of a page, and return what they print."""
    said = ""
    for line in (line for block in blocks(text, "sh") for line in block.splitlines()):
        words = [word.replace("python server.py", f"{sys.executable} server.py") for word in shlex.split(line)]
        assert words[0] == "toolworld"
        done = subprocess.run([*command, *words[1:]], capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, f"{line}: {done.stdout[-1000:]}{done.stderr[-1000:]}"
        said += done.stdout
    return said


def test_every_page_is_tried_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {"openapi", "mcp_server", "my_agent", "my_dataset"}


def test_an_openapi_file_becomes_an_environment_with_tasks(command: list[str], tmp_path: Path) -> None:
    [document] = blocks(page("openapi"), "yaml")
    (tmp_path / "shop.yaml").write_text(document, encoding="utf-8")
    said = typed(command, tmp_path, page("openapi"))
    assert "3 of 3 items imported" in said and "5 passed, 0 failed" in said


def test_an_mcp_server_becomes_an_environment(command: list[str], tmp_path: Path) -> None:
    [server] = blocks(page("mcp_server"), "python")
    (tmp_path / "server.py").write_text(server, encoding="utf-8")
    said = typed(command, tmp_path, page("mcp_server"))
    assert "2 of 2 items imported" in said and "0 errors, 2 warnings" in said


def test_an_agent_is_graded_as_the_page_shows(tmp_path: Path) -> None:
    [agent] = blocks(page("my_agent"), "python")
    (tmp_path / "agent.py").write_text(agent, encoding="utf-8")
    done = subprocess.run([sys.executable, "agent.py"], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout and done.stdout in page("my_agent")


def test_two_datasets_of_one_source_are_alike_and_a_worse_one_is_not(command: list[str], tmp_path: Path) -> None:
    said = typed(command, tmp_path, page("my_dataset"))
    alike, worse = map(int, re.findall(r"(\d+) of \d+ measures are further", said))
    assert alike <= 3 < 10 <= worse
    assert (tmp_path / "report.html").is_file()
