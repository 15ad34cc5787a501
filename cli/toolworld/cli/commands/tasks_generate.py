"""`toolworld tasks generate` and `check`: tasks made by doing, and the gates that they have to pass."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import anyio
import typer

from toolworld.cli.commands.tasks_check import open_host
from toolworld.cli.options.faults import ShareOfTasks, SomeFaults, chosen_faults
from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, CacheFile, PricesFile, Writer
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.datasets import Task, load_suite
from toolworld.environments import find_environments
from toolworld.ground import LineWriter, UsageError
from toolworld.llm import LedgerEntry, Role
from toolworld.rollout import (
    CorpusMemory,
    EvolutionModels,
    FaultShare,
    GateShare,
    Mode,
    RejectedTask,
    RequestWriter,
    TaskEvolver,
    TaskGenerator,
    gate_shares,
)

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
    writer: Writer = None,
    faults: SomeFaults = None,
    fault_share: ShareOfTasks = None,
    model: Annotated[
        str | None,
        typer.Option(help=f"A model that evolves them, turn by turn ({MODEL_NAMES}); by default they are sampled."),
    ] = None,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
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
    # what a model answered is not paid for twice, if it has to be asked again
    cache = model_cache or (out.with_suffix(".completions.sqlite") if model or writer else None)
    options = ModelOptions(model=model, writer=writer, budget=budget, prices=prices, cache=cache)
    plan = _Plan(tuple(environments), n, mode, seed, play, out, chosen_faults(faults, fault_share))
    if model is not None and (mode != "mixed" or faults is not None or writer is not None):
        raise UsageError("--mode, --faults and --writer are for chains that are sampled; --model evolves them")
    tasks, rejected, costs = anyio.run(_made, plan, CorpusMemory(is_on=corpus_memory), options)
    if as_json:
        gates = {one.gate: {"kept": one.kept, "of": one.of} for one in _gates(tasks, rejected)}
        print_json({"asked": n, "delivered": len(tasks), "rejected": len(rejected), "gates": gates})
    else:
        _show(tasks, rejected, out)
        show_costs(costs)
    if len(tasks) < n:
        raise UsageError(f"{len(tasks)} of {n} tasks could be made; why not more stands in {rejects}")


class _Plan(NamedTuple):
    """What tasks are asked for."""

    names: tuple[str, ...]
    wanted: int
    mode: Mode
    seed: int
    plays: bool
    out: Path
    faults: FaultShare | None


class _Made(NamedTuple):
    """What was made."""

    tasks: list[Task]
    rejected: list[RejectedTask]
    costs: list[LedgerEntry]


async def _made(plan: _Plan, memory: CorpusMemory, options: ModelOptions) -> _Made:
    """Make tasks, sampled or evolved by a model, and write each down as it comes."""
    suite = await load_suite(plan.names)
    host = open_host if plan.plays else None
    async with open_chosen_models(options, "evolve", trusted=False) as opened:
        if options.model is None:
            rewrite = RequestWriter(opened.writer).rewritten if opened.writer else None
            sampled = TaskGenerator(
                suite.runtimes, plan.mode, seed=plan.seed, memory=memory, faults=plan.faults, rewrite=rewrite
            )
            found = sampled.generate(plan.wanted, host)
        else:
            roles: tuple[Role, ...] = ("evolver", "solver", "judge", "merger")
            models = [await opened.models.get(options.model, role) for role in roles]
            evolved = TaskEvolver(suite.runtimes, EvolutionModels(*models), seed=plan.seed, memory=memory)
            found = evolved.generate(plan.wanted, host)
        tasks, rejected = await _written(found, plan)
        return _Made(tasks, rejected, opened.models.ledger.entries)


async def _written(found: AsyncIterator[Task | RejectedTask], plan: _Plan) -> tuple[list[Task], list[RejectedTask]]:
    tasks: list[Task] = []
    rejected: list[RejectedTask] = []
    with (
        progress("making tasks") as bar,
        LineWriter(plan.out, alone=True) as kept,
        LineWriter(plan.out.with_suffix(".rejected.jsonl")) as listed,
    ):
        done = bar.add_task("", total=plan.wanted)
        async for one in found:
            if isinstance(one, Task):
                tasks.append(one)
                kept.append(one)
                bar.advance(done)
            else:
                rejected.append(one)
                listed.append(one)
    return tasks, rejected


def _gates(tasks: Sequence[Task], rejected: Sequence[RejectedTask]) -> tuple[GateShare, ...]:
    return gate_shares(len(tasks), Counter(one.gate or "" for one in rejected))


def _show(tasks: Sequence[Task], rejected: Sequence[RejectedTask], out: Path) -> None:
    console = stdout_console()
    console.print(f"[bold]{plain(str(out))}[/]: {count(len(tasks), 'task')}, {len(rejected)} chains rejected")
    rows = table("What each gate kept", ("gate", "kept", "of", "share"), fixed=("kept", "of", "share"))
    for one in _gates(tasks, rejected):
        rows.add_row(one.gate, str(one.kept), str(one.of), one.share)
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
