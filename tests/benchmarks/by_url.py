"""Rollouts as trainers have them: the command in its processes, a server in its own, and a model behind an endpoint."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import anyio
import orjson
from tests.benchmarks.figures import Figure
from tests.benchmarks.over_http import free_port, started
from tests.support.processes import cpu_seconds

from toolworld.datasets import Task, TaskSuite, load_suite
from toolworld.rollout import PlannedRun, ScriptedAgent, ScriptedUser, play, script_of
from toolworld.server import InProcessHost, open_episodes

AT_ONCE, FEW, MANY, ROUNDS = 64, 64, 320, 3
CALLS = 5


class Cost(NamedTuple):
    """What a batch of rollouts took."""

    runner: float
    """CPU seconds of the command with all its processes."""
    server: float
    endpoint: float
    wall: float


async def measure_by_url() -> list[Figure]:
    """Measure graded rollouts at a URL: many less few, so that starting the command does not count."""
    suite = await load_suite(["hotel"])
    task = next(task for task in suite.tasks if len(task.calls) == CALLS)
    with tempfile.TemporaryDirectory() as name:
        folder, endpoint, server = Path(name), free_port(), free_port()
        (folder / "turns.json").write_bytes(await _turns(suite, task))
        python = [sys.executable, "-m", "tests.benchmarks.scripted_endpoint", str(endpoint), str(folder / "turns.json")]
        served = [_toolworld(), "serve", "hotel", "--http", f"127.0.0.1:{server}", "--store", str(folder / "s.sqlite")]
        async with AsyncExitStack() as stack:
            models = await stack.enter_async_context(started(python, f"http://127.0.0.1:{endpoint}/"))
            host = await stack.enter_async_context(started(served, f"http://127.0.0.1:{server}/healthz"))
            run = [_toolworld(), "run", "hotel", "--task", task.id, "--url", f"http://127.0.0.1:{server}"]
            run += ["--agent", f"http://127.0.0.1:{endpoint}/v1#m", "--concurrency", str(AT_ONCE), "--json"]
            rounds = [await _round(run, folder / str(number), host, models) for number in range(ROUNDS)]
    cost = min(rounds, key=lambda cost: cost.runner + cost.server + cost.endpoint)
    shares = f"{cost.runner * 1000:.3g} runner, {cost.server * 1000:.3g} server, {cost.endpoint * 1000:.3g} endpoint"
    what = f"a graded {CALLS}-call rollout by URL, model behind an endpoint (64 at once; {shares})"
    all_ms = (cost.runner + cost.server + cost.endpoint) * 1000
    return [
        Figure(what, all_ms, "ms", 20.0, peers="33-40 NeMo Gym, 51 OpenEnv (not graded)"),
        Figure(
            "the same, on the wall clock", 1 / min(cost.wall for cost in rounds), "a second", 50.0, True, "46 NeMo Gym"
        ),
    ]


async def _turns(suite: TaskSuite, task: Task) -> bytes:
    """What an agent says that plays the task right, as a list of messages."""
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        run = PlannedRun(task, task.seed)
        async with InProcessHost(episodes).session(run) as session:
            played = await play(run, ScriptedAgent(script_of(task)), ScriptedUser(task), session)
    return orjson.dumps([dict(message.wire()) for message in played.messages if message.role == "assistant"])


async def _round(run: list[str], out: Path, host: int, models: int) -> Cost:
    few = await _play(run, out.with_suffix(".few"), FEW, host, models)
    many = await _play(run, out.with_suffix(".many"), MANY, host, models)
    return Cost(*((more - less) / (MANY - FEW) for more, less in zip(many, few, strict=True)))


async def _play(run: list[str], out: Path, trials: int, host: int, models: int) -> Cost:
    before, start = (cpu_seconds(host), cpu_seconds(models)), time.monotonic()
    runner = await anyio.to_thread.run_sync(_cpu_of, [*run, "--trials", str(trials), "--out", str(out)], trials)
    wall = time.monotonic() - start
    return Cost(runner, cpu_seconds(host) - before[0], cpu_seconds(models) - before[1], wall)


def _cpu_of(command: list[str], passed: int) -> float:
    """Run the command, see that all runs have passed, and return the CPU time of it and its processes."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or orjson.loads(told)["passed"] != passed:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {told.decode()[:500]}")
    return used.ru_utime + used.ru_stime


def _toolworld() -> str:
    return str(Path(sys.executable).with_name("toolworld"))
