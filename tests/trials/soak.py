"""A long mixed load at a bounded rate, honest and hostile: memory stays flat, latency stays low, nothing fails."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.support.served import TOKEN, Served
from tests.support.wire import Reply, Wire
from tests.trials import hostile
from tests.trials.hostility.connections import let_go

CLIENTS = 16
RATE = 150
"""Requests a second, all clients together."""
HOSTILE_CLIENTS, HOSTILE_RATE = 4, 60
"""Clients that send hostile inputs besides, and how many a second, all together."""
WARM = 0.2
"""Share of the time after which memory may not grow any more."""
PATRONS = ("B2040", "B2053", "B2066", "B2183")


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    requests: int = 0
    figures: dict[str, str] = field(default_factory=dict[str, str])
    faults: list[str] = field(default_factory=list[str])


async def soak(folder: Path, minutes: float, seed: int = 0, say: Any = print) -> Findings:
    """Load a server for so many minutes."""
    findings, store = Findings(), folder / "soak.sqlite"
    hostilities = hostile.Findings()
    with Served(["library"], store, folder / "soak.log", "--memory", "16") as server:
        victims = await _victims(server.port)
        latencies: list[float] = []
        memory: list[tuple[float, int]] = []
        started, used = time.monotonic(), server.cpu_seconds
        with anyio.move_on_after(minutes * 60):
            async with anyio.create_task_group() as tasks:
                for client in range(CLIENTS):
                    tasks.start_soon(_client, server.port, random.Random(f"{seed}/{client}"), latencies, findings)
                for client in range(HOSTILE_CLIENTS):
                    chance = random.Random(f"{seed}/hostile/{client}")
                    tasks.start_soon(_hostile_client, server.port, chance, victims, hostilities)
                while True:
                    await anyio.sleep(min(30, minutes * 60 / 20))
                    memory.append((time.monotonic() - started, server.memory))
                    said = f"{memory[-1][0] / 60:5.1f} min  {memory[-1][1] / (1 << 20):7.1f} MiB"
                    say(f"{said}  {len(latencies):8,} requests  {_percentiles(latencies[-5000:])}")
        await let_go()
        seconds = time.monotonic() - started
        _conclude(findings, latencies, memory, seconds, server.cpu_seconds - used)
        async with Wire(server.port, TOKEN) as wire:
            metrics = (await wire.ask("GET", "/metrics")).body.decode()
        for line in metrics.splitlines():
            if line.startswith(("toolworld_live", "toolworld_calls_total")):
                say(line)
        findings.faults += hostilities.faults
        findings.figures["hostile"] = f"{hostilities.sent:,} inputs of {len(hostilities.by_kind)} kinds"
        if not server.alive or server.stop() not in (0, -15, 143):
            findings.faults.append("the server did not end well")
    if "Traceback" in (folder / "soak.log").read_text():
        findings.faults.append("there is a traceback in the log")
    return findings


def _conclude(
    findings: Findings, latencies: list[float], memory: list[tuple[float, int]], seconds: float, cpu: float
) -> None:
    findings.requests = len(latencies)
    warm = [size for at, size in memory if at >= seconds * WARM]
    half = len(warm) // 2
    early, late = sum(warm[:half]) / max(1, half), sum(warm[half:]) / max(1, len(warm) - half)
    findings.figures = {
        "requests": f"{len(latencies):,} in {seconds / 60:.1f} min, {len(latencies) / seconds:.0f} a second",
        "latency": _percentiles(latencies),
        "memory, warm": f"{early / (1 << 20):.1f} MiB, then {late / (1 << 20):.1f} MiB ({late / early - 1:+.1%})",
        "server CPU": f"{cpu / len(latencies) * 1e3:.2f} ms a request",
    }
    if late > early * 1.05 + (4 << 20):
        findings.faults.append(f"memory grows: {findings.figures['memory, warm']}")


async def _victims(port: int) -> list[str]:
    """Episodes that hostile inputs are about."""
    async with Wire(port, TOKEN) as wire:
        return [(await wire.ask("POST", "/episodes", {"environment": "library"})).json["id"] for _ in range(8)]


async def _hostile_client(port: int, chance: random.Random, victims: Sequence[str], findings: hostile.Findings) -> None:
    async with Wire(port, retry_policy=60) as wire:
        while True:
            due = time.monotonic() + HOSTILE_CLIENTS / HOSTILE_RATE * chance.uniform(0.5, 1.5)
            await hostile.send_one(wire, chance, [*victims], port, findings)
            await anyio.sleep(max(0.0, due - time.monotonic()))


async def _client(port: int, chance: random.Random, latencies: list[float], findings: Findings) -> None:
    async with Wire(port, TOKEN) as wire:
        episode = ""
        while True:
            due = time.monotonic() + CLIENTS / RATE * chance.uniform(0.5, 1.5)
            before = time.perf_counter()
            what, reply = await _request(wire, chance, episode)
            latencies.append(time.perf_counter() - before)
            if what == "open" and reply.status == 201:
                episode = reply.json["id"]
            elif reply.status >= 500 or reply.status == 0:
                findings.faults.append(f"{what}: {reply.status} {reply.body[:100]!r}")
            elif what == "close":
                episode = ""
            await anyio.sleep(max(0.0, due - time.monotonic()))


async def _request(wire: Wire, chance: random.Random, episode: str) -> tuple[str, Reply]:
    if not episode:
        faults = chance.choice([None, None, None, "flaky"])
        wish = {"environment": "library", "seed": chance.randrange(9), "faults": faults}
        return "open", await wire.ask("POST", "/episodes", wish)
    patron = chance.choice(PATRONS)
    draw = chance.random()
    if draw < 0.45:
        return "read", await wire.call(episode, "get_patron", {"patron_id": patron})
    if draw < 0.75:
        phone = str(chance.randrange(10**9))
        return "write", await wire.call(episode, "update_contact", {"patron_id": patron, "phone": phone})
    if draw < 0.80:
        return "search", await wire.call(episode, "search_catalogue", {"query": "the"})
    if draw < 0.84:
        return "wrong", await wire.call(episode, "get_patron", {"patron": 5})
    if draw < 0.88:
        return "diff", await wire.ask("GET", f"/episodes/{episode}/diff")
    if draw < 0.91:
        return "log", await wire.ask("GET", f"/episodes/{episode}/log")
    if draw < 0.94:
        return "fork", await wire.ask("POST", f"/episodes/{episode}/fork", {})
    if draw < 0.96:
        return "metrics", await wire.ask("GET", "/metrics")
    if draw < 0.97:
        return "old", await _some_old_episode(wire, chance)
    return "close", await wire.ask("DELETE", f"/episodes/{episode}")


async def _some_old_episode(wire: Wire, chance: random.Random) -> Reply:
    """Look at an episode that nobody has used for long, so that it is read back."""
    after = chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    listed = await wire.ask("GET", f"/episodes?limit=1&after={after}")
    found: list[Any] = listed.json if listed.status == 200 else []
    return await wire.ask("GET", f"/episodes/{found[0]['id']}") if found else listed


def _percentiles(latencies: list[float]) -> str:
    ordered = sorted(latencies)
    if not ordered:
        return "nothing measured"
    at = {share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3 for share in (0.5, 0.9, 0.99, 0.999)}
    return "  ".join(f"p{share * 100:g} {value:.1f} ms" for share, value in at.items())
