"""Many rollouts: at once up to a limit, each written down as it ends, resumed by what is already there."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import anyio

from toolworld.datasets import Fault, Task, Trajectory
from toolworld.ground import LineWriter, RecordError, ToolworldError, read_lines, span, task_group, write_lines
from toolworld.rollout.agent import Agent
from toolworld.rollout.host import Host
from toolworld.rollout.play import Limits, play, run_id, unplayed
from toolworld.rollout.user import UserProxy


class Players(NamedTuple):
    """The two sides of a conversation."""

    agent: Agent
    user: UserProxy


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the runs asked for: asked = delivered + resumed; `failed` of them carry a fault."""

    asked: int
    delivered: int
    resumed: int
    failed: int
    stopped: int = 0
    """Those that the budget stopped, before they began or on their way."""


async def run_many(
    tasks: Sequence[Task],
    host: Host,
    cast: Callable[[Task], Awaitable[Players]],
    path: Path,
    seed: int | None = None,
    concurrency: int = 8,
    limits: Limits | None = None,
    on_end: Callable[[Trajectory], None] | None = None,
) -> Tally:
    """Play every task once and append its trajectory to a JSONL file.

    Runs that the file already holds are not played again, unless it was the host that failed, or the
    budget that ran out. When all are there, the file is put in the order of the tasks, so that equal
    runs give equal files, whatever ended first. A run that breaks becomes a trajectory with a fault.

    Args:
        cast: Gives the players of a task.
        path: The trajectories' file.
        seed: The seed of all episodes; by default each task's own, in which its truth was worked out.
        on_end: Told of every trajectory as it ends; those resumed first.

    Raises:
        RecordError: the file cannot be read or written.
    """
    held = _held(path, tasks)
    there = {run.id: run for run in held if _has_ended(run)}
    wanted = {run_id(task, seed_of(task, seed)): task for task in tasks}
    for name, task in wanted.items():
        if name in there:
            _require_same_players(path, there[name], await cast(task))
    resumed = [there[name] for name in wanted if name in there]
    for trajectory in resumed:
        if on_end:
            on_end(trajectory)
    ended: list[Trajectory] = []
    slots = anyio.CapacityLimiter(concurrency)

    with LineWriter(path) as lines:

        async def run_one(task: Task) -> None:
            async with slots:
                trajectory = await _play_one(task, host, cast, seed_of(task, seed), limits)
            lines.append(trajectory)
            ended.append(trajectory)
            if on_end:
                on_end(trajectory)

        async with task_group() as tasks_running:
            for name, task in wanted.items():
                if name not in there:
                    tasks_running.start_soon(run_one, task)

    everything = {run.id: run for run in (*held, *ended)}
    _put_in_order(path, [run.id for run in (*held, *ended)], everything, list(wanted))
    failed = sum(everything[name].fault is not None for name in wanted)
    stopped = sum(everything[name].stop == "budget" for name in wanted)
    return Tally(len(wanted), len(ended), len(resumed), failed, stopped)


def _require_same_players(path: Path, run: Trajectory, players: Players) -> None:
    """Refuse to go on with runs that others have played."""
    for part, now, then in (("agent", players.agent.name, run.agent), ("user", players.user.name, run.user)):
        if now != then:
            raise RecordError(f"{path} holds a run of {run.id} by the {part} {then}; write to another file")


def seed_of(task: Task, seed: int | None) -> int:
    """Give the seed that is asked for, or else the task's own."""
    return task.seed if seed is None else seed


async def _play_one(
    task: Task, host: Host, cast: Callable[[Task], Awaitable[Players]], seed: int, limits: Limits | None
) -> Trajectory:
    players = await cast(task)
    if limits is not None and limits.are_spent:
        return unplayed(task, players.agent.name, players.user.name, seed, None, "budget")
    try:
        with span(
            f"invoke_agent {players.agent.name}",
            gen_ai__operation__name="invoke_agent",
            gen_ai__agent__name=players.agent.name,
            toolworld__task=task.id,
        ):
            async with host.session(task, seed) as session:
                return await play(task, players.agent, players.user, session, seed, limits)
    except ToolworldError as problem:
        fault = Fault(party="host", message=str(problem))
    except Exception as problem:  # noqa: BLE001 - whatever breaks a run must become its fault, not end the others
        fault = Fault(party="host", message=f"{type(problem).__name__}: {problem}")
    return unplayed(task, players.agent.name, players.user.name, seed, fault)


def _has_ended(run: Trajectory) -> bool:
    return run.stop != "budget" and (run.fault is None or run.fault.party != "host")


def _held(path: Path, tasks: Sequence[Task]) -> tuple[Trajectory, ...]:
    """Read the runs that a file holds; those of another version of an environment cannot be gone on with."""
    versions = {task.id: task.environment_version for task in tasks}
    held = read_lines(path, Trajectory).records if path.exists() else ()
    for run in held:
        if versions.get(run.task, run.environment_version) != run.environment_version:
            raise RecordError(
                f"{path} holds a run of {run.task} in another version of its environment; write to another file"
            )
    return held


def _put_in_order(path: Path, lines: list[str], everything: dict[str, Trajectory], wanted: list[str]) -> None:
    order = [*wanted, *(name for name in everything if name not in wanted)]
    if order != lines:
        write_lines(path, [everything[name] for name in order])
