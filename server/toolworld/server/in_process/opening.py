"""Opening an environment in this process.

    async with open_environment("library") as library:
        async with library.episode("library/renew_one", seed=7) as episode:
            patron = await episode.call("find_patron", name="Amira Okafor", postcode="RV3 2LN")
            verdict = await episode.verdict(answer="It is due on 23 March.")

There is neither MCP nor HTTP in between. `.sync()` gives the same without async.
"""

import os
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from anyio.from_thread import start_blocking_portal

from toolworld.datasets import Task, TaskSuite, load_suite, suite_under_faults
from toolworld.environments import (
    Environment,
    FaultProfile,
    OutcomeCache,
    RuntimePool,
    SimulationPlan,
    load_fault_profile,
)
from toolworld.ground import UsageError
from toolworld.llm import Model, open_models
from toolworld.server.episodes.episodes import open_episodes
from toolworld.server.in_process.environment import OpenEnvironment
from toolworld.server.in_process.sync import SyncEnvironment
from toolworld.server.store.opening import StoreAddress


@dataclass(frozen=True, slots=True)
class _Opening(AbstractAsyncContextManager[OpenEnvironment]):
    """What `open_environment` returns: an async context manager, or with `.sync()` a plain one."""

    opening: AbstractAsyncContextManager[OpenEnvironment]

    async def __aenter__(self) -> OpenEnvironment:
        return await self.opening.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self.opening.__aexit__(kind, problem, trace)

    @contextmanager
    def sync(self) -> Generator[SyncEnvironment]:
        """The same without async: an event loop runs in a thread of its own until the block ends."""
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(self.opening) as environment,
            closing(SyncEnvironment(environment, portal)) as opened,
        ):
            yield opened


def open_environment(
    environment: str | Path | Environment,
    *,
    tasks: str | Path | Sequence[Task] | None = None,
    store: StoreAddress | None = None,
    model: str | Model | None = None,
    faults: str | Path | FaultProfile | None = None,
    trust: bool = False,
) -> _Opening:
    """Open an environment in this process.

    Args:
        environment: The name of a built-in environment, a folder, a pack with one environment, or an `Environment`.
        tasks: A JSONL file of tasks, or tasks; by default those of the folder.
        store: The SQLite file, or the address of a PostgreSQL database, that keeps the episodes; by default they are
            kept in memory.
        model: Simulates the tools that have no program: a name as `--model` takes it, or a model.
        faults: A fault profile, its name, or a JSON file with one.
        trust: Run a program that is not toolworld's own in this process: faster, and able to take it down.

    Raises:
        SpecError: the environment, its program, a task or the fault profile is not sound.
        UsageError: there are several environments in the pack.
        ModelError: the model cannot be opened.
        StoreError: the store cannot be opened.
    """
    given = Path(tasks) if isinstance(tasks, str) else tasks
    return _Opening(_open(environment, given, store, model, faults, trust))


@asynccontextmanager
async def _open(
    environment: str | Path | Environment,
    tasks: Path | Sequence[Task] | None,
    store: StoreAddress | None,
    model: str | Model | None,
    faults: str | Path | FaultProfile | None,
    trust: bool,
) -> AsyncGenerator[OpenEnvironment]:
    async with open_models(os.environ, "open") as models:
        simulator = await models.get(model, "simulator") if isinstance(model, str) else model
        plan = SimulationPlan(trusted=trust, model=simulator, cache=OutcomeCache() if simulator else None)
        suite = await _load(environment, tasks, plan)
        if len(suite.runtimes) != 1:
            raise UsageError(f"one environment is opened at a time, and there are {len(suite.runtimes)}")
        [opened] = suite.environments
        await suite.runtimes[opened.id].load_program()
        if faults is not None:
            profile = faults if isinstance(faults, FaultProfile) else load_fault_profile(str(faults))
            suite = await suite_under_faults(suite, profile)
        async with open_episodes(suite.runtimes, suite.tasks, store) as episodes:
            yield OpenEnvironment(suite, episodes)


async def _load(
    environment: str | Path | Environment, tasks: Path | Sequence[Task] | None, plan: SimulationPlan
) -> TaskSuite:
    given = tasks if isinstance(tasks, Path) else None
    if isinstance(environment, Environment):
        suite = TaskSuite(RuntimePool.of([environment], plan), ())
    else:
        suite = await load_suite([str(environment)], given, plan)
    return suite if tasks is None or isinstance(tasks, Path) else suite.with_tasks(tasks)
