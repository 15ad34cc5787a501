"""`toolworld export parquet | synthtools | nemo-gym | openenv`: tasks for those who train on them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from toolworld.cli.commands.exporting.chosen import ChosenRuns, load_tasks, show_written
from toolworld.cli.commands.exporting.options import EnvironmentNames, OutFolder, OutRows, TaskFile
from toolworld.cli.options.types import PlayedUnder
from toolworld.cli.screen import count, stdout_console
from toolworld.datasets import (
    ParquetRows,
    Selection,
    TaskSuite,
    export_nemo_gym,
    export_openenv,
    run_row,
    task_row,
    to_synthtools,
    write_rows,
)
from toolworld.ground import JsonObject, RecordError, UsageError, write_lines

MAX_PORT = 65_535


def parquet(
    runs: Annotated[
        Path | None, typer.Argument(help="A trajectories.jsonl, or a folder of `run` or `make`; else the tasks.")
    ] = None,
    *,
    env: EnvironmentNames,
    tasks: TaskFile = None,
    faults: PlayedUnder = None,
    verdicts: Annotated[Path | None, typer.Option(help="The verdicts of the runs.")] = None,
    only: Annotated[str, typer.Option(help="Of runs: `pass`, `decided`, or `all` but void ones.")] = "all",
    min_reward: Annotated[float | None, typer.Option(min=0, max=1, help="Of runs.")] = None,
    out: OutRows,
) -> None:
    """Write tasks, or runs, as Parquet with the columns that Hugging Face, TRL, verl and SkyRL look for.

    Example: toolworld export parquet --env library --env clinic --out tasks
    """
    if runs is None:
        if verdicts is not None or only != "all" or min_reward is not None:
            raise UsageError("--verdicts, --only and --min-reward are for runs, and no file of them is named")
        counts = write_rows(out, _task_rows(load_tasks(env, faults, tasks)), ParquetRows, ".parquet")
        show_written(out, counts, Selection(), "task")
        return
    if tasks is not None:
        raise UsageError("--tasks is for tasks, and a file of runs is named")
    chosen = ChosenRuns(runs=runs, env=env, faults=faults, verdicts=verdicts, only=only, min_reward=min_reward)
    with chosen.opened(out) as (found, selection):
        rows = (run_row(run, index) for index, run in enumerate(found))
        counts = write_rows(out, rows, ParquetRows, ".parquet")
    show_written(out, counts, selection, "run")


def _task_rows(suite: TaskSuite) -> Iterator[JsonObject]:
    for index, task in enumerate(suite.tasks):
        yield task_row(task, suite.runtime_of(task).environment, index)


def synthtools(
    *, env: EnvironmentNames, faults: PlayedUnder = None, out: Annotated[Path, typer.Option(help="The .jsonl.")]
) -> None:
    """Write tasks as rows of SynthTools.

    Example: toolworld export synthtools --env library --out rows.jsonl
    """
    suite = load_tasks(env, faults)
    if out.exists() and out.stat().st_size:
        raise RecordError(f"{out} is there already; name another file")
    write_lines(out, [to_synthtools(task, suite.runtime_of(task)) for task in suite.tasks])
    stdout_console().print(f"{out}: {count(len(suite.tasks), 'task')} as SynthTools rows")


def nemo_gym(
    out: OutFolder,
    *,
    env: EnvironmentNames,
    tasks: TaskFile = None,
    server: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where `toolworld serve --nemo-gym` listens.")
    ] = "127.0.0.1:8766",
) -> None:
    """Write a folder that NeMo Gym runs in: entries of the server and of an agent, and the tasks as rows.

    Example: toolworld export nemo-gym nemo --env library
    """
    host, _, port = server.rpartition(":")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", host) or not port.isascii() or not port.isdigit() or int(port) > MAX_PORT:
        raise UsageError(f"--server {server!r} is not HOST:PORT, such as 127.0.0.1:8766")
    counts = export_nemo_gym(load_tasks(env, tasks=tasks), out, server)
    told = ", ".join(f"{name} {rows}" for name, rows in counts.items())
    stdout_console().print(f"{out}: {count(sum(counts.values()), 'task')} for NeMo Gym ({told}); see its README.md")


def openenv(out: OutFolder, *, env: EnvironmentNames, tasks: TaskFile = None) -> None:
    """Write a package for OpenEnv: its manifest, an image, and a run for its graders; one folder an environment.

    Example: toolworld export openenv package --env library
    """
    suite = load_tasks(env, tasks=tasks)
    bare = {one.id for one in suite.environments} - {task.environment for task in suite.tasks}
    if bare:
        raise UsageError(f"environment {min(bare)} has no tasks, and a package for OpenEnv is of tasks")
    for environment in suite.environments:
        export_openenv(suite, environment, out / environment.id if len(suite.environments) > 1 else out)
    stdout_console().print(f"{out}: {count(len(suite.environments), 'package')} for OpenEnv")
