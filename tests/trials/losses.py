"""What a server loses under load: room on the disk, its store's file, its write-ahead log, the database's lock.

No acknowledged call may be lost, and `/healthz` tells what is so within a second.
"""

import os
import random
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.support.served import TOKEN, Served
from tests.support.wire import Wire
from tests.trials.crash import Known, unmatched

CLIENTS = 8
TOLD_SECONDS = 1.0
"""How soon health has to tell of a loss."""
BUSY_SECONDS = 2.0
"""What is added to it for a machine that is busy, on which the answer itself takes time."""
DISK_MIB = 64


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    by_kind: dict[str, str] = field(default_factory=dict[str, str])
    acknowledged: int = 0
    refused: int = 0
    """Calls that were answered with 503."""
    slowest_told: float = 0.0
    """Seconds until health told of a loss, or that it was over, at most."""
    faults: list[str] = field(default_factory=list[str])


Lose = Callable[[Path, random.Random], Callable[[], None] | None]
"""Loses something of a store, and returns what puts it back; None where the server has to be started anew."""


async def lose_things(folder: Path, times: int, seed: int = 0, say: Any = print) -> Findings:
    """Lose each thing so many times, each time of a server under load."""
    findings = Findings()
    kinds = {kind: lose for kind, lose in KINDS.items() if kind != "disk" or _can_mount(folder)}
    if len(kinds) < len(KINDS):
        say("the disk is not filled: no disk can be mounted here")
    for kind, lose in kinds.items():
        done = 0
        for number in range(times):
            chance = random.Random(f"{seed}/{kind}/{number}")
            place = folder / f"{kind}-{number}"
            place.mkdir()
            with _disk(place) if kind == "disk" else _plain(place) as store:
                await _lose_once(kind, lose, store, place, chance, findings)
            shutil.rmtree(place)
            done += 1
        findings.by_kind[kind] = f"{done} times"
        say(f"{kind}: {done} times, {findings.acknowledged} calls acknowledged, {len(findings.faults)} faults")
    return findings


async def _lose_once(
    kind: str, lose: Lose, store: Path, place: Path, chance: random.Random, findings: Findings
) -> None:
    known: dict[str, Known] = {}
    server = Served(["library"], store, place / "log")
    server.start()
    async with anyio.create_task_group() as tasks:
        for client in range(CLIENTS):
            tasks.start_soon(_client, server.port, random.Random(f"{chance.random()}/{client}"), known, findings)
        await anyio.sleep(chance.uniform(0.2, 0.6))
        put_back = lose(store, chance)
        await _expect_health(server.port, 503, f"{kind}: lost", findings)
        await anyio.sleep(0.2)
        if put_back is not None:
            put_back()
            await _expect_health(server.port, 200, f"{kind}: put back", findings)
            await anyio.sleep(0.2)
        tasks.cancel_scope.cancel()
    server.kill()
    server.start()
    await _compare(kind, server.port, known, findings)
    server.kill()


async def _client(port: int, chance: random.Random, known: dict[str, Known], findings: Findings) -> None:
    async with Wire(port, TOKEN, retry_policy=60) as wire:
        opened = await wire.ask("POST", "/episodes", {"environment": "library"})
        episode = known[opened.json["id"]] = Known(opened.json["id"])
        while True:
            arguments = {"patron_id": "B2040", "phone": str(chance.randrange(10**9))}
            episode.unsure += 1
            reply = await wire.ask(
                "POST", f"/episodes/{episode.id}/calls", {"name": "update_contact", "arguments": arguments}
            )
            if reply.status == 200:
                episode.unsure -= 1
                episode.acknowledged.append(("update_contact", arguments, _result(reply.json)))
                findings.acknowledged += 1
            elif reply.status == 503 and b"nothing can be kept" in reply.body:
                findings.refused += 1
                await anyio.sleep(0.01)
            else:
                findings.faults.append(f"a call was answered with {reply.status}: {reply.body[:200]!r}")
                return


