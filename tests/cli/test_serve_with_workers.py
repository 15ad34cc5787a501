"""`toolworld serve --workers`: several processes at one address, of which each answers for every episode."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.support.postgres import postgres_server
from tests.support.processes import lives

from toolworld.server import StoreAddress, open_environment

CALL = {"name": "update_contact", "arguments": {"patron_id": "B2040", "email": "a@example.org"}}


@contextmanager
def serving(
    command: list[str], store: StoreAddress, log: Path, *more: str
) -> Generator[tuple["subprocess.Popen[bytes]", str]]:
    options = ["serve", "library", "--http", "127.0.0.1:0", "--workers", "2", "--store", str(store), *more]
    (log.parent / "secrets.py").write_text("raise RuntimeError('a file of the folder was imported')")
    with (
        log.open("wb") as out,
        subprocess.Popen([*command, *options], stdout=out, stderr=out, cwd=log.parent) as process,
    ):
        try:
            while (found := re.search(r"serves at http://127.0.0.1:(\d+)", log.read_text())) is None:
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            wait_for_both(int(found[1]))
            yield process, f"http://127.0.0.1:{found[1]}"
        finally:
            process.kill()


def wait_for_both(port: int) -> None:
    """Wait until two processes listen at a port."""
    listening = re.compile(rf"(?m)^ *\d+: \w+:{port:04X} \w+:0000 0A ")
    for _ in range(800):
        if len(listening.findall(Path("/proc/net/tcp").read_text())) == 2:
            return
        time.sleep(0.05)
    raise AssertionError("two workers do not come up")


def workers(parent: int) -> list[int]:
    """The workers that have started to serve."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(one) for one in children if b"--as-worker" in Path(f"/proc/{one}/cmdline").read_bytes()]


def wait_until_gone(processes: list[int]) -> None:
    for _ in range(200):
        if not any(map(lives, processes)):
            return
        time.sleep(0.05)
    raise AssertionError(f"some of {processes} live on")


