"""Hostile inputs of every kind: no crash, no 5xx, no change of state, nothing of others told, nobody held up."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.support.served import TOKEN, Served, resident
from tests.support.wire import Reply, Wire
from tests.trials.hostility.connections import CONNECTIONS, let_go
from tests.trials.hostility.doors import DOORS
from tests.trials.hostility.endpoints import hostile_endpoint
from tests.trials.hostility.folders import FOLDERS, SECRET, emptied
from tests.trials.hostility.messages import MESSAGES
from tests.trials.hostility.sending import Attack

from toolworld.ground import ToolworldError

ATTACKERS = 16
VICTIMS = 8
SLOW_MS = 100.0
"""What an honest call may take at the 99th percentile while others attack."""
SOON_SECONDS = 5.0
"""How long reading something hostile may take."""
SHARE_OF_FOLDERS, SHARE_OF_ENDPOINTS = 0.15, 0.02
"""Of all inputs; the others are sent to a server."""
FORBIDDEN = (b"Traceback", b"site-packages", b"/toolworld/", b'File "', TOKEN.encode(), b"sqlite", b"SQL", b"UNIQUE")
MAY_BE_CUT_OFF = {
    "garbage",
    "header_tricks",
    "paths",
    "control_without_token",
    "repeated_headers",
    "chunks",
    "many_at_once",
    *CONNECTIONS,
}
"""What may be no HTTP at all, which a server may leave unanswered."""
KINDS: dict[str, Attack] = {**MESSAGES, **DOORS, **CONNECTIONS}


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    sent: int = 0
    by_kind: Counter[str] = field(default_factory=Counter[str])
    statuses: Counter[int] = field(default_factory=Counter[int])
    refused: int = 0
    """Folders, packs, schemas, stores and answers of models that were refused in a sentence."""
    honest: dict[str, Any] = field(default_factory=dict[str, Any])
    """How long an honest client waited meanwhile, in milliseconds."""
    faults: list[str] = field(default_factory=list[str])


async def be_hostile(folder: Path, inputs: int, seed: int = 0, say: Any = print) -> Findings:
    """Send and plant hostile inputs, and hold the victims' episodes against what they were."""
    findings = Findings()
    of_folders, of_endpoints = int(inputs * SHARE_OF_FOLDERS), int(inputs * SHARE_OF_ENDPOINTS)
    await _attack_server(folder, inputs - of_folders - of_endpoints, seed, say, findings)
    await _plant_folders(folder, of_folders, seed, findings)
    say(f"{findings.sent} sent, {len(findings.faults)} faults, after folders")
    await _answer_as_model(of_endpoints, seed, findings)
    return findings


async def _attack_server(folder: Path, inputs: int, seed: int, say: Any, findings: Findings) -> None:
    with Served(["library"], folder / "hostile.sqlite", folder / "hostile.log") as server:
        async with Wire(server.port, TOKEN) as wire:
            opened = [
                (await wire.ask("POST", "/episodes", {"environment": "library"})).json for _ in range(VICTIMS + 1)
            ]
            victims = [one["id"] for one in opened]
            before = [(await wire.ask("GET", f"/episodes/{name}")).json["digest"] for name in victims]
            turns = iter(range(inputs))
            honest = _honest_client(server.port, victims.pop())

            async def attack() -> None:
                async with Wire(server.port, retry_policy=60) as own:
                    for turn in turns:
                        await send_one(own, random.Random(f"{seed}/{turn}"), victims, server.port, findings)
                        if findings.sent % 10_000 == 0:
                            say(f"{findings.sent} sent, {len(findings.faults)} faults")

            async with anyio.create_task_group() as tasks:
                for _ in range(ATTACKERS):
                    tasks.start_soon(attack)
            await let_go()
            findings.honest = await anyio.to_thread.run_sync(_told_by, honest)
            _judge_honest(findings)
            if not server.alive:
                findings.faults.append("the server is dead")
                return
            await wire.close()  # it was idle for so long that the server has closed it
            for name, digest in zip(victims, before, strict=False):
                if (await wire.ask("GET", f"/episodes/{name}")).json["digest"] != digest:
                    findings.faults.append(f"the state of {name} has changed")
            if (await wire.ask("GET", "/healthz")).status != 200:
                findings.faults.append("the server is not healthy")
    log = (folder / "hostile.log").read_text()
    if "Traceback" in log:
        findings.faults.append(f"a traceback in the log: {log[log.index('Traceback') :][:6000]}")


