"""`toolworld run`: play tasks, judge the runs, write both down."""

import os
import sys
from collections.abc import Mapping, Set
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.options.live_pages import LivePages, files_of, live_pages
from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.observation import tracing
from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import (
    MODEL_NAMES,
    AsJson,
    BudgetText,
    CacheFile,
    Environments,
    Faults,
    MaxTokens,
    ModelConcurrency,
    ModelName,
    ModelSeconds,
    PricesFile,
    Simulate,
    Simulator,
    StoreOption,
    TasksFile,
    Trust,
)
from toolworld.cli.report import RunRows, show_result, summary
from toolworld.cli.screen import print_json, progress, stderr_console
from toolworld.datasets import TaskSuite, Trajectory, Verdict
from toolworld.ground import JsonObject, RolloutError, UsageError, freeze_gc
from toolworld.judges import StatementJudge
from toolworld.llm import LedgerEntry, RetryPolicy
from toolworld.rollout import (
    MUTATIONS,
    BatchResult,
    Host,
    Limits,
    Mutation,
    PlannedRun,
    PlayerModels,
    Script,
    choose_scripts,
    connect,
    play_and_judge,
)
from toolworld.server import InProcessHost, open_episodes

SCRIPTED = "scripted"


def run(
    environments: Environments,
    tasks: TasksFile = None,
    task: Annotated[list[str] | None, typer.Option(help="Play this task only, by its id (repeat).")] = None,
    out: Annotated[Path, typer.Option(help="The folder for trajectories.jsonl and verdicts.jsonl.")] = Path("out"),
    url: Annotated[str | None, typer.Option(help="Play at a running server instead of in this process.")] = None,
    store: StoreOption = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**53 - 1, help="Decides generated ids and mutations; by default each task's own."),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, max=1000, help="Play each task so often, for pass@k and pass^k.")] = 1,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Runs at a time.")] = 8,
    mutation: Annotated[str | None, typer.Option(help=f"Let the script go wrong: {', '.join(MUTATIONS)}.")] = None,
    faults: Faults = None,
    trust: Trust = False,
    agent: Annotated[str, typer.Option(help=f"Who plays the agent: scripted, or a model ({MODEL_NAMES}).")] = SCRIPTED,
    user: Annotated[str, typer.Option(help="Who plays the user: scripted, or a model.")] = SCRIPTED,
    judge: Annotated[
        str | None, typer.Option(help="A model that judges statements; by default they are skipped.")
    ] = None,
    temperature: Annotated[float, typer.Option(min=0, max=2, help="Of the agent's and the user's model.")] = 0.0,
    turns: Annotated[int, typer.Option(min=1, help="Turns of the agent before a run is ended.")] = 60,
    tokens: Annotated[int, typer.Option(min=1, help="Tokens of the agent before a run is ended.")] = 1_000_000,
    limit: Annotated[int | None, typer.Option(min=1, help="Play only so many tasks, the first.")] = None,
    simulator: Simulator = "auto",
    simulate: Simulate = None,
    model: ModelName = None,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    model_concurrency: ModelConcurrency = 64,
    model_seconds: ModelSeconds = RetryPolicy.seconds,
    max_tokens: MaxTokens = None,
    fail_under: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit with 1 if the mean reward is lower than this.")
    ] = None,
    view: LivePages = False,
    as_json: AsJson = False,
) -> None:
    """Play every task with a scripted agent and user or with models, and judge each run.

    Runs that the output already holds are not played again, and no completion is paid for twice.
    Exit code 1 if a run is void or was not begun, or the mean reward is under --fail-under.

    Example: toolworld run library --agent openai:gpt-4o-mini --user openai:gpt-4o-mini --budget 2usd
    """
    if url is not None and store is not None:
        raise UsageError("--store is for runs in this process; at --url the server keeps the episodes")
    players = {role: None if name == SCRIPTED else name for role, name in (("agent", agent), ("user", user))}
    if mutation is not None and players["agent"]:
        raise UsageError("--mutation is for the scripted agent; a model makes its own mistakes")
    if url is not None and (model or simulator != "auto" or simulate):
        raise UsageError(
            "--model, --simulator and --simulate are for runs in this process; at --url the server simulates"
        )
    models = ModelOptions(
        simulator=simulator,
        simulate=tuple(simulate or ()),
        model=model,
        budget=budget,
        prices=prices,
        cache=model_cache,
        concurrency=model_concurrency,
        seconds=model_seconds,
        max_tokens=max_tokens,
        judge=judge,
        **players,
    )
    plan = RunPlan(
        suite=SuiteOptions(tuple(environments), tasks, tuple(task or ()), faults, trust, seed),
        models=models,
        out=out,
        url=url,
        store=store,
        seed=seed,
        trials=trials,
        concurrency=concurrency,
        mutation=checked_mutation(mutation),
        temperature=temperature,
        limits=Limits(turns, tokens=tokens),
        limit=limit,
    )
    shown = RunRows()
    with live_pages(files_of(out, environments, tasks), view):
        with tracing():
            result, entries = anyio.run(_run, plan, shown, backend_options={"use_uvloop": sys.platform != "win32"})
        if as_json:
            print_json(summary(result, entries, trials, out))
        else:
            show_result(result, shown, trials, out)
            show_costs(entries)
    _leave(result, fail_under)


