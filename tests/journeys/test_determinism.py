"""Two processes that are given the same environment, seed and calls write the same bytes."""

import os
import sqlite3
import subprocess
from pathlib import Path

import pytest


def written(command: list[str], out: Path, hash_seed: str, *options: str) -> dict[str, bytes]:
    subprocess.run(
        [*command, "run", "library", "--out", str(out), "--store", str(out / "s.sqlite"), *options],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    )
    store = sqlite3.connect(out / "s.sqlite")
    events = sorted(row[0] for row in store.execute("SELECT event FROM events"))
    store.close()
    files = {name: (out / name).read_bytes() for name in ("trajectories.jsonl", "verdicts.jsonl")}
    return {**files, "log": b"\n".join(events)}


@pytest.mark.parametrize("options", [(), ("--seed", "7"), ("--mutation", "changed_argument")])
def test_two_processes_write_the_same_bytes(command: list[str], tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = written(command, tmp_path / "one", "1", *options, "--concurrency", "1")
    two = written(command, tmp_path / "two", "2", *options, "--concurrency", "16")
    assert one == two
    assert all(one.values())


def test_another_seed_writes_other_ids(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = written(command, tmp_path / "one", "1")
    two = written(command, tmp_path / "two", "1", "--seed", "1")
    assert one["log"] != two["log"]
    assert b'"outcome":"fail"' not in two["verdicts.jsonl"]
