"""Episodes: an environment, a seed, a state, and an append-only log. Never an MCP session; it is a URL.

A live episode is a cache of its log: any of them can be dropped and read back. A fork is a pointer to
its parent and a step. Calls of one episode are made one after the other; episodes run side by side.
"""

import secrets
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from toolworld.datasets import Exchange, Task, Trajectory, Verdict, exchanges_of
from toolworld.environments import Environment, Event, FaultProfile, Runtime, RuntimePool, SimulationPlan
from toolworld.ground import MAX_INTEGER, NotFoundError, StoreError, UsageError, parse_record
from toolworld.judges import Check, IfUnclear, StatementJudge, judge
from toolworld.llm import Message
from toolworld.server.episodes.conversation import MakeUser, as_messages, speak
from toolworld.server.episodes.environments import ServedEnvironments
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.exchanges import shared_exchanges
from toolworld.server.episodes.live import LIVE_BYTES, LiveEpisodes
from toolworld.server.episodes.log import LogTail, follow_in_turns, read_log, read_row
from toolworld.server.episodes.tasks import TaskBook, under_faults
from toolworld.server.store.opening import StoreAddress, open_store
from toolworld.server.store.protocol import EpisodeRow, EpisodeStore
from toolworld.server.telemetry.health import HealthCheck
from toolworld.server.telemetry.metrics import Telemetry

if TYPE_CHECKING:
    from toolworld.rollout import UserProxy


