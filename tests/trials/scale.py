"""Many episodes: 100,000 in one store, 10,000 live at once; what they cost in time, memory and disk."""

import gc
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.support.served import resident

from toolworld.datasets import load_suite
from toolworld.environments import Call, Environment
from toolworld.server import open_episodes

AT_ONCE = 64
LIVE_SHARE = 10
CALLS = (
    Call(name="find_patron", arguments={"name": "Amira Okafor", "postcode": "RV3 2LN"}),
    Call(name="update_contact", arguments={"patron_id": "B2040", "phone": "01632 960461"}),
    Call(name="renew_loan", arguments={"loan_id": "L5101"}),
)


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    figures: dict[str, str] = field(default_factory=dict[str, str])
    faults: list[str] = field(default_factory=list[str])


async def grow(folder: Path, episodes: int, seed: int = 0, say: Any = print) -> Findings:
    """Open so many episodes with a call each, then keep a tenth of them live with more calls."""
    del seed
    path, findings = folder / "scale.sqlite", Findings()
    environments = (await load_suite(["library"])).environments
    ids = await _many_idle(environments, path, episodes, findings, say)
    await _many_live(environments, path, ids[::LIVE_SHARE], findings)
    for name, value in findings.figures.items():
        say(f"{name:40} {value}")
    return findings


async def _many_idle(
    environments: list[Environment], path: Path, episodes: int, findings: Findings, say: Any
) -> list[str]:
    gc.collect()
    start, ids = resident(), list[str]()
    async with open_episodes(environments, store=path, memory=32 << 20) as opened:

        async def fill(turns: Iterator[Any]) -> None:
            for _ in turns:
                episode = await opened.open("library")
                await episode.call(CALLS[1])
                ids.append(episode.id)
                if len(ids) % 20_000 == 0:
                    say(f"{len(ids)} episodes, {_mib(resident())}")

        seconds = await _timed(fill, iter(range(episodes)))
        gc.collect()
        disk, memory = (await opened.store.stats()).bytes, resident() - start
        findings.figures["episodes in one store"] = f"{len(ids):,} with one call each"
        findings.figures["to open one and call"] = f"{seconds * 1e6 / len(ids):.0f} µs CPU"
        findings.figures["memory they took"] = f"{_mib(memory)} (32 MiB allowed for live ones)"
        findings.figures["disk"] = f"{_mib(disk)}, {disk / len(ids):,.0f} bytes each"
        if memory > 200 << 20:
            findings.faults.append("idle episodes cost memory")
    return ids


async def _many_live(environments: list[Environment], path: Path, live: list[str], findings: Findings) -> None:
    async with open_episodes(environments, store=path, memory=4 << 30) as opened:
        gc.collect()
        before = resident()

        async def wake(turns: Iterator[Any]) -> None:
            for name in turns:
                await opened.get(name)

        async def use(turns: Iterator[Any]) -> None:
            for name in turns:
                for call in CALLS:
                    await (await opened.get(name)).call(call)

        figures = findings.figures
        figures["an idle episode read back"] = f"{await _timed(wake, iter(live)) * 1e6 / len(live):.0f} µs CPU"
        gc.collect()
        figures["live at once"] = f"{len(opened.live):,}"
        figures["memory a live episode, 1 call"] = f"{(resident() - before) / len(live) / 1024:.1f} KiB"
        figures["a call, 64 at a time"] = f"{await _timed(use, iter(live)) * 1e6 / len(live) / len(CALLS):.0f} µs CPU"
        gc.collect()
        each = (resident() - before) / len(live)
        figures["memory a live episode, 4 calls"] = f"{each / 1024:.1f} KiB"
        if len(opened.live) < len(live):
            findings.faults.append(f"only {len(opened.live)} episodes are live")
        if each > 50 * 1024:
            findings.faults.append("a live episode takes more than 50 KiB")


async def _timed(work: Callable[[Iterator[Any]], Coroutine[Any, Any, None]], turns: Iterator[Any]) -> float:
    """The CPU seconds of work that 64 tasks share."""
    started = time.process_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(AT_ONCE):
            tasks.start_soon(work, turns)
    return time.process_time() - started


def _mib(size: float) -> str:
    return f"{size / (1 << 20):,.1f} MiB"
