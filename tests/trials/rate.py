"""Many LLM-simulated episodes at once, played by the command as a user would: how near to the ideal rate they come,
what they survive, and that a budget stops them without anything being paid for twice."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
from tests.support.counters import counter_environment

from toolworld.datasets import ReferenceCall, Scenario, Task, derive_truth, fact_of
from toolworld.environments import Call, Runtime, SimulationPlan, save_folder
from toolworld.ground import write_lines

ROOT = Path(__file__).parents[2]
CALLS = 24
"""Calls of each episode."""


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    episodes: int = 0
    calls: int = 0
    seconds: float = 0
    ideal_seconds: float = 0
    share_of_ideal: float = 0
    survived: dict[str, int] = field(default_factory=dict[str, int])
    """What the endpoint did in the second run, in which every run was finished all the same."""
    paid_before_the_stop: int = 0
    paid_after: int = 0
    paid_twice: int = 0
    faults: list[str] = field(default_factory=list[str])


async def be_quick(folder: Path, episodes: int, seed: int = 0, say: Any = print, latency: float = 1.0) -> Findings:
    """Play episodes at once against an endpoint with latency: well, under faults, and on a budget."""
    findings = Findings(episodes, episodes * CALLS, ideal_seconds=CALLS * latency)
    await _write_world(folder, episodes, seed)
    with endpoint(latency, 0) as url:
        done = await _run(folder, "well", url, episodes)
        stats = _stats(url)
    findings.seconds = round(stats["seconds"], 2)
    findings.share_of_ideal = round(findings.ideal_seconds / stats["seconds"], 3)
    _expect(findings, "well", done, passed=episodes)
    if stats["answered"] != findings.calls:
        findings.faults.append(f"{stats['answered']} completions for {findings.calls} calls")
    say(f"{findings.share_of_ideal:.1%} of the ideal rate")
    with endpoint(latency / 10, 0.1) as url:
        done = await _run(folder, "ill", url, episodes, "--model-seconds", "3")
        findings.survived = _stats(url)["failed"]
    _expect(findings, "ill", done, passed=episodes)
    say(f"survived {findings.survived}")
    with endpoint(latency / 10, 0) as url:
        done = await _run(folder, "poor", url, episodes, "--budget", f"{findings.calls // 3}completions")
        _expect(findings, "poor", done, code=1, asked=episodes)
        findings.paid_before_the_stop = _stats(url)["answered"]
        done = await _run(folder, "poor", url, episodes)
        _expect(findings, "richer", done, passed=episodes)
        stats = _stats(url)
    findings.paid_after = stats["answered"] - findings.paid_before_the_stop
    findings.paid_twice = stats["answered_twice"]
    if findings.paid_before_the_stop != findings.calls // 3 or stats["answered"] != findings.calls:
        findings.faults.append(f"{findings.paid_before_the_stop}, then {findings.paid_after} completions were paid")
    if findings.paid_twice:
        findings.faults.append(f"{findings.paid_twice} completions were paid for twice")
    return findings


def _stats(url: str) -> dict[str, Any]:
    """Ask the endpoint what it did."""
    return httpx.get(f"{url}/stats").json()


async def _write_world(folder: Path, episodes: int, seed: int) -> None:
    """Write counters, one for each episode and each call of it, so that no two questions are the same."""
    start = counter_environment()
    rows = [{"name": f"c{number}", "count": number, "label": "x" * 200} for number in range(episodes)]
    state = start.initial_state.model_copy(update={"collections": {"counters": tuple(rows)}})
    environment = start.model_copy(update={"initial_state": state})
    save_folder(environment, folder / "counters")
    runtime = Runtime(environment, simulation=SimulationPlan(trusted=True))
    tasks: list[Task] = []
    for number in range(episodes):
        calls = tuple(Call(name="add", arguments={"name": f"c{number}", "amount": 1}) for _ in range(CALLS))
        reference, truth = await derive_truth(runtime, calls, (fact_of(str(number + CALLS)),), seed=seed)
        tasks.append(
            Task(
                id=f"counters/{number}",
                environment=environment.id,
                environment_version=environment.version,
                request=f"Add 1 to c{number}, {CALLS} times.",
                scenario=Scenario(goal="You want it counted up."),
                calls=tuple(ReferenceCall(call=made.call, result=made.result) for made in reference.calls),
                truth=truth,
                seed=seed,
            )
        )
    write_lines(folder / "tasks.jsonl", tasks)


async def _run(folder: Path, out: str, url: str, episodes: int, *more: str) -> subprocess.CompletedProcess[bytes]:
    world = [str(folder / "counters"), "--tasks", str(folder / "tasks.jsonl"), "--out", str(folder / out)]
    modelled = ["--simulator", "model", "--model", f"{url}/v1#m", "--concurrency", str(min(1024, episodes))]
    toolworld = [sys.executable, "-c", "from toolworld.cli import main; main()"]
    command = [*toolworld, "run", *world, *modelled, "--model-concurrency", str(episodes), "--json", *more]
    return await anyio.run_process(command, check=False, cwd=ROOT)


def _expect(
    findings: Findings, name: str, done: subprocess.CompletedProcess[bytes], code: int = 0, **counts: int
) -> None:
    """Note what a run came to otherwise than expected."""
    if done.returncode != code:
        findings.faults.append(
            f"{name}: exit {done.returncode}: {done.stderr.decode()[-500:]} {done.stdout.decode()[:500]}"
        )
        return
    told = json.loads(done.stdout)
    for key, value in counts.items():
        if told[key] != value:
            findings.faults.append(f"{name}: {key} is {told[key]}, not {value}")
    if told["asked"] != told["passed"] + told["failed"] + told["void"]:
        findings.faults.append(f"{name}: asked is not what became of it: {told}")


@contextmanager
def endpoint(latency: float, faults: float) -> Generator[str]:
    """Start the endpoint in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.support.slow_endpoint", str(port), str(latency), str(faults)]
    process = subprocess.Popen(command, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{url}/stats")
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()