class Episodes:
    """All episodes of a store, and the environments and tasks that they can be opened for.

    Args:
        store: Where they are kept.
        environments: The environments that episodes can be opened in.
        tasks: The tasks that they can be opened for.
        new_id: Generates the ids of episodes; by default such as cannot be guessed.
        memory: About how many bytes live episodes may take.
        clock: Seconds since 1970, for retention; the content of an episode does not depend on it.
        make_user: Makes the users of tasks, who are spoken to here; by default scripted ones.
    """

    def __init__(
        self,
        store: EpisodeStore,
        environments: RuntimePool,
        tasks: Sequence[Task] = (),
        *,
        new_id: Callable[[], str] | None = None,
        memory: int = LIVE_BYTES,
        clock: Callable[[], int] | None = None,
        make_user: MakeUser | None = None,
    ) -> None:
        self.store = store
        self.environments = ServedEnvironments(store, environments)
        self.tasks = TaskBook(tasks)
        self.live = LiveEpisodes(memory)
        self.telemetry = Telemetry()
        self.new_id = new_id or _unguessable_id
        """Generates the id of an episode."""
        self._clock = clock or _wall_seconds
        self._health = HealthCheck(lambda: self.store.check(self._clock()))
        self._make_user = make_user or _scripted_user
        self.telemetry.watch("toolworld_live_episodes", "Episodes in memory.", lambda: len(self.live))
        self.telemetry.watch("toolworld_live_bytes", "About how many bytes they take.", lambda: self.live.weight)
        self.telemetry.watch("toolworld_store_commits", "Transactions committed.", lambda: store.commits)
        self.telemetry.watch("toolworld_store_writes", "Statements committed by them.", lambda: store.written)

    def runtime(self, environment: str) -> Runtime:
        """An environment that is served, loaded.

        Raises:
            NotFoundError: it is not served here.
        """
        return self.environments.current(environment)

    async def open(
        self,
        environment: str,
        seed: int = 0,
        task: str | None = None,
        faults: FaultProfile | None = None,
        *,
        episode: str | None = None,
        trial: int = 0,
    ) -> Episode:
        """Open an episode.

        Args:
            environment: The environment's id.
            seed: Decides the ids that the episode issues, and its injected faults.
            task: The task that it is for, if it is to be judged here.
            faults: The fault profile of its calls; by default the one that the environment is served with.
            episode: The episode's id; by default a new one.
            trial: Which repetition of the task it is.

        Raises:
            NotFoundError: there is no such environment or task.
            UsageError: the seed is no integer from 0 to 2**53 - 1, the environment is served under another fault
                profile, or the task cannot be done under it.
            ConflictError: there is an episode of that id.
        """
        if type(seed) is not int or not 0 <= seed <= MAX_INTEGER:
            raise UsageError(f"a seed is an integer from 0 to {MAX_INTEGER}, and {seed!r} is not")
        runtime = self.environments.under(environment, faults)
        if task is not None:
            known = self.tasks.get(task)
            await under_faults(known, self.runtime(known.environment), runtime, seed)  # to refuse it now, not later
            task = known.id
        await self.environments.write(runtime.environment)
        version = runtime.environment.version
        row = EpisodeRow(episode or self.new_id(), environment, version, seed, task, trial=trial)
        return await self._begin(row, runtime, LogTail([runtime.start]))

    async def fork(self, parent: str, step: int | None = None, *, episode: str | None = None) -> Episode:
        """Open an episode that shares another one's first `step` calls, by default all of them.

        Args:
            parent: The other one's id.
            step: How many calls.
            episode: The id of the new one; by default a new one.

        Raises:
            NotFoundError: there is no such episode or step.
            ConflictError: there is an episode of that id.
        """
        origin = await self.get(parent)
        if step is None:
            await origin.look_again()
        point = origin.snapshot if step is None else await origin.at(step)
        exchanges = shared_exchanges(await origin.exchanges(), point.step)
        forked = {"parent": parent, "fork_step": point.step, "fork_exchange": exchanges}
        row = replace(origin.row, id=episode or self.new_id(), closed=False, answer=None, **forked)
        inherits = bool(origin.unanswered) or origin.runtime.may_leave_unanswered
        return await self._begin(row, origin.runtime, LogTail([point]), inherits)

    async def get(self, episode: str) -> Episode:
        """A live episode, read back from its log if it is not in memory.

        Raises:
            NotFoundError: there is no such episode.
        """
        live = self.live.get(episode)
        if live is not None:
            return live
        row = await read_row(self.store, episode)
        runtime = await self.environments.version(row.environment, row.version)
        tail = await follow_in_turns(runtime, runtime.start, await read_log(self.store, episode))
        unanswered = dict(await self.store.unanswered(episode))
        return self.live.keep(self._live(row, runtime, tail, unanswered, await self.store.log_bytes(episode)))

    async def as_stored(self, episode: str) -> Episode:
        """A live episode with what other processes have done in it; a call that is being made is not waited for.

        Raises:
            NotFoundError: there is no such episode, or none any more.
        """
        found = await self.get(episode)
        await found.look_again()
        return found

    async def task_of(self, episode: Episode) -> Task:
        """The task that an episode is for, as it is under the episode's fault profile.

        Raises:
            UsageError: it is for none.
            NotFoundError: it is for one that is not known here.
        """
        if episode.row.task is None:
            raise UsageError("this episode was opened for an environment, not for a task")
        task = self.tasks.get(episode.row.task)
        return await under_faults(task, self.runtime(task.environment), episode.runtime, episode.row.seed)

    async def trajectory(self, episode: Episode, answer: str | None = None) -> Trajectory:
        """The trajectory of an episode that an outside agent has played, with the conversation that was heard here.

        Args:
            episode: The episode.
            answer: What the agent told the user besides; it is kept. By default what was kept before.
        """
        if answer is not None:
            await episode.note_answer(answer)
        record, row = await episode.record(), episode.row
        return Trajectory.of_episode(
            record,
            task=self.task_id(episode),
            trial=row.trial,
            messages=await self._messages(episode, record.log),
            answer=row.answer,
        )

    async def _messages(self, episode: Episode, log: Sequence[Event]) -> Sequence[Message]:
        """The conversation that was heard; nothing where the user was never spoken to."""
        exchanges = await episode.exchanges()
        if not exchanges:
            return ()
        task = self.tasks.find(episode.row.task) if episode.row.task else None
        return [*as_messages(task.request if task else "", exchanges, log, episode.runtime.environment)]

    async def say(self, episode: Episode, said: str, number: int | None = None) -> Exchange:
        """Say something to the user of an episode's task.

        Args:
            episode: The episode.
            said: What the agent says.
            number: Which exchange it is expected to be, from 0; one that was made already is answered again.

        Raises:
            ConflictError: something else was said in that exchange, or it is not reached yet.
            UsageError: the episode is for no task, nothing was said, or the user was spoken to too often.
            ClosedError: the episode is closed, or the user is done.
            ModelError: the user is a model, and does not answer.
        """
        return await speak(episode, await self.task_of(episode), said, self._make_user, number)

    def task_id(self, episode: Episode) -> str | None:
        """The id of the task that an episode is for, with the fault profile that the episode is under."""
        task, faults = episode.row.task, episode.runtime.environment.faults
        return f"{task}~{faults.name}" if task and faults is not None and "~" not in task else task

    async def verdict(
        self,
        episode: Episode,
        answer: str | None = None,
        *,
        messages: Sequence[Message] | None = None,
        checks: Mapping[str, Check] | None = None,
        weights: Mapping[str, float] | None = None,
        statement_judge: StatementJudge | None = None,
        if_unclear: IfUnclear = "none",
    ) -> Verdict:
        """Judge an episode that was opened for a task. The verdict is kept with it.

        Args:
            episode: The episode.
            answer: What the agent told the user, if the checks need to know; it is kept.
            messages: The conversation, where it was held elsewhere; by default the one that was heard here.
            checks: The checks to make, as `judge` takes them.
            weights: Weights of their scores, as `judge` takes them.
            statement_judge: Who judges statements, as `judge` takes it.
            if_unclear: The reward of an unclear run, as `judge` takes it.

        Raises:
            UsageError: it was opened for no task.
            NotFoundError: its task is not known here.
        """
        task = await self.task_of(episode)
        run = await self.trajectory(episode, answer)
        heard = {} if messages is None else {"messages": tuple(messages)}
        if messages is not None and run.messages:
            raise UsageError("the conversation was held here, so that `messages` cannot say otherwise")
        if messages is not None and sum(message.role == "tool" for message in messages) >= len(run.log):
            await self._keep(episode, messages)
        verdict = await judge(
            task,
            run.model_copy(update={"task": task.id, **heard}),
            episode.runtime,
            checks=checks,
            weights=weights,
            statement_judge=statement_judge,
            if_unclear=if_unclear,
        )
        await self.store.note_verdict(episode.id, verdict.json_bytes())
        return verdict

    async def _keep(self, episode: Episode, messages: Sequence[Message]) -> None:
        """Keep a conversation that shows when each call was made, unless there is one."""
        if not await episode.exchanges():
            await episode.add_exchanges(0, exchanges_of(messages))

    async def kept_verdict(self, episode: Episode) -> Verdict | None:
        """The verdict that an episode was given last, or None."""
        document = await self.store.verdict(episode.id)
        return None if document is None else parse_record(Verdict, document, "a verdict in the store", StoreError)

    async def close(self, episode: str) -> None:
        """Close an episode: its log stays, calls are refused."""
        await (await self.get(episode)).close()

    async def health(self) -> None:
        """Find out whether calls can be kept now.

        Raises:
            StoreError: they cannot.
        """
        await self._health.require()

    async def _begin(self, row: EpisodeRow, runtime: Runtime, tail: LogTail, inherits: bool = False) -> Episode:
        try:
            await self.store.add_episode(row, self._clock(), inherits)
        except NotFoundError:  # the environment was pruned with its last episode
            if row.parent is not None and await self.store.episode(row.parent) is None:
                raise
            await self.environments.write(runtime.environment, again=True)
            await self.store.add_episode(row, self._clock(), inherits)
        unanswered = dict(await self.store.unanswered(row.id)) if inherits else {}
        return self.live.keep(self._live(row, runtime, tail, unanswered))

    def _live(
        self, row: EpisodeRow, runtime: Runtime, tail: LogTail, unanswered: dict[str, str], kept_bytes: int = 0
    ) -> Episode:
        return Episode(
            row,
            runtime,
            tail,
            unanswered=unanswered,
            kept_bytes=kept_bytes,
            store=self.store,
            clock=self._clock,
            telemetry=self.telemetry,
            on_growth=self.live.weigh,
        )


