"""`toolworld tasks check`: the gates that tasks have to pass, held against them again."""

import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console
from toolworld.datasets import Task, TaskSuite, load_suite, plain_task, rederive_under_faults
from toolworld.ground import SpecError, UsageError
from toolworld.rollout import Host, Ways, failed_gate, failed_run
from toolworld.server import InProcessHost, open_episodes

_SHOWN = 12
"""How many failures are printed."""


@asynccontextmanager
async def open_host(suite: TaskSuite) -> AsyncGenerator[Host]:
    """A host with a store of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_episodes(suite.runtimes, suite.tasks, Path(folder) / "episodes.sqlite") as episodes:
            yield InProcessHost(episodes)


def check(
    environments: Annotated[list[str], typer.Argument(help="Folders, packs or built-in names.")],
    tasks: Annotated[
        Path | None, typer.Option(help="A .jsonl file of tasks; by default the environments' own.")
    ] = None,
    play: Annotated[bool, typer.Option(help="Play each task right as well.")] = True,
    as_json: AsJson = False,
) -> None:
    """Hold tasks against the gates again: their calls under three seeds, an agent that does nothing, changes left out
    or made otherwise, what every argument is known from, and the verdict of their right run.

    Exit code 1 if one does not pass.

    Example: toolworld tasks check library --tasks tasks.jsonl
    """
    failures = anyio.run(_check, environments, tasks, play)
    checked = len(failures)
    failed = {name: why for name, why in failures.items() if why is not None}
    if as_json:
        print_json({"checked": checked, "failed": failed})
    else:
        console = stdout_console()
        console.print(f"{count(checked, 'task')}, of which {checked - len(failed)} pass every gate")
        for name, why in list(failed.items())[:_SHOWN]:
            console.print(f"[red]failed[/] {plain(name)}: {plain(why)}")
        if len(failed) > _SHOWN:
            console.print(f"and {len(failed) - _SHOWN} more")
    if failed:
        raise typer.Exit(1)


async def _check(names: Sequence[str], path: Path | None, plays: bool) -> dict[str, str | None]:
    suite = await load_suite(names, path)
    if not suite.tasks:
        raise UsageError("there is no task to check")
    suite.with_tasks(suite.tasks)  # to refuse tasks of other versions
    found: dict[str, str | None] = {}
    async with open_host(suite) as host:
        with progress("checking") as bar:
            for task in bar.track(suite.tasks):
                found[task.id] = await _failure(task, suite, host if plays else None)
    return found


async def _failure(task: Task, suite: TaskSuite, host: Host | None) -> str | None:
    """Why a task does not pass, or None; it is played if there is a host."""
    runtime = suite.runtime_of(task)
    try:
        without = await plain_task(suite, task)
        failure = await failed_gate(without, Ways.in_environment(suite.runtimes[task.environment]))
        if failure is not None:
            return f"{failure.gate}: {failure.why}"
        if without is not task:
            again = await rederive_under_faults(without, suite.runtime_of(without), runtime)
            if (again.calls, again.truth) != (task.calls, task.truth):
                return "oracle: under its faults its calls do not come out as they did"
    except SpecError as problem:
        return f"oracle: {problem}"
    why = None if host is None else await failed_run(task, runtime, host)
    return None if why is None else f"lawful: {why}"
