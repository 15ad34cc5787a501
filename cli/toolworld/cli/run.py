"""`toolworld run`: play tasks, judge the runs, write both down."""

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.host import LocalHost
from toolworld.cli.screen import MARKS, print_json, progress, screen, table
from toolworld.datasets import Shelf, Task, Trajectory, Verdict, load_shelf
from toolworld.ground import Record, RolloutError, read_lines, write_atomically
from toolworld.judges import judge
from toolworld.rollout import (
    MISTAKES,
    Host,
    Mistake,
    Players,
    Script,
    ScriptedAgent,
    ScriptedUser,
    Tally,
    connect,
    plant,
    run_many,
    script_of,
)
from toolworld.server import open_episodes


@dataclass(frozen=True, slots=True)
class Played:
    """What a batch of runs came to."""

    tally: Tally
    runs: tuple[tuple[Task, Trajectory, Verdict], ...]


def run(
    environments: Annotated[list[str], typer.Argument(help="Environment folders, .jsonl packs, or built-in names.")],
    tasks: Annotated[Path | None, typer.Option(help="A tasks.jsonl; by default the environments' own tasks.")] = None,
    out: Annotated[Path, typer.Option(help="The folder for trajectories.jsonl and verdicts.jsonl.")] = Path("out"),
    url: Annotated[str | None, typer.Option(help="Play at a running server instead of in this process.")] = None,
    store: Annotated[Path | None, typer.Option(help="Keep the episodes in this SQLite file.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides generated ids and the choice of mistakes.")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Runs at once.")] = 8,
    mistake: Annotated[str | None, typer.Option(help=f"Plant a mistake: {', '.join(MISTAKES)}.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Play every task with the scripted agent and user, and judge each run.

    Runs that the output already holds are not played again.

    Example: toolworld run library --out out/library
    """
    played = anyio.run(_run, environments, tasks, out, url, store, seed, concurrency, checked_mistake(mistake))
    if as_json:
        print_json({**summary(played), "trajectories": str(out / "trajectories.jsonl")})
    else:
        show(played, out)
    if any(verdict.outcome == "void" for _, _, verdict in played.runs):
        raise typer.Exit(1)


def checked_mistake(name: str | None) -> Mistake | None:
    """Read the name of a mistake."""
    if name is None:
        return None
    for known in MISTAKES:
        if name == known:
            return known
    raise RolloutError(f"there is no mistake {name!r}; there are: {', '.join(MISTAKES)}")


async def _run(
    environments: list[str],
    tasks: Path | None,
    out: Path,
    url: str | None,
    store: Path | None,
    seed: int,
    concurrency: int,
    mistake: Mistake | None,
) -> Played:
    shelf = await load_shelf(environments, tasks)
    if not shelf.tasks:
        raise RolloutError(f"there are no tasks for {', '.join(environments)}; give some with --tasks")
    async with AsyncExitStack() as stack:
        if url is not None:
            host: Host = await stack.enter_async_context(connect(url, os.environ.get("TOOLWORLD_TOKEN")))
        else:
            host = LocalHost(await stack.enter_async_context(open_episodes(shelf.environments, path=store)))
        return await play_and_judge(shelf, host, out, seed, concurrency, mistake)


async def play_and_judge(
    shelf: Shelf, host: Host, out: Path, seed: int = 0, concurrency: int = 8, mistake: Mistake | None = None
) -> Played:
    """Play all tasks that leave room for the mistake, judge the runs, and write everything under a folder."""
    scripts = {task.id: await _script(task, shelf, mistake, seed) for task in shelf.tasks}
    chosen = [task for task in shelf.tasks if scripts[task.id] is not None]

    async def cast(task: Task) -> Players:
        script = scripts[task.id]
        assert script is not None
        return Players(ScriptedAgent(script), ScriptedUser(task))

    path = out / "trajectories.jsonl"
    with progress(f"playing {mistake or 'the tasks'}") as bar:
        line = bar.add_task("", total=len(chosen))
        tally = await run_many(chosen, host, cast, path, seed, concurrency, on_end=lambda _: bar.advance(line))
    by_task = {run.task: run for run in read_lines(path, Trajectory).records if run.seed == seed}
    runs = tuple(
        (task, by_task[task.id], judge(task, by_task[task.id], shelf.runtime_of(task).environment)) for task in chosen
    )
    write_records(out / "verdicts.jsonl", [verdict for _, _, verdict in runs])
    return Played(tally, runs)


def write_records(path: Path, records: Sequence[Record]) -> None:
    """Write a JSONL file anew."""
    write_atomically(path, b"".join(record.json_bytes() + b"\n" for record in records))


def summary(played: Played) -> dict[str, object]:
    """Count what came of the runs; asked = passed + failed + void."""
    outcomes = Counter(verdict.outcome for _, _, verdict in played.runs)
    return {
        "asked": played.tally.asked,
        "played": played.tally.delivered,
        "resumed": played.tally.resumed,
        "passed": outcomes["pass"],
        "failed": outcomes["fail"],
        "void": outcomes["void"],
    }


def show(played: Played, out: Path) -> None:
    """Print the runs and the verdicts as a table."""
    rows = table("Runs", ("task", "calls", "changes", "verdict", "state", "calls made", "answer", "policy", "evidence"))
    for task, run_, verdict in played.runs:
        marks = {check.name: MARKS[check.outcome] for check in verdict.checks}
        rows.add_row(
            task.id,
            str(len(run_.log)),
            str(len(run_.changes)),
            MARKS[verdict.outcome],
            *(marks.get(name, "") for name in ("state", "calls", "answer", "policy")),
            _reason(verdict),
        )
    screen().print(rows)
    counts = summary(played)
    screen().print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['void']} void of {counts['asked']}")
    screen().print(f"written: {out / 'trajectories.jsonl'}, {out / 'verdicts.jsonl'}")


def _reason(verdict: Verdict) -> str:
    if verdict.fault is not None:
        return f"{verdict.fault.party}: {verdict.fault.message}"
    return next((check.evidence[0] for check in verdict.checks if check.outcome == "fail"), "")


async def _script(task: Task, shelf: Shelf, mistake: Mistake | None, seed: int) -> Script | None:
    if mistake is None:
        return script_of(task)
    return await plant(task, mistake, shelf.runtime_of(task), shelf.tasks, seed)