@asynccontextmanager
async def open_episodes(
    environments: Sequence[Environment] | RuntimePool,
    tasks: Sequence[Task] = (),
    store: StoreAddress | EpisodeStore | None = None,
    *,
    full: bool = False,
    make: bool = True,
    simulation: SimulationPlan | None = None,
    new_id: Callable[[], str] | None = None,
    memory: int = LIVE_BYTES,
    clock: Callable[[], int] | None = None,
    make_user: MakeUser | None = None,
) -> AsyncGenerator[Episodes]:
    """Open a store with its episodes.

    Args:
        environments: The environments that episodes can be opened in.
        tasks: The tasks that they can be opened for.
        store: The SQLite file or the address of a PostgreSQL database that keeps them, or a store that is open; None
            keeps them in memory.
        full: Sync each commit of a file to the disk.
        make: Whether a store is made where there is none.
        simulation: How calls are simulated; only for environments that are not loaded in a pool yet.
        new_id: Generates the ids of episodes; by default such as cannot be guessed.
        memory: About how many bytes live episodes may take.
        clock: Seconds since 1970, for retention.
        make_user: Makes the users of tasks; by default scripted ones.

    Raises:
        StoreError: the store cannot be opened.
        UsageError: `simulation` is given for a pool, which has its own.
    """
    if isinstance(environments, RuntimePool):
        if simulation is not None:
            raise UsageError("a pool of environments has its own simulation; give it there")
        pool = environments
    else:
        pool = RuntimePool.of(environments, simulation)
    async with AsyncExitStack() as stack:
        if store is None or isinstance(store, str | Path):
            opened = await stack.enter_async_context(open_store(store, full, make))
        else:
            opened = store
        yield Episodes(opened, pool, tasks, new_id=new_id, memory=memory, clock=clock, make_user=make_user)


def _scripted_user(task: Task) -> "UserProxy":
    from toolworld.rollout import ScriptedUser

    return ScriptedUser(task)


def _wall_seconds() -> int:
    return int(time.time())


def _unguessable_id() -> str:
    return secrets.token_urlsafe(18)
