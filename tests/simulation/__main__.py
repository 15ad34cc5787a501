"""`python -m tests.simulation`: times measured here, what the simulation makes of them, and what was measured beside.

One server under one client and under sixteen gives the times; everything else is predicted, and then measured.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import anyio
from tests.benchmarks.several_servers import CLIENTS, INSTALLED, Load, measure_load
from tests.simulation.model import Layout, Times, simulate
from tests.support.postgres import PostgresServer, postgres_server

from toolworld.server import StoreAddress

CORES = 2
HELD_OUT = ((1, 4), (1, 64), (2, 16), (2, 64), (4, 16), (4, 64))
"""Servers and clients that the times were not taken from."""
FURTHER = ((1, 64), (4, 256), (16, 1024), (32, 2048), (64, 4096))
"""Servers, each with two cores of its own, and clients of all of them."""
Kind = Literal["sqlite", "postgres"]


def times_of(alone: Load, together: Load) -> Times:
    """Times of the parts, from one client alone, whose calls are a commit each, and from many, who share commits."""
    share = 1 - 1 / together.batch
    commit = max(0.0, (alone.server - together.server) / share)
    database = max(0.0, (alone.database - together.database) / share)
    call = max(0.0, alone.server - commit)
    busy = alone.client + alone.server + alone.database
    return Times(
        client=together.client,
        call=call,
        commit=commit,
        database_commit=database,
        database_event=max(0.0, alone.database - database),
        wait=max(0.0, alone.p50 - busy),
    )


async def compare(store: StoreAddress, kind: Kind, database: PostgresServer | None) -> Times:
    """Measure, simulate, and print both."""
    times = times_of(await measure_load(store, 1, database, 1), await measure_load(store, 1, database, CLIENTS))
    print(f"\n{kind}: " + ", ".join(f"{name} {getattr(times, name):.3f}" for name in Times.__slots__) + " ms")
    print("servers clients | calls/s measured predicted | p50 ms measured predicted | p99 ms measured predicted")
    for servers, clients in HELD_OUT:
        seen = await measure_load(store, servers, database, clients)
        told = simulate(times, Layout(clients=clients, servers=servers, cores=CORES, store=kind))
        print(
            f"{servers:7} {clients:7} | {seen.rate:16,.0f} {told.rate:9,.0f} |"
            f" {seen.p50:15.1f} {told.p50:9.1f} | {seen.p99:15.1f} {told.p99:9.1f}"
        )
    return times


def look_further(times: Times, layouts: Sequence[tuple[int, int]] = FURTHER) -> None:
    """What nobody here can measure: machines of their own for servers, database and clients."""
    print("\nservers clients database cores | calls/s | p50 ms | p99 ms | calls a commit")
    for servers, clients in layouts:
        for cores in (4, 16):
            layout = Layout(clients=clients, servers=servers, cores=2, apart=True, database_cores=cores)
            told = simulate(times, layout, seconds=1.0)
            print(
                f"{servers:7} {clients:7} {cores:14} | {told.rate:7,.0f} | {told.p50:6.1f} | {told.p99:6.1f} |"
                f" {told.batch:5.1f}"
            )


async def main() -> None:
    """Compare for each kind of store, and look further for the one that can be shared."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        await compare(Path(folder) / "s.sqlite", "sqlite", None)
        if INSTALLED:
            database = stack.enter_context(postgres_server(Path(tempfile.mkdtemp(dir=folder))))
            look_further(await compare(database.dsn, "postgres", database))


if __name__ == "__main__":
    anyio.run(main)