def _honest_client(port: int, episode: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.honest_client", str(port), episode]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])


def _told_by(honest: subprocess.Popen[bytes]) -> dict[str, Any]:
    told, _ = honest.communicate(timeout=120)
    return json.loads(told)


def _judge_honest(findings: Findings) -> None:
    if findings.honest["wrong"]:
        findings.faults.append(f"{findings.honest['wrong']} honest calls of {findings.honest['calls']} went wrong")
    if findings.honest["p99"] > SLOW_MS:
        findings.faults.append(f"an honest client waited: {findings.honest}")


async def send_one(wire: Wire, chance: random.Random, victims: list[str], port: int, findings: Findings) -> None:
    """Send one hostile input, and note what is wrong with what comes back."""
    kind = chance.choice(sorted(KINDS))
    try:
        reply = await KINDS[kind](wire, chance, victims, port)
    except TimeoutError:
        findings.faults.append(f"{kind}: no answer for {wire.retry_policy} seconds")
        return
    findings.sent += 1
    findings.by_kind[kind] += 1
    findings.statuses[reply.status] += 1
    _judge(kind, reply, victims, findings)


def _judge(kind: str, reply: Reply, victims: list[str], findings: Findings) -> None:
    if reply.status == 0 and kind not in MAY_BE_CUT_OFF:
        findings.faults.append(f"{kind}: the connection was closed without an answer")
    if reply.status >= 500:
        findings.faults.append(f"{kind}: status {reply.status}: {reply.body[:200]!r}")
    for word in FORBIDDEN:
        if word in reply.body or word in reply.headers:
            findings.faults.append(f"{kind}: the answer holds {word!r}: {reply.body[:200]!r}")
    if kind != "wrong_ids" and any(name.encode() in reply.body for name in victims):
        findings.faults.append(f"{kind}: the answer names an episode: {reply.body[:200]!r}")


async def _plant_folders(folder: Path, inputs: int, seed: int, findings: Findings) -> None:
    """Have hostile folders, packs, schemas and stores read in this process."""
    for turn in range(inputs):
        chance = random.Random(f"{seed}/folder/{turn}")
        kind = chance.choice(sorted(FOLDERS))
        place, began, before = emptied(folder / "planted"), time.monotonic(), resident()
        try:
            fault = await FOLDERS[kind](place, chance)
        except ToolworldError as refused:
            fault = _fault_of(str(refused))
            findings.refused += 1
        except Exception as problem:  # noqa: BLE001 - whatever else is raised is what is looked for
            fault = f"{type(problem).__name__}: {problem}"[:300]
        seconds = time.monotonic() - began
        if seconds > SOON_SECONDS:
            fault = f"{fault or 'it'} took {seconds:.1f} s"
        if resident() - before > 500 << 20:
            fault = f"{fault or 'it'} took {resident() - before >> 20} MiB"
        if fault:
            findings.faults.append(f"{kind} {seed}/folder/{turn}: {fault}")
        findings.sent += 1
        findings.by_kind[kind] += 1


def _fault_of(sentence: str) -> str | None:
    """What is wrong with a refusal: it leaks, or is no sentence."""
    if SECRET in sentence or "Traceback" in sentence:
        return f"a leak: {sentence[:200]}"
    return f"a refusal of {len(sentence)} characters" if len(sentence) > 4_000 else None


async def _answer_as_model(inputs: int, seed: int, findings: Findings) -> None:
    """Answer a client of a model with anything."""
    async with hostile_endpoint() as ask:
        for turn in range(inputs):
            before, began = resident(), time.monotonic()
            try:
                fault = await ask(random.Random(f"{seed}/endpoint/{turn}"))
            except ToolworldError as refused:
                fault = _fault_of(str(refused))
                findings.refused += 1
            except Exception as problem:  # noqa: BLE001 - whatever else is raised is what is looked for
                fault = f"{type(problem).__name__}: {problem}"[:300]
            if time.monotonic() - began > SOON_SECONDS or resident() - before > 500 << 20:
                fault = f"{fault or 'it'} took {time.monotonic() - began:.1f} s, {resident() - before >> 20} MiB"
            if fault:
                findings.faults.append(f"endpoint {seed}/endpoint/{turn}: {fault}")
            findings.sent += 1
            findings.by_kind["endpoint"] += 1
