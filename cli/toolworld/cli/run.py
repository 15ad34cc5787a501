"""`toolworld run`: play tasks, judge the runs, write both down."""

import os
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NamedTuple

import anyio
import typer

from toolworld.cli.choice import FAULTS_HELP, TRUST_HELP, Choice, load_choice
from toolworld.cli.host import LocalHost
from toolworld.cli.modelled import (
    AT_ONCE_HELP,
    BUDGET_HELP,
    CACHE_HELP,
    COMPLETIONS,
    MODEL_HELP,
    PRICES_HELP,
    SECONDS_HELP,
    SIMULATE_HELP,
    SIMULATOR_HELP,
    Modelling,
    opened,
    show_costs,
)
from toolworld.cli.observation import tracing
from toolworld.cli.screen import MARKS, count, plain, print_json, progress, screen, table
from toolworld.datasets import Shelf, Trajectory, Verdict
from toolworld.environments import SimulatorKind
from toolworld.ground import RolloutError, freeze_gc
from toolworld.llm import LedgerEntry, RetryPolicy
from toolworld.rollout import (
    MISTAKES,
    TRAJECTORIES,
    VERDICTS,
    Cast,
    Host,
    Limits,
    Mistake,
    Played,
    choose_scripts,
    connect,
    play_and_judge,
)
from toolworld.server import open_episodes

