"""Questions from many seeds: explored by a model behind a slow endpoint, killed and resumed, and measured."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from anyio import to_thread
from tests.support.ports import free_port, wait_for
from tests.support.wide_world import write_world

from toolworld.datasets import near_pairs
from toolworld.rollout.questions.leakage import plain

LATENCY = 0.2
FILES = ("synthesized_qa.jsonl", "trajectories.jsonl", "tasks.jsonl", "rejected.jsonl", "manifest.json")


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    seeds: int = 0
    completions: int = 0
    calls: int = 0
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    questions: int = 0
    asked: int = 0
    kills: int = 0
    guessed: float = 0.0
    """The share of questions that the commonest answer of the same last relation, among the others, is right for."""
    near_duplicates: int = 0
    """Questions that share seven tenths of their words and pairs of words with an earlier one."""
    faults: list[str] = field(default_factory=list[str])


async def ask_many(folder: Path, seeds: int, seed: int = 0, kills: int = 3, say: Any = print) -> Findings:
    """Explore from so many seeds at width 2 and depth 5, once in one go and once killed again and again."""
    return await to_thread.run_sync(_ask_many, folder, seeds, seed, kills, say)


def _ask_many(folder: Path, seeds: int, seed: int, kills: int, say: Any) -> Findings:
    findings = Findings(seeds=seeds)
    config = _config(folder, seeds, seed)
    port = free_port()
    command = [sys.executable, "-m", "tests.support.exploring_endpoint", str(port), str(LATENCY)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as endpoint:
        try:
            wait_for(port)
            config.write_text(config.read_text().replace("PORT", str(port)))
            _in_one_go(config, folder / "whole", findings)
            say(f"{findings.questions} questions from {seeds} seeds in {findings.wall_seconds:.0f} s")
            _killed(config, folder / "killed", kills, findings)
        finally:
            endpoint.terminate()
    for name in FILES:
        if (folder / "whole" / name).read_bytes() != (folder / "killed" / name).read_bytes():
            findings.faults.append(f"{name} is another after it was killed")
    _measure(folder / "whole", findings)
    return findings


def _config(folder: Path, seeds: int, seed: int) -> Path:
    names = write_world(folder / "pages", seeds, seed)
    (folder / "seeds.jsonl").write_text("".join(json.dumps({"content": name}) + "\n" for name in names))
    place = folder / "config.json"
    place.write_text(
        json.dumps(
            {
                "resource_types": ["web"],
                "resource_init_configs": {"web": {"content": {"folder": "pages"}}},
                "seeds_file": "seeds.jsonl",
                "model_name": "explorer",
                "base_url": "http://127.0.0.1:PORT/v1",
                "max_depth": 5,
                "branching_factor": 2,
                "depth_threshold": 3,
                "min_depth": 4,
                "max_selected_traj": 2,
                "concurrency": 64,
                "synthesis_date": "2026-01-05",
            }
        )
    )
    return place


def _command(config: Path, out: Path) -> list[str]:
    command = Path(sys.executable).with_name("toolworld")
    return [str(command), "synthesize", str(config), "--out", str(out), "--json"]


def _in_one_go(config: Path, out: Path, findings: Findings) -> None:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(_command(config, out), capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    findings.wall_seconds = time.monotonic() - began
    findings.cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        findings.faults.append(f"exit code {done.returncode}: {done.stderr[-300:]}")
        return
    manifest = json.loads(done.stdout)
    findings.completions, findings.calls = manifest["usage"]["completions"], manifest["nodes"]
    findings.questions, findings.asked = manifest["questions"], manifest["questions_asked"]


def _killed(config: Path, out: Path, kills: int, findings: Findings) -> None:
    draw = random.Random(0)
    for _ in range(kills):
        with subprocess.Popen(_command(config, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(draw.uniform(0.3, 0.9) * max(2.0, findings.wall_seconds / 2))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            findings.kills += 1
    done = subprocess.run(_command(config, out), capture_output=True, text=True, check=False)
    if done.returncode:
        findings.faults.append(f"after {kills} kills: exit code {done.returncode}: {done.stderr[-300:]}")


def _measure(out: Path, findings: Findings) -> None:
    rows = [json.loads(line) for line in (out / "synthesized_qa.jsonl").read_text().splitlines()]
    by_relation: dict[str, list[str]] = {}
    for row in rows:
        by_relation.setdefault(_relation(row), []).append(row["answer"])
    right = 0
    for row in rows:
        others = Counter(by_relation[_relation(row)])
        others[row["answer"]] -= 1
        [(guess, count), *_] = others.most_common(1)
        right += count > 0 and guess == row["answer"]
    findings.guessed = right / max(1, len(rows))
    words = [plain(row["question"]).split() for row in rows]
    parts = [frozenset([*one, *(" ".join(pair) for pair in pairwise(one))]) for one in words]
    findings.near_duplicates = len({pair.second for pair in near_pairs(parts, 0.7)})


def _relation(row: dict[str, Any]) -> str:
    """What the question asks for: its first words."""
    return " ".join(row["question"].split()[:5])