def test_any_worker_answers_for_any_episode_and_one_that_dies_is_started_again(
    command: list[str], store_address: StoreAddress, tmp_path: Path
) -> None:
    with serving(command, store_address, tmp_path / "log") as (process, base):
        with httpx.Client(base_url=base) as first:
            episode = first.post("/episodes", json={"environment": "library"}).json()["id"]
        answered = 0
        for step in range(24):  # a connection each, so that the kernel chooses among the workers
            with httpx.Client(base_url=base, timeout=20) as client:
                done = client.post(f"/episodes/{episode}/calls", json={**CALL, "step": step})
                assert done.status_code == 200, done.text
                counts = re.findall(r"(?m)^toolworld_calls_total\{.*\} (\d+)", client.get("/metrics").text)
                answered = max(answered, sum(map(int, counts)))
        assert 0 < answered < 24, "one worker answered all"
        log = httpx.get(f"{base}/episodes/{episode}/log").json()
        assert [event["step"] for event in log] == list(range(24))
        [one, other] = workers(process.pid)
        os.kill(one, signal.SIGKILL)
        for _ in range(200):
            if len({*workers(process.pid)} - {one}) == 2:
                break
            time.sleep(0.05)
        assert other in workers(process.pid)
        assert "a worker ended with code -9 and is started again" in (tmp_path / "log").read_text()
        both = workers(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        wait_until_gone(both)


def test_workers_end_with_the_process_that_started_them(command: list[str], tmp_path: Path) -> None:
    with serving(command, tmp_path / "s.sqlite", tmp_path / "log") as (process, _):
        both = workers(process.pid)
        process.kill()
        wait_until_gone(both)


def test_workers_that_cannot_work_end_it_with_a_sentence(command: list[str], tmp_path: Path) -> None:
    """A store that is there when they are announced, and is none when they start."""
    options = ["serve", "library", "--http", "127.0.0.1:0", "--workers", "2", "--store", str(tmp_path / "s.sqlite")]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            if "workers share" in line:
                break
            if line.startswith("Control API"):
                for path in tmp_path.glob("s.sqlite*"):
                    path.unlink()
                (tmp_path / "s.sqlite").write_bytes(b"no database " * 100)
        said = process.stderr.read()
        assert process.wait(timeout=30) == 2
    assert "file is not a database" in said
    assert "a worker ended with code 2 before it could serve, 3 times in a row" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--workers", "2"], "name one with --store"),
        (["--workers", "2", "--store", "s.sqlite", "--open"], "--open is for a server with TOOLWORLD_TOKEN set"),
        (["--workers", "2", "--store", "s.sqlite", "--nemo-gym", "127.0.0.1:0"], "--nemo-gym is spoken by one process"),
        (["--workers", "2", "--store", "s.sqlite", "--stdio"], "mean nothing to --stdio"),
    ],
)
def test_what_workers_could_not_share_is_refused(
    command: list[str], tmp_path: Path, options: list[str], told: str
) -> None:
    done = subprocess.run([*command, "serve", "library", *options], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr


def test_an_address_that_somebody_else_listens_at_is_not_shared(command: list[str], tmp_path: Path) -> None:
    with serving(command, tmp_path / "s.sqlite", tmp_path / "log") as (_, base):
        options = ["--workers", "2", "--store", str(tmp_path / "t.sqlite"), "--http", base.removeprefix("http://")]
        done = subprocess.run([*command, "serve", "library", *options], capture_output=True, text=True)
    assert done.returncode == 2
    assert "address already in use" in done.stderr


PATRONS = ("B2053", "B2183")


async def patrons() -> dict[str, Any]:
    """What the program says of each."""
    async with open_environment("library") as library, library.episode() as episode:
        return {one: (await episode.call("get_patron", patron_id=one)).result for one in PATRONS}


def test_workers_share_what_models_have_answered_and_the_budget_for_it(
    command: list[str], store_address: StoreAddress, tmp_path: Path
) -> None:
    """One completion may be paid for: its question is answered by every worker, and no other one by any."""
    known = anyio.run(patrons)
    script = tmp_path / "script.jsonl"
    answers = (
        {"when": f'"{one}"', "value": {"error": None, "result": result}, "again": True} for one, result in known.items()
    )
    script.write_text("".join(json.dumps(one) + "\n" for one in answers))
    models = ("--simulator", "model", "--model", f"scripted:{script}", "--budget", "1completions")
    with serving(command, store_address, tmp_path / "log", *models) as (_, base):
        statuses: dict[str, set[int]] = {one: set() for one in PATRONS}
        for one in PATRONS * 8:
            with httpx.Client(base_url=base, timeout=30) as client:
                episode = client.post("/episodes", json={"environment": "library"}).json()["id"]
                call = {"name": "get_patron", "arguments": {"patron_id": one}}
                statuses[one].add(client.post(f"/episodes/{episode}/calls", json=call).status_code)
    assert statuses["B2053"] == {200} and 200 not in statuses["B2183"]
    told = subprocess.run([*command, "store", "stats", str(store_address), "--json"], capture_output=True, text=True)
    assert json.loads(told.stdout)["spent"] == {"completions": 1}


@pytest.mark.timeout(120)
def test_a_worker_that_dies_while_the_database_is_away_takes_no_other_with_it(
    command: list[str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        postgres_server(tmp_path_factory.mktemp("away")) as database,
        serving(command, database.dsn, tmp_path / "log") as (process, base),
    ):
        database.kill()
        os.kill(workers(process.pid)[0], signal.SIGKILL)
        said = tmp_path / "log"
        for _ in range(400):
            if said.read_text().count("is started again") >= 4:
                break
            time.sleep(0.05)
        assert process.poll() is None, said.read_text()
        database.start()
        deadline = time.monotonic() + 45
        while (opened := status_of_opening(base)) != 201:  # nobody listens where both were still starting
            assert time.monotonic() < deadline, f"{opened}: {said.read_text()}"
            time.sleep(0.2)
        assert process.poll() is None


def status_of_opening(base: str) -> int | None:
    try:
        return httpx.post(f"{base}/episodes", json={"environment": "library"}, timeout=40).status_code
    except httpx.TransportError:
        return None