def checked_mutation(name: str | None) -> Mutation | None:
    """Read the name of a mutation."""
    for known in MUTATIONS:
        if name == known:
            return known
    if name is not None:
        raise UsageError(f"there is no mutation {name!r}; there are: {', '.join(MUTATIONS)}")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """Everything that a run was asked to be."""

    suite: SuiteOptions
    models: ModelOptions
    out: Path
    url: str | None
    store: str | None
    seed: int | None
    trials: int
    concurrency: int
    mutation: Mutation | None
    temperature: float
    limits: Limits
    limit: int | None

    @property
    def settings(self) -> JsonObject:
        """What all runs of the output folder must have in common, besides who plays."""
        limits: JsonObject = {"turns": self.limits.turns, "tokens": self.limits.tokens}
        if self.url:  # who simulates there is not known here
            return {**limits, "host": "a server", **({"judge": self.models.judge} if self.models.judge else {})}
        return {**limits, "host": "this process", **self.models.settings}


async def _run(plan: RunPlan, shown: RunRows) -> tuple[BatchResult, list[LedgerEntry]]:
    async with AsyncExitStack() as stack:
        models = await stack.enter_async_context(open_chosen_models(plan.models, "run", plan.suite.trusted, plan.out))
        if models.agent is not None and models.user is None:
            stderr_console().print("the user is scripted: it follows the task's scenario; --user names a model")
        suite = await load_chosen_suite(plan.suite, models.simulation)
        if not suite.tasks:
            raise RolloutError(f"there are no tasks for {', '.join(plan.suite.names)}; give some with --tasks")
        if plan.limit is not None:
            suite = replace(suite, tasks=suite.tasks[: plan.limit])
        if plan.url is not None:
            host: Host = await stack.enter_async_context(connect(plan.url, os.environ.get("TOOLWORLD_TOKEN")))
        else:
            episodes = open_episodes(suite.runtimes, suite.tasks, plan.store)
            host = InProcessHost(await stack.enter_async_context(episodes))
        seconds = plan.models.retry_policy.total_seconds if plan.models.names else plan.limits.seconds
        scripts = await choose_scripts(suite, plan.mutation, plan.seed)
        if plan.mutation is not None:
            _say_what_is_not_played(suite, scripts.keys(), plan.mutation)
        result = await play_with_bar(
            suite,
            scripts,
            host,
            plan.out,
            seed=plan.seed,
            trials=plan.trials,
            concurrency=plan.concurrency,
            models=PlayerModels(models.agent, models.user, plan.temperature, plan.models.max_tokens),
            limits=replace(plan.limits, seconds=seconds, budget=models.budget),
            settings=plan.settings,
            statement_judge=models.judge,
            shown=shown,
        )
        return result, models.models.ledger.entries


async def play_with_bar(
    suite: TaskSuite,
    scripts: Mapping[str, Script],
    host: Host,
    out: Path,
    *,
    seed: int | None = None,
    trials: int = 1,
    concurrency: int = 8,
    models: PlayerModels | None = None,
    limits: Limits | None = None,
    settings: JsonObject | None = None,
    statement_judge: StatementJudge | None = None,
    shown: RunRows,
) -> BatchResult:
    """Play and judge a batch with a progress bar."""
    freeze_gc()
    mutation = next((script.mutation for script in scripts.values()), None)
    with progress(f"playing {mutation or 'the tasks'}") as bar:
        line = bar.add_task("", total=len(scripts) * trials)

        def on_run(run: PlannedRun, trajectory: Trajectory, verdict: Verdict) -> None:
            shown.add(run, trajectory, verdict)
            bar.advance(line)

        return await play_and_judge(
            suite,
            scripts,
            host,
            out,
            seed=seed,
            trials=trials,
            concurrency=concurrency,
            models=models,
            limits=limits,
            settings=settings,
            statement_judge=statement_judge,
            on_run=on_run,
        )


def _say_what_is_not_played(suite: TaskSuite, played: Set[str], mutation: Mutation) -> None:
    left = [task.id for task in suite.tasks if task.id not in played]
    if not played:
        raise RolloutError(f"none of the {len(left)} tasks leaves room for {mutation}, so there is nothing to play")
    if left:
        names = f"{', '.join(left[:3])}{' ...' if len(left) > 3 else ''}"
        total = len(suite.tasks)
        message = f"{len(left)} of {total} tasks leave no room for {mutation} and are not played: {names}"
        stderr_console().print(message, soft_wrap=True)


def _leave(result: BatchResult, fail_under: float | None) -> None:
    """Exit with 1 where runs do not count or do not reach what was asked."""
    counts = result.counts
    if counts["void"] or counts["left"]:
        raise typer.Exit(1)
    if fail_under is not None and (result.mean_reward is None or result.mean_reward < fail_under):
        reward = "none" if result.mean_reward is None else f"{result.mean_reward:.3f}"
        stderr_console().print(f"[red]the mean reward {reward} is under {fail_under:g}[/]")
        raise typer.Exit(1)
