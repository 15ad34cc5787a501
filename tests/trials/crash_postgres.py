"""Two servers on one PostgreSQL store, killed at random, and the database too: no acknowledged call is lost."""

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.served import TOKEN, Served
from tests.support.wire import Wire
from tests.trials.crash import Findings, Known, compare_logs, make_call, replay_store

CLIENTS = 12
SERVERS = 2
SECONDS = 30
"""How long a client waits for an answer, and tries the other server when there is none."""


@dataclass(slots=True)
class Kills(Findings):
    """What the trial came to."""

    killed: Counter[str] = field(default_factory=Counter[str])
    """Kills by what was killed."""
    moved: int = 0
    """How often a client went on with its episode at another server."""


async def kill_servers_and_database(folder: Path, kills: int, seed: int = 0, say: Any = print) -> Kills:
    """Kill servers and their database again and again while clients call, then compare every log."""
    with postgres_server(folder) as database:
        store = f"{database.dsn}?schema=crash"
        servers = [Served(["library"], store, folder / f"server-{number}.log") for number in range(SERVERS)]
        for server in servers:
            server.start()
        try:
            findings, known = Kills(), dict[str, Known]()
            async with anyio.create_task_group() as tasks:
                for client in range(CLIENTS):
                    tasks.start_soon(_client, servers, f"{seed}/{client}", known, findings)
                await _kill(database, servers, kills, random.Random(seed), findings, say)
                tasks.cancel_scope.cancel()
            for server in servers:
                if not server.alive:
                    server.start()
            await compare_logs(servers[0].port, list(known.values()), findings, count=True)
            findings.episodes = len(known)
            findings.acknowledged = sum(len(one.acknowledged) for one in known.values())
        finally:
            for server in servers:
                server.kill()
        await replay_store(store, findings, say)
    return findings


async def _kill(
    database: PostgresServer,
    servers: list[Served],
    kills: int,
    chance: random.Random,
    findings: Kills,
    say: Any,
) -> None:
    for number in range(1, kills + 1):
        await anyio.sleep(chance.uniform(0.1, 1.0))
        what = chance.choice(["database", *(f"server {one}" for one in range(len(servers)))])
        if what == "database":
            database.kill()
            await anyio.sleep(chance.uniform(0, 1))
            await anyio.to_thread.run_sync(database.start)
        else:
            server = servers[int(what.split()[1])]
            server.kill()
            await anyio.sleep(chance.uniform(0, 1))
            await anyio.to_thread.run_sync(server.start)
        findings.kills += 1
        findings.killed[what] += 1
        if number % 25 == 0:
            say(f"{number} kills")


async def _client(servers: list[Served], seed: str, known: dict[str, Known], findings: Kills) -> None:
    """Open episodes and call in them; where a server does not answer, go on with the episode at another one."""
    chance = random.Random(seed)
    episode, left = None, 0
    while True:
        async with Wire(chance.choice(servers).port, TOKEN, SECONDS) as wire:
            if left:
                findings.moved += 1
            while True:
                if episode is None or not left:
                    opened = await wire.ask(
                        "POST", "/episodes", {"environment": "library", "seed": chance.randrange(99)}
                    )
                    if opened.status != 201:
                        break
                    episode = known[opened.json["id"]] = Known(opened.json["id"])
                    left = chance.randrange(5, 40)
                if not await make_call(wire, episode, chance, refusals=(503,)):
                    break
                left -= 1
        await anyio.sleep(0.05)
