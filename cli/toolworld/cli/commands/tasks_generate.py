"""`toolworld tasks generate` and `check`: tasks made by doing, and the gates that they have to pass."""

import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.datasets import Task, TaskSuite, load_suite
from toolworld.environments import find_environments
from toolworld.ground import UsageError, write_lines
from toolworld.rollout import (
    GATES,
    CorpusMemory,
    Host,
    Mode,
    RejectedTask,
    TaskGenerator,
    Ways,
    failed_gate,
    failed_run,
)
from toolworld.server import InProcessHost, open_episodes

_SHOWN = 12
"""How many reasons, or failures, are printed."""


def generate(
    environments: Annotated[list[str], typer.Argument(help="Folders, packs or built-in names.")],
    out: Annotated[Path, typer.Option(help="The .jsonl file to write; a new one. What was rejected stands beside it.")],
    n: Annotated[int, typer.Option("--n", min=1, max=1_000_000, help="How many tasks.")] = 50,
    mode: Annotated[Mode, typer.Option(help="What kind of chains of calls.")] = "mixed",
    seed: Annotated[int, typer.Option(min=0, help="Decides everything.")] = 42,
    corpus_memory: Annotated[
        bool, typer.Option(help="Draw more often what the tasks have less of: environments, tools, modes, styles.")
    ] = True,
    play: Annotated[
        bool, typer.Option(help="Play each task right with scripted players, and keep it if its verdict passes.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Make tasks by doing: chains of calls over the live state, with the user's side written from what happened.

    A task is kept if its calls do the same under three seeds, if an agent that does nothing fails and each change left
    out or made otherwise shows, if every argument can be known, and if its right run passes its verdict. Exit code 2
    if fewer could be made than were asked for.

    Example: toolworld tasks generate library clinic --n 50 --out tasks.jsonl
    """
    rejects = out.with_suffix(".rejected.jsonl")
    if out.suffix != ".jsonl" or out.exists() or rejects.exists():
        raise UsageError(f"{out}: --out takes a new .jsonl file, and beside it {rejects.name} is written")
    if not find_environments(environments):
        raise UsageError("there is no environment to make tasks in")
    tasks, rejected = anyio.run(_generate, environments, n, mode, seed, corpus_memory, play)
    write_lines(out, tasks)
    write_lines(rejects, rejected)
    if as_json:
        print_json({"asked": n, "delivered": len(tasks), "rejected": len(rejected), "gates": _shares(tasks, rejected)})
    else:
        _show(tasks, rejected, out)
    if len(tasks) < n:
        raise UsageError(f"{len(tasks)} of {n} tasks could be made; why not more stands in {rejects}")


async def _generate(
    names: Sequence[str], n: int, mode: Mode, seed: int, remembers: bool, plays: bool
) -> tuple[list[Task], list[RejectedTask]]:
    suite = await load_suite(names)
    generator = TaskGenerator(suite.runtimes, mode, seed=seed, memory=CorpusMemory(is_on=remembers))
    tasks: list[Task] = []
    rejected: list[RejectedTask] = []
    with progress("making tasks") as bar:
        done = bar.add_task("", total=n)
        async for one in generator.generate(n, open_host if plays else None):
            if isinstance(one, Task):
                tasks.append(one)
                bar.advance(done)
            else:
                rejected.append(one)
    return tasks, rejected


@asynccontextmanager
async def open_host(suite: TaskSuite) -> AsyncGenerator[Host]:
    """A host with a store of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_episodes(suite.runtimes, suite.tasks, Path(folder) / "episodes.sqlite") as episodes:
            yield InProcessHost(episodes)


def _shares(tasks: Sequence[Task], rejected: Sequence[RejectedTask]) -> dict[str, dict[str, int]]:
    """How many of the chains that came to each gate passed it."""
    lost = Counter(one.gate for one in rejected)
    left = len(tasks) + sum(lost[gate] for gate in GATES)
    shares: dict[str, dict[str, int]] = {"sampled": {"kept": left, "of": len(tasks) + len(rejected)}}
    for gate in GATES:
        shares[gate] = {"kept": left - lost[gate], "of": left}
        left -= lost[gate]
    return shares


def _show(tasks: Sequence[Task], rejected: Sequence[RejectedTask], out: Path) -> None:
    console = stdout_console()
    console.print(f"[bold]{plain(str(out))}[/]: {count(len(tasks), 'task')}, {len(rejected)} chains rejected")
    rows = table("What each gate kept", ("gate", "kept", "of", "share"), fixed=("kept", "of", "share"))
    for gate, one in _shares(tasks, rejected).items():
        rows.add_row(gate, str(one["kept"]), str(one["of"]), f"{one['kept'] / one['of']:.1%}" if one["of"] else "-")
    console.print(rows)
    found: dict[str, Mapping[str, int]] = {
        "mode": Counter(one.origin.mode for one in tasks if one.origin),
        "style": Counter(one.origin.style for one in tasks if one.origin),
        "has": Counter(pattern for one in tasks if one.origin for pattern in one.origin.patterns),
    }
    counts = table("What the tasks are", ("what", "tasks"), fixed=("tasks",))
    for what, values in found.items():
        for name, number in sorted(values.items(), key=lambda one: (-one[1], one[0])):
            counts.add_row(f"{what}: {name}", str(number))
    if tasks:
        console.print(counts)
        console.print(_sizes(tasks))


def _sizes(tasks: Sequence[Task]) -> str:
    calls = sorted(len(one.calls) for one in tasks)
    changes = sum(one.writes and one.error is None for task in tasks for one in task.calls) / len(tasks)
    many = sum(number >= _MANY for number in calls) / len(tasks)
    mean = sum(calls) / len(calls)
    return f"{mean:.1f} calls a task, {changes:.1f} of them change something; {many:.0%} have five calls or more"


_MANY = 5


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
                runtime = suite.runtime_of(task)
                failure = await failed_gate(task, Ways.in_environment(runtime))
                found[task.id] = f"{failure.gate}: {failure.why}" if failure is not None else None
                if failure is None and plays and (why := await failed_run(task, runtime, host)) is not None:
                    found[task.id] = f"lawful: {why}"
    return found
