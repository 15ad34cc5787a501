"""Servers on one store as a queueing network, event by event.

Clients are closed loops: each sends a call, waits for its answer, and sends the next. A call takes CPU time of the
client, then of the server that its connection goes to, which does one thing at a time. Then its event waits for the
server's writer, which appends all that has gathered by one commit, one commit at a time. A commit takes CPU time of
the server and of the database, and a time in which nobody computes: the disk, and the way to and fro. Where everything
is on one machine, all share its cores.
"""

import random
from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import simpy

Event = Generator[simpy.Event, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Measured times, in milliseconds."""

    client: float
    """CPU time of a client for a call."""
    call: float
    """CPU time of a server for a call, without the commit."""
    commit: float
    """CPU time of a server for a commit, however many events it has."""
    database_commit: float = 0.0
    """CPU time of the database for a commit."""
    database_event: float = 0.0
    """CPU time of the database for each event of it."""
    wait: float = 0.0
    """How long a commit waits while nobody computes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is simulated."""

    clients: int
    servers: int
    cores: int
    """Of the machine that all of them share; or of each server's machine, where they are apart."""
    store: Literal["sqlite", "postgres"] = "postgres"
    apart: bool = False
    """Whether clients, servers and database are on machines of their own."""
    database_cores: int = 4
    """Of the database's machine, where it has one."""


class Outcome(NamedTuple):
    """What came of a simulation."""

    rate: float
    """Calls a second."""
    p50: float
    """Milliseconds."""
    p99: float
    batch: float
    """Events of a commit, on average."""


@dataclass(slots=True)
class _Server:
    """A process that does one thing at a time, and its writer."""

    environment: simpy.Environment
    turn: simpy.Resource = field(init=False)
    waiting: list[simpy.Event] = field(default_factory=list[simpy.Event])
    wake: simpy.Event = field(init=False)

    def __post_init__(self) -> None:
        self.turn = simpy.Resource(self.environment, 1)
        self.wake = self.environment.event()


class _Network:
    """The machines, and what runs on them."""

    def __init__(self, times: Times, layout: Layout, seed: int) -> None:
        self.environment = simpy.Environment()
        self._times, self._layout = times, layout
        self._chance = random.Random(seed)
        shared = simpy.Resource(self.environment, layout.cores)
        alone = layout.apart
        self._clients = simpy.Resource(self.environment, layout.clients) if alone else shared
        self._client_turn = simpy.Resource(self.environment, layout.clients if alone else 1)  # one process here
        self._database = simpy.Resource(self.environment, layout.database_cores) if alone else shared
        self._lock = simpy.Resource(self.environment, 1)  # of an SQLite file
        self._servers = [_Server(self.environment) for _ in range(layout.servers)]
        self._cores = [
            simpy.Resource(self.environment, layout.cores) if alone else shared for _ in range(layout.servers)
        ]
        self.taken: list[tuple[float, float]] = []
        """When each call was answered, and how long it took."""
        self.commits: list[tuple[float, int]] = []
        """When each commit was done, and how many events it had."""

    def run(self, milliseconds: float) -> None:
        """Let everything run for a while."""
        for number, server in enumerate(self._servers):
            self.environment.process(self._write(server, self._cores[number]))
        for _ in range(self._layout.clients):
            place = self._chance.randrange(len(self._servers))  # as the kernel chooses one for a connection
            self.environment.process(self._call(self._servers[place], self._cores[place]))
        self.environment.run(until=milliseconds)

    def _compute(self, cores: simpy.Resource, milliseconds: float) -> Event:
        """Use a core for a time, which varies."""
        with turn_of(cores) as turn:
            yield turn
            yield self.environment.timeout(self._chance.gammavariate(4, milliseconds / 4) if milliseconds else 0)

    def _be_client(self) -> Event:
        """Send a call, or take its answer."""
        with turn_of(self._client_turn) as turn:
            yield turn
            yield from self._compute(self._clients, self._times.client / 2)

    def _call(self, server: _Server, cores: simpy.Resource) -> Event:
        while True:
            begun = self.environment.now
            yield from self._be_client()
            with turn_of(server.turn) as turn:
                yield turn
                yield from self._compute(cores, self._times.call)
            committed = self.environment.event()
            server.waiting.append(committed)
            if not server.wake.triggered:
                server.wake.succeed()
            yield committed
            yield from self._be_client()
            self.taken.append((self.environment.now, self.environment.now - begun))

    def _write(self, server: _Server, cores: simpy.Resource) -> Event:
        while True:
            yield server.wake
            with turn_of(server.turn) as turn:  # its part of the commit is the server's own work
                yield turn
                batch, server.waiting = server.waiting, []
                server.wake = self.environment.event()
                if self._layout.store == "sqlite":  # the whole commit is, and one server at a time may write
                    with turn_of(self._lock) as lock:
                        yield lock
                        yield from self._compute(cores, self._times.commit)
                        yield self.environment.timeout(self._times.wait)
                else:
                    yield from self._compute(cores, self._times.commit)
            if self._layout.store == "postgres":
                each = self._times.database_event * len(batch)
                yield from self._compute(self._database, self._times.database_commit + each)
                yield self.environment.timeout(self._times.wait)
            for committed in batch:
                committed.succeed()
            self.commits.append((self.environment.now, len(batch)))
            if server.waiting and not server.wake.triggered:
                server.wake.succeed()


def turn_of(resource: simpy.Resource) -> AbstractContextManager[simpy.Event]:
    """A place in the line for a resource, which is given back at the end of the block."""
    request: Any = resource.request()
    return request


def simulate(times: Times, layout: Layout, *, seconds: float = 4.0, seed: int = 0) -> Outcome:
    """Simulate calls, and say what came of them once the first quarter is over.

    Args:
        times: How long things take.
        layout: How many of them there are.
        seconds: How long, in simulated time.
        seed: Decides how times vary, and which server a client is connected to.
    """
    network = _Network(times, layout, seed)
    network.run(seconds * 1000)
    start = seconds * 250
    taken = sorted(time for when, time in network.taken if when > start)
    batches = [size for when, size in network.commits if when > start]
    return Outcome(
        len(taken) / (seconds * 0.75),
        taken[len(taken) // 2],
        taken[len(taken) * 99 // 100],
        sum(batches) / len(batches),
    )
