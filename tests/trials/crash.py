"""Killed under load: what was acknowledged is in the log, and every episode replays."""

import random
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.support.served import TOKEN, Served
from tests.support.wire import Wire

CLIENTS = 16
PATRONS = ("B2040", "B2053", "B2066", "B2183")


@dataclass(slots=True)
class Known:
    """An episode as its client knows it."""

    id: str
    acknowledged: list[tuple[str, Any, Any]] = field(default_factory=list[tuple[str, Any, Any]])
    unsure: int = 0
    """Calls that were sent and not answered: each may be in the log or not."""


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    kills: int = 0
    episodes: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    unanswered_kept: int = 0
    faults: list[str] = field(default_factory=list[str])


async def kill_under_load(folder: Path, kills: int, seed: int = 0, say: Any = print) -> Findings:
    """Kill the server again and again while clients call; compare after each restart."""
    chance = random.Random(seed)
    store, findings = folder / "crash.sqlite", Findings()
    known: dict[str, Known] = {}
    server = Served(["library"], store, folder / "crash.log")
    for number in range(kills):
        server.start()
        touched: set[str] = set()
        async with anyio.create_task_group() as tasks:
            for client in range(CLIENTS):
                tasks.start_soon(_client, server.port, f"{seed}/{number}/{client}", known, touched)
            await anyio.sleep(chance.uniform(0.05, 0.8))
            server.kill()
            await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()
        server.start()
        await compare_logs(server.port, [known[name] for name in sorted(touched)], findings)
        server.kill()
        findings.kills += 1
        if findings.kills % 25 == 0:
            say(f"{findings.kills} kills, {sum(len(one.acknowledged) for one in known.values())} calls acknowledged")
    server.start()
    await compare_logs(server.port, list(known.values()), findings, count=True)
    server.kill()
    findings.episodes = len(known)
    findings.acknowledged = sum(len(one.acknowledged) for one in known.values())
    await replay_store(str(store), findings, say)
    return findings


async def replay_store(store: str, findings: Findings, say: Any) -> None:
    """Make every call of a store again, in a process of its own."""
    replay = [sys.executable, "-c", "from toolworld.cli import main; main()", "replay", store]
    done = await anyio.run_process(replay, check=False)
    said = (done.stdout + done.stderr).decode()
    say(said.strip())
    if done.returncode:
        findings.faults.append(f"replay: {said}")


async def _client(port: int, seed: str, known: dict[str, Known], touched: set[str]) -> None:
    chance = random.Random(seed)
    async with Wire(port, TOKEN) as wire:
        while True:
            reuse = [name for name in known if name not in touched]
            if reuse and chance.random() < 0.5:
                name = chance.choice(reuse)
            else:
                opened = await wire.ask("POST", "/episodes", {"environment": "library", "seed": chance.randrange(99)})
                if opened.status != 201:
                    return
                name = opened.json["id"]
                known[name] = Known(name)
            touched.add(name)
            for _ in range(chance.randrange(5, 40)):
                if not await make_call(wire, known[name], chance):
                    return


async def make_call(wire: Wire, episode: Known, chance: random.Random, refusals: tuple[int, ...] = ()) -> bool:
    """Make a call; False if the server did not answer, or refused with one of some statuses."""
    patron = chance.choice(PATRONS)
    tool, arguments = chance.choice(
        [
            ("update_contact", {"patron_id": patron, "phone": str(chance.randrange(10**9))}),
            ("update_contact", {"patron_id": patron, "email": f"{chance.randrange(10**9)}@example.org"}),
            ("place_reservation", {"patron_id": patron, "title_id": "T031", "pickup_branch": "central"}),
            ("get_patron", {"patron_id": patron}),
            ("get_patron", {"patron_id": 5}),
        ]
    )
    episode.unsure += 1
    reply = await wire.call(episode.id, tool, arguments)
    if reply.status not in (0, 200, *refusals):
        raise AssertionError(f"a call was answered with {reply.status}: {reply.body[:200]!r}")
    if reply.status != 200:
        return False
    episode.unsure -= 1
    episode.acknowledged.append((tool, arguments, reply.json["result"]))
    return True


async def compare_logs(port: int, episodes: list[Known], findings: Findings, count: bool = False) -> None:
    """Hold the logs against what was acknowledged: each call in its order, with its result, and little else."""
    async with Wire(port, TOKEN) as wire:
        for episode in episodes:
            log = (await wire.ask("GET", f"/episodes/{episode.id}/log")).json
            missing = unmatched(episode.acknowledged, log)
            if missing is not None:
                findings.faults.append(f"{episode.id}: acknowledged call {missing} is not in the log")
            extra = len(log) - len(episode.acknowledged)
            if extra > episode.unsure:
                findings.faults.append(f"{episode.id}: {extra} calls in the log that nobody made")
            if count:
                findings.unanswered += episode.unsure
                findings.unanswered_kept += extra


def unmatched(acknowledged: list[tuple[str, Any, Any]], log: list[Any]) -> int | None:
    """The first acknowledged call that the log does not hold in its turn."""
    rest = iter(log)
    for number, (tool, arguments, result) in enumerate(acknowledged):
        if not any(
            event["call"] == {"name": tool, "arguments": arguments} and _same_answer(event, result) for event in rest
        ):
            return number
    return None


def _same_answer(event: Any, result: Any) -> bool:
    if event["failure"] is not None:
        return result["isError"] and result["content"][0]["text"] == event["failure"]["message"]
    return result.get("structuredContent") == event["result"]