def _result(answer: Any) -> dict[str, Any]:
    """The answer to a plain call in the form in which logs are compared."""
    if answer["failure"] is not None:
        return {"isError": True, "content": [{"text": answer["failure"]["message"]}]}
    return {"structuredContent": answer["result"]}


async def _expect_health(port: int, status: int, what: str, findings: Findings) -> None:
    """Ask for health until it is as expected; it has a second."""
    began = time.monotonic()
    async with Wire(port) as wire:
        while True:
            asked = time.monotonic()
            reply = await wire.ask("GET", "/healthz")
            if reply.status == status:
                break
            if asked - began > 20:
                findings.faults.append(f"{what}: health is {reply.status} after 20 s")
                return
            await anyio.sleep(0.02)
    waited = time.monotonic() - began
    findings.slowest_told = round(max(findings.slowest_told, waited), 2)
    if waited > TOLD_SECONDS + BUSY_SECONDS:
        findings.faults.append(f"{what}: health told it after {waited:.2f} s")


async def _compare(kind: str, port: int, known: dict[str, Known], findings: Findings) -> None:
    async with Wire(port, TOKEN) as wire:
        for episode in known.values():
            reply = await wire.ask("GET", f"/episodes/{episode.id}/log")
            log: list[Any] = reply.json if reply.status == 200 else []
            missing = unmatched(episode.acknowledged, log)
            if missing is not None:
                number = len(episode.acknowledged)
                findings.faults.append(f"{kind}: call {missing} of {number} acknowledged is not among {len(log)} kept")


def _fill_disk(store: Path, chance: random.Random) -> Callable[[], None] | None:
    ballast = store.parent / "ballast"
    with suppress(OSError), ballast.open("wb") as file:
        while True:
            file.write(b"\0" * (1 << 16))
            file.flush()
    return lambda: ballast.unlink(missing_ok=True)


def _move_file(store: Path, chance: random.Random) -> Callable[[], None] | None:
    away = store.with_name("away.sqlite")
    store.rename(away)

    def put_back() -> None:
        away.replace(store)

    return put_back


def _replace_file(store: Path, chance: random.Random) -> Callable[[], None] | None:
    """Another database in its place, which takes the log for one of its own, and removes it."""
    away = store.with_name("away.sqlite")
    store.rename(away)
    with closing(sqlite3.connect(store)) as other:
        other.execute("CREATE TABLE another (x)")
    time.sleep(0.3)
    away.replace(store)
    return None


def _remove_log(store: Path, chance: random.Random) -> Callable[[], None] | None:
    os.unlink(f"{store}-wal")
    if chance.random() < 0.3:
        os.unlink(f"{store}-shm")
    return None


def _lock(store: Path, chance: random.Random) -> Callable[[], None] | None:
    """As a database that does not answer: another process has it, and does not let go."""
    other = sqlite3.connect(store, isolation_level=None, timeout=30)
    other.execute("BEGIN EXCLUSIVE")
    return other.close


KINDS: dict[str, Lose] = {
    "disk": _fill_disk,
    "file moved": _move_file,
    "file replaced": _replace_file,
    "log": _remove_log,
    "lock": _lock,
}


@contextmanager
def _plain(place: Path) -> Generator[Path]:
    yield place / "s.sqlite"


@contextmanager
def _disk(place: Path) -> Generator[Path]:
    """A small disk of its own."""
    disk = place / "disk"
    disk.mkdir()
    subprocess.run([*_MOUNT, str(disk)], check=True)
    try:
        yield disk / "s.sqlite"
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


_MOUNT = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs"]


def _can_mount(folder: Path) -> bool:
    disk = folder / "a disk"
    disk.mkdir()
    if shutil.which("mount") is None or subprocess.run([*_MOUNT, str(disk)], capture_output=True).returncode:
        return False
    subprocess.run(["umount", "-l", str(disk)], check=True)
    return True
