"""`toolworld datasets downstream`: whether agents find two sets equally difficult, and rank the same on both."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.measuring.options import LayoutName, Seed, read_named
from toolworld.cli.commands.tasks_check import open_host
from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, CacheFile, PricesFile, Trust
from toolworld.cli.screen import plain, print_json, progress, stdout_console, table
from toolworld.datasets import (
    Dataset,
    DownstreamMeasures,
    TaskSuite,
    downstream_of_tasks,
    load_suite,
    sample_order,
)
from toolworld.environments import SimulationPlan
from toolworld.ground import UsageError
from toolworld.llm import LedgerEntry, Model
from toolworld.rollout import SKILLS, SampleAgent, answer_samples, measure_difficulty, tools_in

_ENVIRONMENTS, _TASKS = "environments.jsonl", "tasks.jsonl"
Rates = dict[str, list[float]]
"""How often each agent passes each task."""


def downstream(
    real: Annotated[
        str, typer.Argument(help="The real tasks: an environment, a folder of `make`; with --agent a dataset.")
    ],
    synthetic: Annotated[str, typer.Argument(help="The synthetic ones.")],
    trials: Annotated[
        int | None, typer.Option(min=1, max=100, help="How often each scripted agent plays each task; by default 2.")
    ] = None,
    agent: Annotated[
        list[str] | None,
        typer.Option(help=f"A model that answers the samples of two datasets ({MODEL_NAMES}); repeat it."),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many tasks of each set are played.")] = 200,
    layout: LayoutName = None,
    seed: Seed = 0,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    trust: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Run agents on two sets of tasks: the difference of their difficulty, and whether agents rank the same on both.

    Without --agent, three scripted agents of graded skill play tasks of environments. With it, models answer samples of
    any two datasets, and are held against the samples' own calls or outputs.

    Example: toolworld datasets downstream library clinic --trials 2
    """
    costs: Sequence[LedgerEntry] = ()
    if agent and (trials is not None or trust or len({*agent}) < len(agent)):
        raise UsageError("--trials and --trust are of scripted agents; with --agent each model is named once")
    if not agent and (layout or budget or prices or model_cache):
        raise UsageError("--layout, --budget, --prices and --model-cache are for --agent, which is not given")
    if agent:
        sides = [read_named(name, layout) for name in (real, synthetic)]
        models = ModelOptions(budget=budget, prices=prices, cache=model_cache, agent=agent[0])
        rates, costs = anyio.run(_answered, sides, agent, most, seed, models)
    else:
        rates = anyio.run(_played, (real, synthetic), trials or 2, most, seed, trust)
    found = downstream_of_tasks(*rates, seed=seed)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    _show(found, len(next(iter(rates[0].values()))), len(next(iter(rates[1].values()))))
    show_costs(costs)


async def _played(names: tuple[str, str], trials: int, most: int, seed: int, trust: bool) -> list[Rates]:
    return [await _played_on(name, trials, most, seed, trust) for name in names]


async def _played_on(name: str, trials: int, most: int, seed: int, trust: bool) -> Rates:
    suite = await _suite(name, trust)
    suite = suite.with_tasks(random.Random(seed).sample(suite.tasks, min(most, len(suite.tasks))))
    async with open_host(suite) as host:
        with progress(f"playing {name}") as bar:
            line = bar.add_task("", total=len(suite.tasks) * trials * len(SKILLS))
            counts = await measure_difficulty(suite, host, trials, seed=seed, on_run=lambda: bar.advance(line))
    judged = [task.id for task in suite.tasks if all(of[task.id].judged for of in counts.values())]
    if not judged:
        raise UsageError(f"no run on {name} could be judged")
    return {skill: [of[task].passed / of[task].judged for task in judged] for skill, of in counts.items()}


async def _suite(name: str, trust: bool) -> TaskSuite:
    folder = Path(name)
    is_made = (folder / _ENVIRONMENTS).is_file() and (folder / _TASKS).is_file()
    names, tasks = ([str(folder / _ENVIRONMENTS)], folder / _TASKS) if is_made else ([name], None)
    suite = await load_suite(names, tasks, SimulationPlan(trusted=trust))
    if not suite.tasks:
        raise UsageError(f"{name} has no tasks")
    return suite


async def _answered(
    sides: Sequence[Dataset], agents: Sequence[str], most: int, seed: int, options: ModelOptions
) -> tuple[list[Rates], Sequence[LedgerEntry]]:
    async with open_chosen_models(options, "downstream", trusted=False) as opened:
        models = {name: await opened.models.get(name, "agent") for name in agents}
        found = [await _answered_on(side, models, most, seed) for side in sides]
        return found, opened.models.ledger.entries


async def _answered_on(side: Dataset, models: Mapping[str, Model], most: int, seed: int) -> Rates:
    fit = sorted((one for one in side.samples if one.calls or one.output is not None), key=sample_order)
    samples = random.Random(seed).sample(fit, min(most, len(fit)))
    if not samples:
        raise UsageError(f"{side.name} has no sample with calls or an output to be held against")
    tools = tools_in(side.samples)
    with progress("answering") as bar:
        line = bar.add_task("", total=len(samples) * len(models))
        return {
            name: await answer_samples(SampleAgent(model, tools, seed), samples, lambda: bar.advance(line))
            for name, model in models.items()
        }


def _show(found: DownstreamMeasures, real: int, synthetic: int) -> None:
    numbers = ("real", "synthetic", "apart")
    title = f"How often agents pass: {real} real and {synthetic} synthetic tasks"
    rows = table(title, ("agent", *numbers), fixed=numbers)
    for name, (one, other) in found.rates.items():
        rows.add_row(plain(name), f"{one:.2f}", f"{other:.2f}", f"{abs(one - other):.2f}")
    console = stdout_console()
    console.print(rows)
    reach = _interval(found.difference_interval)
    console.print(f"task difficulty difference: {found.difference:.3f}{reach}; lower is better")
    agreement = "none" if found.rank_agreement is None else f"{found.rank_agreement:.2f}"
    reason = f", since {found.reason}" if found.reason else _interval(found.agreement_interval)
    console.print(f"agreement of ranks (Spearman): {agreement}{reason}; higher is better")


def _interval(pair: tuple[float, float] | None) -> str:
    return "" if pair is None else f" ({pair[0]:.2f} to {pair[1]:.2f})"
