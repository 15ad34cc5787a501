"""Episodes: an environment, a seed, a state, and an append-only log. Never an MCP session; it is a URL.

A live episode is a cache of its log: any of them can be dropped and read back. A fork is a pointer to
its parent and a step. Calls of one episode are made one after the other; episodes run side by side.
"""

import secrets
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from sqlite3 import IntegrityError, Row

from toolworld.datasets import Task, recover
from toolworld.environments import (
    Environment,
    Event,
    FaultProfile,
    InvalidOpsError,
    ReplaySimulator,
    Runtime,
    RuntimePool,
    SimulationPlan,
)
from toolworld.ground import NotFoundError, SpecError, StoreError, parse_record, same
from toolworld.server.episode import KEPT, Episode, EpisodeRow, ReadBack
from toolworld.server.live_episodes import MEMORY, LiveEpisodes
from toolworld.server.served_environments import ServedEnvironments
from toolworld.server.store import Store, open_store
from toolworld.server.telemetry import Telemetry

_INSERT_EPISODE = (
    "INSERT INTO episodes (id, environment, version, seed, task, parent, fork_step, used)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


class Episodes:
    """All episodes of a store, and the environments and tasks that they can be opened for."""

    def __init__(
        self,
        store: Store,
        environments: Sequence[Environment] | RuntimePool,
        tasks: Sequence[Task] = (),
        new_id: Callable[[], str] | None = None,
        simulation: SimulationPlan | None = None,
        memory: int = MEMORY,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self.store = store
        self._new_id = new_id or _unguessable
        self._clock = clock or _wall_seconds
        is_ready = isinstance(environments, RuntimePool)
        self.environments = ServedEnvironments(
            store, environments if is_ready else RuntimePool.of(environments, simulation)
        )
        self.live = LiveEpisodes(memory)
        self.tasks = {task.id: task for task in tasks}
        self._by_plain_id: dict[str, list[Task]] = {}
        for task in tasks:
            self._by_plain_id.setdefault(task.id.partition("~")[0], []).append(task)
        self.tasks_in = Counter(task.environment for task in tasks)
        """How many tasks each environment has."""
        self.telemetry = Telemetry()
        self.telemetry.watch("toolworld_live_episodes", "Episodes in memory.", lambda: len(self.live))
        self.telemetry.watch("toolworld_live_bytes", "About how many bytes they take.", lambda: self.live.weight)
        self.telemetry.watch("toolworld_store_commits", "Transactions committed.", lambda: store.commits)
        self.telemetry.watch("toolworld_store_writes", "Statements committed by them.", lambda: store.written)

    def runtime(self, environment: str) -> Runtime:
        """Give an environment made ready.

        Raises:
            AccessError: it is not served here.
        """
        return self.environments.current(environment)

    def task(self, name: str) -> Task:
        """Give a task, by its id with or without the name of a fault profile.

        Raises:
            AccessError: it is not known here.
        """
        if name in self.tasks:
            return self.tasks[name]
        forms = self._by_plain_id.get(name.partition("~")[0], ())
        if len(forms) != 1:
            raise NotFoundError(f"there is no task {name[:200]!r} here ({len(self.tasks)} tasks are)")
        return forms[0]

    async def task_of(self, episode: Episode) -> Task:
        """Give the task that an episode is for, as it is under the episode's faults.

        Raises:
            AccessError: it is for none, or for one that is not known here.
        """
        if episode.row.task is None:
            raise NotFoundError("this episode was opened for an environment, not for a task")
        task = self.task(episode.row.task)
        if task.faults == episode.runtime.environment.faults:
            return task
        return await self._under_faults(task, episode.runtime, episode.row.seed)

    async def _under_faults(self, task: Task, runtime: Runtime, seed: int) -> Task:
        """Work a task out anew for an environment under faults.

        Raises:
            AccessError: it cannot be done under them.
        """
        try:
            return await recover(task, self.runtime(task.environment), runtime, seed)
        except SpecError as problem:
            raise NotFoundError(str(problem)) from None

    async def open(
        self, environment: str, seed: int = 0, task: str | None = None, faults: FaultProfile | None = None
    ) -> Episode:
        """Open an episode.

        Args:
            environment: Its id.
            seed: Decides the ids that the episode issues, and its faults.
            task: What it is for, if it is to be judged here.
            faults: What gets in the way of its calls; by default what the environment is served with.

        Raises:
            AccessError: there is no such environment or task, or it is served under other faults.
        """
        runtime = self.environments.under(environment, faults)
        if task is not None:
            known = self.task(task)
            task = known.id
            if known.faults != runtime.environment.faults:
                await self._under_faults(known, runtime, seed)
        await self.environments.write(runtime.environment)
        version = runtime.environment.version
        row = EpisodeRow(self._new_id(), environment, version, seed, task, None, 0, False)
        return await self._begin(row, runtime, ReadBack([runtime.start]))

    async def fork(self, parent: str, step: int | None = None) -> Episode:
        """Open an episode that shares another one's first `step` calls (all of them, if no step is given).

        Raises:
            AccessError: there is no such episode or step.
        """
        origin = await self.get(parent)
        point = origin.snapshot if step is None else await origin.at(step)
        row = EpisodeRow(
            self._new_id(),
            origin.row.environment,
            origin.row.version,
            origin.row.seed,
            origin.row.task,
            parent,
            point.step,
            False,
        )
        return await self._begin(row, origin.runtime, ReadBack([point]))

    async def get(self, episode: str) -> Episode:
        """Give a live episode, reading it back from its log if it is not in memory.

        Raises:
            AccessError: there is none with this id.
        """
        live = self.live.get(episode)
        if live is not None:
            return live
        row = await self._row(episode)
        runtime = await self.environments.version(row.environment, row.version)
        return self.live.keep(self._live(row, runtime, _followed(runtime, await self.log(episode), row.closed)))

    async def log(self, episode: str) -> tuple[Event, ...]:
        """Give every event of an episode, those of its ancestors included.

        Raises:
            AccessError: there is none with this id.
        """
        parts: list[list[Event]] = []
        row, end = await self._row(episode), -1
        while True:
            parts.append(await self._own_events(row.id, end))
            if row.parent is None:
                return tuple(event for part in reversed(parts) for event in part)
            end = row.fork_step if end < 0 else min(end, row.fork_step)
            row = await self._row(row.parent)

    async def replay(self, episode: str) -> int:
        """Make an episode's calls again, nowhere, and prove that they give the same results and the same state.

        Calls that a program answered are answered by it again; the others, and those that broke it, by the recording.

        Returns:
            How many calls were made.

        Raises:
            StoreError: an event came out differently.
        """
        origin = await self.get(episode)
        recorded = await self.log(episode)
        recording = ReplaySimulator({event.step: event for event in recorded})
        snapshot = origin.runtime.start
        for event in recorded:
            broke = event.failure is not None and event.failure.kind == "simulator"  # out of time, on that day
            again = event.simulator in ("behaviour", "check") and not broke  # faults are drawn anew
            simulator = None if again else recording
            made, snapshot = await origin.runtime.step(snapshot, event.call, origin.row.seed, simulator)
            if not same(_content(made), _content(event)):
                raise StoreError(f"the replay of step {event.step} ({event.call.name}) differs from the log")
        if snapshot.state.digest != _followed(origin.runtime, recorded).snapshots[-1].state.digest:
            raise StoreError("the replay ends in another state than the episode")
        return len(recorded)

    async def close(self, episode: str) -> None:
        """Close an episode: its log stays, calls are refused."""
        await (await self.get(episode)).close()

    async def rows(self, after: str = "", limit: int = 100) -> list[EpisodeRow]:
        """List episodes by id, from the one after `after`."""
        found = await self.store.read("SELECT * FROM episodes WHERE id > ? ORDER BY id LIMIT ?", after, limit)
        return [_episode_row(row) for row in found]

    async def health(self) -> None:
        """Write something of no matter, to see whether calls could be kept.

        Raises:
            StoreError: it cannot.
        """
        await self.store.write("INSERT OR REPLACE INTO heartbeat (id, at) VALUES (1, ?)", self._clock())

    async def count(self) -> int:
        """Count all episodes of the store."""
        [row] = await self.store.read("SELECT count(*) AS number FROM episodes")
        return row["number"]

    async def _begin(self, row: EpisodeRow, runtime: Runtime, read: ReadBack) -> Episode:
        about = (row.id, row.environment, row.version, row.seed, row.task, row.parent, row.fork_step)
        try:
            await self.store.write(_INSERT_EPISODE, *about, self._clock())
        except StoreError as problem:
            if not isinstance(problem.__cause__, IntegrityError):
                raise
            await self.environments.write(runtime.environment, again=True)  # it was pruned with its last episode
            await self.store.write(_INSERT_EPISODE, *about, self._clock())
        return self.live.keep(self._live(row, runtime, read))

    def _live(self, row: EpisodeRow, runtime: Runtime, read: ReadBack) -> Episode:
        async def read_back(steps: int | None) -> ReadBack:
            now = await self._row(row.id)
            return _followed(runtime, (await self.log(row.id))[:steps], now.closed)

        return Episode(row, runtime, read, self.store, read_back, self._clock, self.telemetry, self.live.weigh)

    async def _row(self, episode: str) -> EpisodeRow:
        found = await self.store.read("SELECT * FROM episodes WHERE id = ?", episode)
        if not found:
            raise NotFoundError("there is no such episode")
        return _episode_row(found[0])

    async def _own_events(self, episode: str, end: int) -> list[Event]:
        found = await self.store.read(
            "SELECT step, event FROM events WHERE episode = ? AND (? < 0 OR step < ?) ORDER BY step", episode, end, end
        )
        return [parse_record(Event, row["event"], f"event {row['step']} in the store", StoreError) for row in found]


@asynccontextmanager
async def open_episodes(
    environments: Sequence[Environment] | RuntimePool,
    tasks: Sequence[Task] = (),
    path: Path | None = None,
    full: bool = False,
    new_id: Callable[[], str] | None = None,
    make: bool = True,
    simulation: SimulationPlan | None = None,
    memory: int = MEMORY,
    clock: Callable[[], int] | None = None,
) -> AsyncGenerator[Episodes]:
    """Open a store and give its episodes.

    Args:
        environments: What episodes can be opened in, as they are or made ready.
        tasks: What they can be opened for.
        path: The store's file; None keeps it in memory.
        full: Sync each commit to the disk.
        new_id: Gives the ids of episodes; by default such as cannot be guessed.
        make: Whether a store is made where there is none.
        simulation: How calls are simulated, where environments are not ready yet.
        memory: About how many bytes episodes may take in memory.
        clock: Gives the seconds since 1970, for retention; nothing of an episode's content depends on it.
    """
    async with open_store(path, full, make) as store:
        yield Episodes(store, environments, tasks, new_id, simulation, memory, clock)


def _wall_seconds() -> int:
    return int(time.time())


def _unguessable() -> str:
    return secrets.token_urlsafe(18)


def _followed(runtime: Runtime, events: Sequence[Event], closed: bool = False) -> ReadBack:
    """Follow a log to its end, and keep its latest points."""
    snapshots = deque([runtime.start], KEPT)
    weight = 0
    try:
        for event in events:
            snapshots.append(runtime.advance(snapshots[-1], event))
            weight += len(event.json_bytes()) if event.ops else 0
    except InvalidOpsError as problem:
        raise StoreError(f"the log does not fit environment {runtime.environment.id}: {problem}") from None
    return ReadBack(snapshots, weight, closed)


def _content(event: Event) -> object:
    return event.model_dump(mode="json", exclude={"simulator", "usage"})


def _episode_row(row: Row) -> EpisodeRow:
    return EpisodeRow(
        id=row["id"],
        environment=row["environment"],
        version=row["version"],
        seed=row["seed"],
        task=row["task"],
        parent=row["parent"],
        fork_step=row["fork_step"],
        closed=bool(row["closed"]),
    )
