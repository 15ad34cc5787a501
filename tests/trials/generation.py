"""Rows from a quick model behind an endpoint with 20 ms: how many a second, in how much memory, killed and resumed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio import to_thread
from tests.support.ports import free_port, wait_for

LATENCY, AT_ONCE, KILLS = 0.02, 64, 20
MOST_MEGABYTES = 500
_ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    calls_per_second: float = 0.0
    """Of 2,000 calls, 64 at a time; the best of three processes, each with its start."""
    calls_per_second_of_many: float = 0.0
    rows: int = 0
    megabytes: float = 0.0
    """The peak of the process that made them."""
    again_seconds: float = 0.0
    """A run again, without a change."""
    again_calls: int = 0
    other_system_calls: int = 0
    other_system_rows: int = 0
    kills: int = 0
    lost_in_flight: int = 0
    """Calls that were made twice, since the process was killed before their reply was there."""
    faults: list[str] = field(default_factory=list[str])


async def generate_many(folder: Path, rows: int, seed: int = 0) -> Findings:
    """Generate so many rows, and a tenth of them in each of the other parts."""
    return await to_thread.run_sync(_generate_many, folder, rows, seed)


def _generate_many(folder: Path, rows: int, seed: int) -> Findings:
    found, port = Findings(rows=rows), free_port()
    command = [sys.executable, "-m", "tests.support.quick_endpoint", str(port), str(LATENCY)]
    with subprocess.Popen(command, cwd=_ROOT) as endpoint:
        try:
            wait_for(port)
            _rate(folder, port, found)
            _at_any_concurrency(folder, port, max(100, rows // 200), found)
            _again(folder, port, max(200, rows // 10), found)
            _killed(folder, port, max(200, rows // 10), seed, found)
            _many(folder, port, rows, found)
        finally:
            endpoint.terminate()
    return found


def _command(port: int, rows: int, at_once: int, output: Path, *system: str) -> list[str]:
    url = f"http://127.0.0.1:{port}/v1"
    return [sys.executable, "-m", "tests.support.generate_rows", url, str(rows), str(at_once), str(output), *system]


def _run(command: list[str], found: Findings) -> dict[str, Any]:
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        found.faults.append(f"exit code {done.returncode}: {done.stderr[-300:]}")
        return {"rows": 0, "seconds": 1.0, "replies": 0, "megabytes": 0.0}
    return json.loads(done.stdout)


def _rate(folder: Path, port: int, found: Findings) -> None:
    for number in range(3):
        said = _run(_command(port, 2_000, AT_ONCE, folder / f"rate-{number}.jsonl", f"Rate {number}"), found)
        found.calls_per_second = max(found.calls_per_second, said["replies"] / said["seconds"])


def _at_any_concurrency(folder: Path, port: int, rows: int, found: Findings) -> None:
    made: list[bytes] = []
    for at_once in (1, AT_ONCE):
        place = folder / f"at-{at_once}.jsonl"
        _run(_command(port, rows, at_once, place, "Whatever is in flight"), found)
        made.append(place.read_bytes() + place.with_suffix(".rejected.jsonl").read_bytes())
    if made[0] != made[1]:
        found.faults.append("one at a time and 64 at a time gave other bytes")


def _again(folder: Path, port: int, rows: int, found: Findings) -> None:
    place = folder / "again.jsonl"
    _run(_command(port, rows, AT_ONCE, place), found)
    bytes_before, asked = place.read_bytes(), _asked(port)["asked"]
    found.again_seconds = round(_run(_command(port, rows, AT_ONCE, place), found)["seconds"], 3)
    found.again_calls = _asked(port)["asked"] - asked
    if found.again_calls or place.read_bytes() != bytes_before:
        found.faults.append(f"a run again made {found.again_calls} calls, or other rows")
    said = _run(_command(port, rows, AT_ONCE, folder / "again.jsonl", "Another system message"), found)
    found.other_system_calls, found.other_system_rows = _asked(port)["asked"] - asked, said["replies"]
    if found.other_system_calls != found.other_system_rows:
        found.faults.append(f"another system message: {found.other_system_calls} calls for {said['replies']} replies")


def _killed(folder: Path, port: int, rows: int, seed: int, found: Findings) -> None:
    whole, killed = folder / "whole.jsonl", folder / "killed.jsonl"
    took = _run(_command(port, rows, AT_ONCE, whole, "Killed"), found)["seconds"]
    draw, before = random.Random(seed), _asked(port)["again"]
    for _ in range(KILLS):
        with subprocess.Popen(
            _command(port, rows, AT_ONCE, killed, "Killed"), cwd=_ROOT, stdout=subprocess.DEVNULL
        ) as process:
            # What was paid for before is not waited for again, so a run dies at another place each time.
            time.sleep(0.6 + draw.random() * max(0.3, took / 8))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            found.kills += 1
    _run(_command(port, rows, AT_ONCE, killed, "Killed"), found)
    # The same requests were made for the whole run: those of the killed one come again anyway, once each.
    found.lost_in_flight = _asked(port)["again"] - before - _lines(whole.with_suffix(".replies.jsonl"))
    if killed.read_bytes() != whole.read_bytes():
        found.faults.append("killed and resumed gave other bytes")
    instructions = [json.loads(line)["instruction"] for line in killed.read_text().splitlines()]
    if len({*instructions}) != rows:
        found.faults.append(f"{rows} rows, of which {len({*instructions})} differ")
    if not 0 <= found.lost_in_flight <= KILLS * AT_ONCE:
        found.faults.append(f"{found.lost_in_flight} calls were made twice")


def _many(folder: Path, port: int, rows: int, found: Findings) -> None:
    said = _run(_command(port, rows, AT_ONCE, folder / "many.jsonl", "Many"), found)
    found.megabytes = round(said["megabytes"])
    found.calls_per_second_of_many = round(said["replies"] / said["seconds"])
    found.calls_per_second = round(found.calls_per_second)
    if said["megabytes"] > MOST_MEGABYTES:
        found.faults.append(f"{rows} rows took {said['megabytes']:.0f} MB")
    if said["rows"] != rows:
        found.faults.append(f"{said['rows']} of {rows} rows")


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _asked(port: int) -> dict[str, int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/asked", timeout=30) as answer:
        return json.load(answer)