SCRIPTED = "scripted"


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
    agent: Annotated[str, typer.Option(help="Who plays the agent: scripted, or a model (see --model).")] = SCRIPTED,
    user: Annotated[str, typer.Option(help="Who plays the user: scripted, or a model.")] = SCRIPTED,
    temperature: Annotated[float, typer.Option(min=0, max=2, help="Of the agent's and the user's model.")] = 0.0,
    turns: Annotated[int, typer.Option(min=1, help="Turns of the agent before a run is ended.")] = 60,
    tokens: Annotated[int, typer.Option(min=1, help="Tokens of the agent before a run is ended.")] = 1_000_000,
    limit: Annotated[int | None, typer.Option(min=1, help="Play only so many tasks, the first.")] = None,
    simulator: Annotated[SimulatorKind, typer.Option(help=SIMULATOR_HELP)] = "auto",
    simulate: Annotated[list[str] | None, typer.Option(metavar="TOOL=MEANS", help=SIMULATE_HELP)] = None,
    model: Annotated[str | None, typer.Option(help=MODEL_HELP)] = None,
    budget: Annotated[str | None, typer.Option(help=BUDGET_HELP)] = None,
    prices: Annotated[Path | None, typer.Option(help=PRICES_HELP)] = None,
    model_cache: Annotated[Path | None, typer.Option(help=f"{CACHE_HELP} Default: OUT/{COMPLETIONS}.")] = None,
    at_once: Annotated[int, typer.Option(min=1, max=4096, help=AT_ONCE_HELP)] = 64,
    model_seconds: Annotated[float, typer.Option(min=0.1, help=SECONDS_HELP)] = RetryPolicy.seconds,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Play every task with a scripted agent and user or with models, and judge each run.

    Runs that the output already holds are not played again, and no answer of a model is paid for twice.

    Example: toolworld run library --agent openai:gpt-4o-mini --user openai:gpt-4o-mini --budget 2usd
    """
    if url is not None and store is not None:
        raise RolloutError("--store is for runs in this process; at --url the server keeps the episodes")
    named = {part: None if name == SCRIPTED else name for part, name in (("agent", agent), ("user", user))}
    if mistake is not None and named["agent"]:
        raise RolloutError("--mistake is for the scripted agent; a model makes its own")
    if url is not None and (model or simulator != "auto" or simulate):
        raise RolloutError(
            "--model, --simulator and --simulate are for runs in this process; at --url the server simulates"
        )
    said = Modelling(
        simulator, tuple(simulate or ()), model, budget, prices, model_cache, at_once, model_seconds, **named
    )
    plan = Plan(
        Choice(environments, tasks, faults, trust, seed),
        out,
        url,
        store,
        seed,
        concurrency,
        checked_mistake(mistake),
        said,
        temperature,
        turns,
        tokens,
        limit,
    )
    with tracing():
        played, entries = anyio.run(_run, plan, backend_options={"use_uvloop": sys.platform != "win32"})
    if as_json:
        costs = [entry.model_dump(mode="json") for entry in entries]
        print_json(
            {**played.counts, "simulation": played.simulation, "models": costs, "trajectories": str(out / TRAJECTORIES)}
        )
    else:
        show(played, out)
        show_costs(entries)
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


class Plan(NamedTuple):
    """Everything that a run was asked to be."""

    choice: Choice
    out: Path
    url: str | None
    store: Path | None
    seed: int | None
    concurrency: int
    mistake: Mistake | None
    modelling: Modelling
    temperature: float
    turns: int
    tokens: int
    limit: int | None


async def _run(plan: Plan) -> tuple[Played, list[LedgerEntry]]:
    async with AsyncExitStack() as stack:
        models = await stack.enter_async_context(opened(plan.modelling, "run", plan.choice.trusted, plan.out))
        shelf = await load_choice(plan.choice, models.simulation)
        if not shelf.tasks:
            raise RolloutError(f"there are no tasks for {', '.join(plan.choice.names)}; give some with --tasks")
        if plan.limit is not None:
            shelf = replace(shelf, tasks=shelf.tasks[: plan.limit])
        if plan.url is not None:
            host: Host = await stack.enter_async_context(connect(plan.url, os.environ.get("TOOLWORLD_TOKEN")))
        else:
            episodes = open_episodes(shelf.runtimes, path=plan.store)
            host = LocalHost(await stack.enter_async_context(episodes))
        cast = Cast(models.agent, models.user, plan.temperature)
        seconds = plan.modelling.retry_policy.total_seconds if plan.modelling.names else Limits().seconds
        limits = Limits(plan.turns, tokens=plan.tokens, seconds=seconds, budget=models.budget)
        played = await play_with_bar(shelf, host, plan.out, plan.seed, plan.concurrency, plan.mistake, cast, limits)
        return played, models.models.ledger.entries


async def play_with_bar(
    shelf: Shelf,
    host: Host,
    out: Path,
    seed: int | None = None,
    concurrency: int = 8,
    mistake: Mistake | None = None,
    cast: Cast | None = None,
    limits: Limits | None = None,
) -> Played:
    """Play and judge a batch with a progress bar."""
    scripts = await choose_scripts(shelf, mistake, seed)
    freeze_gc()
    with progress(f"playing {mistake or 'the tasks'}") as bar:
        line = bar.add_task("", total=len(scripts))
        return await play_and_judge(
            shelf, scripts, host, out, seed, concurrency, lambda _: bar.advance(line), cast, limits
        )


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
            plain(_reason(run_, verdict)),
        )
    screen().print(rows)
    counts = played.counts
    screen().print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['void']} void of {counts['asked']}")
    if played.tally.stopped:
        screen().print(
            f"[yellow]the budget stopped {count(played.tally.stopped, 'run')}; the same command goes on with them, "
            "and pays for nothing twice[/]"
        )
    calls = played.simulation
    if calls["by_model"] or calls["by_cache"]:
        screen().print(
            f"{count(calls['calls'], 'call')}: {calls['by_behaviour']} by program, {calls['by_model']} by model "
            f"({count(calls['completions'], 'completion')}, {calls['repaired']} repaired, {calls['voided']} voided), "
            f"{calls['by_cache']} as answered before, {calls['by_check']} refused by schema"
        )
    screen().print(f"written: {out / TRAJECTORIES}, {out / VERDICTS}")


def _reason(run_: Trajectory, verdict: Verdict) -> str:
    if verdict.fault is not None:
        return f"{verdict.fault.party}: {verdict.fault.message}"
    ended = f"{run_.stop.replace('_', ' ')}: " if run_.stop.endswith("_limit") else ""
    return ended + next((check.evidence[0] for check in verdict.checks if check.outcome == "fail"), "")
