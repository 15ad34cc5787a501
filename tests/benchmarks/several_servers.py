"""Several servers on one store: calls a second, how long they take, and whose CPU time they need.

Servers, database and client share this machine, so that the rate says where two cores end; CPU time of each part says
where it would end with more of them.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import anyio
from tests.benchmarks.figures import Figure
from tests.support.ports import free_port, wait_for
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.processes import cpu_seconds, descendants
from tests.support.wire import Wire

from toolworld.server import StoreAddress

CLIENTS, CALLS = 16, 3_000
WORKERS = (1, 2, 4)
INSTALLED = any(Path("/usr/lib/postgresql").glob("*/bin"))
CALL = {"name": "update_contact", "arguments": {"patron_id": "B2040", "email": "a@example.org"}}


class Load(NamedTuple):
    """What serving a number of calls took."""

    rate: float
    """Calls a second."""
    p50: float
    """Milliseconds."""
    p99: float
    server: float
    """CPU milliseconds of all servers for a call."""
    database: float
    client: float
    batch: float
    """Calls of a commit; of one server, where there are several."""


async def measure_several_servers() -> list[Figure]:
    """Measure one, two and four servers on an SQLite file and on PostgreSQL, where that is installed."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        places: list[tuple[str, StoreAddress, PostgresServer | None]] = [("SQLite", Path(name) / "s.sqlite", None)]
        if INSTALLED:
            database = stack.enter_context(postgres_server(Path(tempfile.mkdtemp(dir=name))))
            places.append(("PostgreSQL", database.dsn, database))
        for kind, store, database in places:
            for workers in WORKERS:
                load = await measure_load(store, workers, database)
                shares = f"p50 {load.p50:.2g} ms, p99 {load.p99:.2g} ms; CPU {load.server:.2g} ms server"
                shares += f", {load.database:.2g} ms database" if database else ""
                servers = "1 server" if workers == 1 else f"{workers} servers"
                figures.append(Figure(f"plain calls over HTTP, {servers} on {kind} ({shares})", load.rate, "a second"))
    return figures


async def measure_load(
    store: StoreAddress, workers: int, database: PostgresServer | None = None, clients: int = CLIENTS
) -> Load:
    """Measure servers on a store under clients that each call in an episode of their own, one call after the other."""
    with serving(store, workers) as (parent, port):
        taken: list[float] = []
        warm: list[float] = []
        async with anyio.create_task_group() as tasks:
            for _ in range(clients):
                tasks.start_soon(_client, port, 30, warm)
        places = [parent, *descendants(parent)]
        before = _cpu(places), _cpu(_of(database)), time.process_time(), await _commits(port)
        start = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(clients):
                tasks.start_soon(_client, port, CALLS // clients, taken)
        wall = time.perf_counter() - start
        after = _cpu(places), _cpu(_of(database)), time.process_time(), await _commits(port)
    ordered, number = sorted(taken), len(taken)
    return Load(
        number / wall,
        ordered[number // 2] * 1000,
        ordered[number * 99 // 100] * 1000,
        (after[0] - before[0]) / number * 1000,
        (after[1] - before[1]) / number * 1000,
        (after[2] - before[2]) / number * 1000,
        number / max(1.0, after[3] - before[3]),
    )


async def _commits(port: int) -> float:
    async with Wire(port) as wire:
        told = (await wire.ask("GET", "/metrics")).body.decode()
    return float(re.findall(r"(?m)^toolworld_store_commits (\S+)", told)[0])


async def _client(port: int, calls: int, taken: list[float]) -> None:
    async with Wire(port) as wire:
        episode = (await wire.ask("POST", "/episodes", {"environment": "library"})).json["id"]
        for _ in range(calls):
            start = time.perf_counter()
            reply = await wire.ask("POST", f"/episodes/{episode}/calls", CALL)
            taken.append(time.perf_counter() - start)
            assert reply.status == 200, reply.body


@contextmanager
def serving(store: StoreAddress, workers: int) -> Generator[tuple[int, int]]:
    """`toolworld serve` with workers; gives its process and its port."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("toolworld")), "serve", "library", "--http", f"127.0.0.1:{port}"]
    command += ["--store", str(store), "--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            while sum(b"--as-worker" in _command_of(one) for one in descendants(process.pid)) < workers > 1:
                time.sleep(0.05)
            time.sleep(1.5 if workers > 1 else 0)  # the last of them
            yield process.pid, port
        finally:
            process.terminate()


def _of(database: PostgresServer | None) -> list[int]:
    return [] if database is None else [database.pid, *descendants(database.pid)]


def _cpu(processes: list[int]) -> float:
    return sum(cpu_seconds(one) for one in processes)


def _command_of(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


async def _main() -> None:
    for figure in await measure_several_servers():
        print(f"{figure.shown:>16}  {figure.what}")


if __name__ == "__main__":
    anyio.run(_main)
