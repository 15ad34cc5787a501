"""Strangers' environments side by side: an honest one beside hostile ones, and hundreds at once."""

import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from tests.support.counters import COUNTER, counter_environment
from tests.support.processes import family, memory_mib

from toolworld.environments import Call, Runtime, SimulationPlan, Workers
from toolworld.ground import QuarantineError

HOSTILE = {
    "loop": "x = 0\n    for _ in range(1000000):\n        x = str(['a'] * 100000)\n    return x",
    "comparison": "x, y = [], []\n    for _ in range(60):\n        x, y = [x, x], [y, y]\n    return x == y",
    "search": "s, n = 'a' * 1000000, 0\n    for _ in range(1000000):\n        n += 'b' in s\n    return n",
    "growth": "return [str(n) + 'a' * 1000000 for n in range(100000)]",
    "text": "return str(['a' * 1000000] * 1000000)",
    "splitting": "return [('a,' * 500000).split(',') for _ in range(10000)]",
}
CALLERS = 4
GOAL_P99_MS = 20
SHOW = Call(name="show_count", arguments={"name": "a"})
ADD = Call(name="add", arguments={"name": "a"})


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    figures: dict[str, str] = field(default_factory=dict[str, str])
    faults: list[str] = field(default_factory=list[str])


async def live_beside(folder: Path, seconds: int, seed: int = 0) -> Findings:
    """Call an honest environment beside six hostile ones for some seconds, then hundreds of honest ones."""
    del folder
    findings = Findings()
    await _beside_hostile(seconds, findings)
    for count in (100, 1000):
        await _many(count, random.Random(seed), findings)
    return findings


async def _beside_hostile(seconds: float, findings: Findings) -> None:
    plan = SimulationPlan(workers=Workers())
    honest = Runtime(counter_environment(COUNTER), simulation=plan)
    hostile = {
        name: Runtime(counter_environment(f"def show_count(name):\n    {body}\n", id=name), simulation=plan)
        for name, body in HOSTILE.items()
    }
    waits, outcomes = list[float](), Counter[str]()
    deadline = time.monotonic() + seconds

    async def be_honest() -> None:
        while time.monotonic() < deadline:
            began = time.monotonic()
            event, _ = await honest.step(honest.start, SHOW)
            waits.append((time.monotonic() - began) * 1000)
            if event.failure is not None:
                findings.faults.append(f"the honest call failed: {event.failure}")
            await anyio.sleep(0.001)

    async def be_hostile(name: str, runtime: Runtime) -> None:
        while time.monotonic() < deadline:
            try:
                event, _ = await runtime.step(runtime.start, SHOW)
                outcomes["stopped" if event.failure else "answered"] += 1
                if event.failure is None:
                    findings.faults.append(f"the hostile {name} was answered")
            except QuarantineError:
                outcomes["in quarantine"] += 1
                await anyio.sleep(0.05)

    async with anyio.create_task_group() as group:
        for _ in range(CALLERS):
            group.start_soon(be_honest)
            for name, runtime in hostile.items():
                group.start_soon(be_hostile, name, runtime)
    plan.workers.close()
    p50, p99 = statistics.median(waits), sorted(waits)[int(len(waits) * 0.99)]
    figures = f"{len(waits):,} calls, p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {max(waits):.0f} ms"
    findings.figures["honest beside six hostile"] = figures
    findings.figures["hostile"] = ", ".join(f"{count:,} {what}" for what, count in outcomes.items())
    if p99 > GOAL_P99_MS:
        findings.faults.append(f"the honest environment waits {p99:.0f} ms at the 99th percentile")


async def _many(count: int, rng: random.Random, findings: Findings) -> None:
    """Call so many environments at random, and then in episodes of 20 calls each."""
    plan = SimulationPlan(workers=Workers())
    runtimes = [Runtime(counter_environment(COUNTER, id=f"counters-{n}"), simulation=plan) for n in range(count)]
    for kind, episodes, length in (("at random", 500, 1), ("in episodes of 20", 200, 20)):
        loads, began = plan.workers.loads, time.monotonic()

        async def play(runtime: Runtime, length: int = length) -> None:
            snapshot = runtime.start
            for _ in range(length):
                event, snapshot = await runtime.step(snapshot, ADD)
                if event.failure is not None:
                    findings.faults.append(str(event.failure))

        async def player(quota: int) -> None:
            for _ in range(quota):
                await play(rng.choice(runtimes))

        async with anyio.create_task_group() as group:
            for _ in range(16):
                group.start_soon(player, episodes // 16)
        calls, seconds = episodes // 16 * 16 * length, time.monotonic() - began
        loaded = plan.workers.loads - loads
        held = f"{memory_mib(family()):,.0f} MiB with workers"
        findings.figures[f"{count} environments, {kind}"] = f"{calls / seconds:,.0f} calls/s, {loaded} loads, {held}"
    plan.workers.close()
