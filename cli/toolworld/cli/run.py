"""`toolworld run`: play tasks, judge the runs, write both down."""

import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.choice import FAULTS_HELP, TRUST_HELP, Choice, load_choice
from toolworld.cli.host import LocalHost
from toolworld.cli.observation import tracing
from toolworld.cli.screen import MARKS, plain, print_json, progress, screen, table
from toolworld.datasets import Shelf, Verdict
from toolworld.ground import RolloutError, settle
from toolworld.rollout import (
    MISTAKES,
    TRAJECTORIES,
    VERDICTS,
    Host,
    Mistake,
    Played,
    choose_scripts,
    connect,
    play_and_judge,
)
from toolworld.server import open_episodes


def run(
    environments: Annotated[list[str], typer.Argument(help="Environment folders, .jsonl packs, or built-in names.")],
    tasks: Annotated[Path | None, typer.Option(help="A tasks.jsonl; by default the environments' own tasks.")] = None,
    out: Annotated[Path, typer.Option(help="The folder for trajectories.jsonl and verdicts.jsonl.")] = Path("out"),
    url: Annotated[str | None, typer.Option(help="Play at a running server instead of in this process.")] = None,
    store: Annotated[Path | None, typer.Option(help="Keep the episodes in this SQLite file.")] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**53 - 1, help="Decides generated ids and mistakes; by default each task's own."),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Runs at once.")] = 8,
    mistake: Annotated[str | None, typer.Option(help=f"Plant a mistake: {', '.join(MISTAKES)}.")] = None,
    faults: Annotated[str | None, typer.Option(help=FAULTS_HELP)] = None,
    trust: Annotated[bool, typer.Option("--trust", help=TRUST_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Play every task with the scripted agent and user, and judge each run.

    Runs that the output already holds are not played again.

    Example: toolworld run library --out out/library
    """
    if url is not None and store is not None:
        raise RolloutError("--store is for runs in this process; at --url the server keeps the episodes")
    choice = Choice(environments, tasks, faults, trust, seed)
    with tracing():
        played = anyio.run(_run, choice, out, url, store, seed, concurrency, checked_mistake(mistake))
    if as_json:
        print_json({**played.counts, "trajectories": str(out / TRAJECTORIES)})
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
    choice: Choice,
    out: Path,
    url: str | None,
    store: Path | None,
    seed: int | None,
    concurrency: int,
    mistake: Mistake | None,
) -> Played:
    shelf = await load_choice(choice)
    if not shelf.tasks:
        raise RolloutError(f"there are no tasks for {', '.join(choice.names)}; give some with --tasks")
    async with AsyncExitStack() as stack:
        if url is not None:
            host: Host = await stack.enter_async_context(connect(url, os.environ.get("TOOLWORLD_TOKEN")))
        else:
            episodes = open_episodes(shelf.runtimes, path=store)
            host = LocalHost(await stack.enter_async_context(episodes))
        return await play_with_bar(shelf, host, out, seed, concurrency, mistake)


async def play_with_bar(
    shelf: Shelf, host: Host, out: Path, seed: int | None = None, concurrency: int = 8, mistake: Mistake | None = None
) -> Played:
    """Play and judge a batch with a progress bar."""
    scripts = await choose_scripts(shelf, mistake, seed)
    settle()
    with progress(f"playing {mistake or 'the tasks'}") as bar:
        line = bar.add_task("", total=len(scripts))
        return await play_and_judge(shelf, scripts, host, out, seed, concurrency, lambda _: bar.advance(line))


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
            plain(_reason(verdict)),
        )
    screen().print(rows)
    counts = played.counts
    screen().print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['void']} void of {counts['asked']}")
    screen().print(f"written: {out / TRAJECTORIES}, {out / VERDICTS}")


def _reason(verdict: Verdict) -> str:
    if verdict.fault is not None:
        return f"{verdict.fault.party}: {verdict.fault.message}"
    return next((check.evidence[0] for check in verdict.checks if check.outcome == "fail"), "")
