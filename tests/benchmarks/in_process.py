"""Figures of what happens inside one process: opening, forking, diffing, calling, playing."""

import gc
import os
import tempfile
from pathlib import Path
from typing import Any

import anyio
from tests.benchmarks.figures import Figure, cpu_ms
from tests.support.processes import cpu_seconds, family

from toolworld.datasets import Task, TaskSuite, load_suite
from toolworld.environments import Call, Environment, import_tau2, load_environments
from toolworld.ground import freeze_gc
from toolworld.judges import judge
from toolworld.rollout import PlannedRun, ScriptedAgent, ScriptedUser, play, script_of
from toolworld.server import Episode, Episodes, InProcessHost, open_episodes

SHARED = Path(os.environ.get("TOOLWORLD_SHARED", Path(__file__).parents[3] / "shared"))
RENEW = Call(name="renew_loan", arguments={"loan_id": "L5101"})
LOOK = Call(name="get_patron", arguments={"patron_id": "B2040"})


def padded(environment: Environment, copies: int) -> Environment:
    """The library with its catalogue repeated, for a larger state."""
    raw: dict[str, Any] = environment.model_dump(mode="json")
    titles = raw["initial_state"]["collections"]["titles"]
    raw["initial_state"]["collections"]["titles"] = titles + [
        {**title, "title_id": f"X{number}-{title['title_id']}"} for number in range(copies) for title in titles
    ]
    return Environment.model_validate({**raw, "id": f"library_{copies}"})


def large_environment(library: Environment) -> tuple[Environment, Call, str]:
    """2.8 MB of state: tau2's retail data where it is at hand, else the library padded to that size."""
    folder = SHARED / "data" / "tau2_retail"
    if folder.is_dir():
        fields = ("address1", "address2", "city", "state", "country", "zip")
        arguments: dict[str, Any] = {"user_id": "noah_brown_6181", **dict.fromkeys(fields, "x")}
        return import_tau2(folder), Call(name="modify_user_address", arguments=arguments), "2.8 MB, tau2 retail"
    return padded(library, 400), RENEW, "2.8 MB, padded library"


async def measure_in_process() -> list[Figure]:
    """Measure everything that needs no other process."""
    suite = await load_suite(["hotel"])
    [library] = load_environments(["library"])
    medium = padded(library, 4)
    large, change, size = large_environment(library)
    strangers = library.model_copy(
        update={"id": "strangers_library"}
    )  # not what we released, so its program is confined
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        environments = [library, strangers, medium, large, *suite.environments]
        async with open_episodes(environments, store=Path(folder) / "bench.sqlite") as episodes:
            freeze_gc()
            memory = await measure_memory(episodes, library)
            for environment, what, budget, peers in (
                (medium, "653 records", 0.05, "4.2 ms EnvScaler, 28 ms tau2, 6.6 s AWM"),
                (large, size, 0.06, ""),
            ):
                value = await cpu_ms(lambda environment=environment: open_many(episodes, environment), 4) / 64
                figures.append(Figure(f"open an episode: {what}", value, "ms", budget, peers=peers))
            figures += await measure_forks(episodes, large, change)
            figures.append(await measure_calls(episodes, library))
            figures.append(await measure_strangers_calls(episodes, strangers))
            figures.append(await measure_rollouts(suite, episodes))
            figures.append(memory)
    return figures


async def open_many(episodes: Episodes, environment: Environment) -> list[Episode]:
    """Open 64 episodes at once."""
    opened: list[Episode] = []

    async def one() -> None:
        opened.append(await episodes.open(environment.id))

    async with anyio.create_task_group() as tasks:
        for _ in range(64):
            tasks.start_soon(one)
    return opened


async def measure_forks(episodes: Episodes, large: Environment, change: Call) -> list[Figure]:
    """Fork and diff an episode of many steps on a large state."""
    episode = await episodes.open(large.id)
    for _ in range(50):
        await episode.call(change)

    async def fork() -> None:
        async with anyio.create_task_group() as tasks:
            for step in range(50):
                tasks.start_soon(episodes.fork, episode.id, step)

    async def diff() -> None:
        for _ in range(50):
            assert episode.changes

    return [
        Figure("fork at any of 50 steps, 2.8 MB", await cpu_ms(fork, 4) / 50, "ms", 0.1, peers="nobody has it"),
        Figure("diff against the initial state, 2.8 MB", await cpu_ms(diff, 4) / 50, "ms"),
    ]


async def measure_calls(episodes: Episodes, environment: Environment) -> Figure:
    """Call a read tool and a write tool in turn, in 64 episodes at once."""
    opened = await open_many(episodes, environment)

    async def some(episode: Episode) -> None:
        for number in range(20):
            await episode.call(LOOK if number % 2 else RENEW)

    async def batch() -> None:
        async with anyio.create_task_group() as tasks:
            for episode in opened:
                tasks.start_soon(some, episode)

    value = await cpu_ms(batch, 1) / (64 * 20)
    peers = "8.6 ms EnvScaler, 3-7 ms ToolSandbox"
    return Figure("a call in process: validated, simulated, durable (64 at once)", value, "ms", 0.08, peers=peers)


async def measure_strangers_calls(episodes: Episodes, environment: Environment) -> Figure:
    """The same with a program that runs in workers; their time counts, too."""
    opened = await open_many(episodes, environment)

    async def some(episode: Episode) -> None:
        for number in range(20):
            await episode.call(LOOK if number % 2 else RENEW)

    best = float("inf")
    for _ in range(5):
        before = sum(map(cpu_seconds, family()))
        async with anyio.create_task_group() as tasks:
            for episode in opened:
                tasks.start_soon(some, episode)
        best = min(best, sum(map(cpu_seconds, family())) - before)
    what = "the same with a stranger's program (workers included)"
    return Figure(what, best / (64 * 20) * 1000, "ms", 0.25)


async def measure_rollouts(suite: TaskSuite, episodes: Episodes) -> Figure:
    """Play and judge a task with scripted players, 64 at once."""
    task: Task = next(task for task in suite.tasks if len(task.calls) == 5)
    host = InProcessHost(episodes)
    runtime = suite.runtime_of(task)

    async def one() -> None:
        async with host.session(PlannedRun(task, 0)) as session:
            run = await play(PlannedRun(task, 0), ScriptedAgent(script_of(task)), ScriptedUser(task), session)
        assert (await judge(task, run, runtime)).passed

    async def batch() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(64):
                tasks.start_soon(one)

    value = await cpu_ms(batch, 1, rounds=3) / 64
    what = f"a graded {len(task.calls)}-call rollout, scripted players (64 at once)"
    return Figure(what, value, "ms", 2.0, peers="21-30 NeMo Gym, 248 ToolSandbox, 279 tau2 retail")


async def measure_memory(episodes: Episodes, environment: Environment) -> Figure:
    """Hold 1,024 episodes with a call each, and see how much the process has grown."""
    gc.collect()
    before = resident_kib()
    held: list[Episode] = []
    for _ in range(128):
        held += await open_many(episodes, environment)
    for episode in held:
        await episode.call(RENEW)
    grown = resident_kib() - before
    return Figure(
        "memory a live episode", grown / len(held), "KiB", 5, peers="225 MiB AWM, 1.3 MiB EnvScaler, 0.17 OpenEnv"
    )


def resident_kib() -> int:
    """How much memory the process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
