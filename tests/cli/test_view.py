"""`toolworld view` and `--view`, as commands."""

import json
import os
import re
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.support.shown_runs import command, play


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play(tmp_path_factory.mktemp("view") / "mine", "--limit", "3")


def view(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command("view", *map(str, arguments)), capture_output=True, text=True, check=False)


def test_pages_are_written_and_counted(runs: Path, tmp_path: Path) -> None:
    done = view(runs, "--out", tmp_path / "site", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    files = [file for file in (tmp_path / "site").rglob("*") if file.suffix in (".html", ".json")]
    assert (told["pages"], told["problems"]) == (len(files), [])
    assert told["bytes"] == sum(file.stat().st_size for file in files)


def test_what_cannot_be_shown_is_listed_with_exit_code_2_and_the_rest_is_written(runs: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    lines = (runs / "trajectories.jsonl").read_text().splitlines()
    half = json.dumps({"id": "x", "log": [], "environment": "library"})
    (broken / "trajectories.jsonl").write_text("\n".join([lines[0], half, "nonsense", lines[1]]) + "\n")
    done = view(broken, "--out", tmp_path / "site")
    assert done.returncode == 2
    assert "trajectories.jsonl:3" in done.stderr
    assert "left out: x:" in done.stderr
    assert "Traceback" not in done.stderr
    assert len([*(tmp_path / "site" / "runs").rglob("*.json")]) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "there is no nowhere"),
        (["{runs}", "--out", "{runs}"], "which is no page of ours"),
        (["{runs}", "--out", "{runs}/trajectories.jsonl"], "is a file"),
        (["{runs}", "--out", "x", "--http", "127.0.0.1:0"], "choose one"),
        (["{runs}", "--json"], "--json is for --out"),
        (["{runs}", "--env", "nowhere"], "nowhere"),
        (["{runs}", "--http", "elsewhere"], "is not HOST:PORT"),
    ],
)
def test_bad_input_is_one_sentence_with_exit_code_2(runs: Path, arguments: list[str], told: str) -> None:
    done = view(*(one.replace("{runs}", str(runs)) for one in arguments))
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def watched(*arguments: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """A command that serves pages, and the address that it prints for them."""
    env = {**os.environ, "TOOLWORLD_TOKEN": "", "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
    ) as process:
        assert process.stdout is not None
        yield process, next(found[0] for line in process.stdout if (found := re.search(r"http://\S+code=\S+", line)))
        process.terminate()
        process.communicate(timeout=60)


def first_page(client: httpx.Client, address: str) -> httpx.Response:
    """The page at an address at which somebody is about to listen."""
    for _ in range(200):
        try:
            return client.get(address)
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError("nobody listens")


def test_the_address_that_is_printed_lets_its_reader_in_and_nobody_else(runs: Path) -> None:
    with watched("view", str(runs)) as (process, address), httpx.Client(follow_redirects=True) as client:
        page = first_page(client, address)
        assert "3 runs" in page.text
        assert "code=" not in str(page.url)
        assert httpx.get(address.partition("/enter")[0] + "/index.html").status_code == 401
    assert process.returncode == 0


def test_pages_fill_while_runs_are_played_and_a_browser_is_told(tmp_path: Path) -> None:
    many = ("--trials", "40", "--concurrency", "2", "--out", str(tmp_path / "live"), "--view")
    counts: list[int] = []
    with (
        watched("run", "library", *many) as (_, address),
        httpx.Client(follow_redirects=True, timeout=20) as client,
    ):
        page = first_page(client, address)
        with client.stream("GET", address.partition("/enter")[0] + "/live") as events:
            for line in events.iter_lines():
                if line.startswith("data:"):
                    page = client.get(page.url)
                    counts.append(int(re.findall(r'class="why">([\d,]+) runs?', page.text)[0].replace(",", "")))
                if len(counts) > 2:
                    break
    assert counts == sorted(counts)
    assert len({*counts}) > 1
