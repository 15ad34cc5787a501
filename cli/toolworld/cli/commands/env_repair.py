"""`toolworld env repair`: unreliable tools sent back to a model, with what the audit found of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import anyio
import typer

from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, CacheFile, PricesFile
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.environments import (
    AUDIT_CALLS,
    Environment,
    FoundEnvironment,
    Gate,
    Origin,
    RepairResult,
    ToolReport,
    find_environments,
    joined_origin,
    repair_programs,
    save_new_pack,
    save_origin,
    to_repair,
    wilson_lower,
)
from toolworld.ground import UsageError, read_lines
from toolworld.llm import LedgerEntry

_SHOWN = 20
"""How many tools are shown."""


def repair(
    environment: Annotated[list[str], typer.Argument(help="Folders, packs or built-in names.")],
    report: Annotated[Path, typer.Option(help="The report of `env audit` of them.")],
    model: Annotated[str, typer.Option(help=f"The model that writes ({MODEL_NAMES}).")],
    out: Annotated[Path, typer.Option(help="The .jsonl pack to write; a new one.")],
    below: Annotated[
        float, typer.Option(min=0, max=1, help="Tools whose reliability is below this are sent back.")
    ] = 0.7,
    calls: Annotated[int, typer.Option(min=1, help="How many right calls each tool gets when it is audited again.")] = (
        AUDIT_CALLS
    ),
    seed: Annotated[int, typer.Option(min=0, help="Decides the calls; sent to the model.")] = 0,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    as_json: AsJson = False,
) -> None:
    """Have a model write the programs of unreliable tools anew, from what the audit found of them.

    A program is kept if the audit then finds nothing of its tool, its reliability is not below --below, and no other
    tool is worse; what is wrong goes back to the model, twice at most. All environments are written, with the tools
    that could not be repaired as they were; their tasks are not: another program may want others. Given again with the
    same --out, the command asks for nothing that was answered. Exit code 1 if a tool could not be repaired.

    Example: toolworld env repair apis.jsonl --report audit.jsonl --model openai:gpt-4o-mini --out repaired.jsonl
    """
    if out.suffix != ".jsonl" or out.exists() or not out.resolve().parent.is_dir():
        raise UsageError(f"{out}: --out takes a new .jsonl pack, in a folder that is there")
    most = wilson_lower(calls, calls)
    if below > most:
        raise UsageError(f"with --calls {calls} no tool has a reliability above {most:.3f}; --below is {below:g}")
    found = find_environments(environment)
    reports = _reports(report, found)
    cache = model_cache or out.with_suffix(".completions.sqlite")  # what was answered is not paid for twice
    options = ModelOptions(model=model, budget=budget, prices=prices, cache=cache)
    made, results, costs = anyio.run(_repaired, found, reports, options, _Plan(below, calls, seed))
    save_new_pack(made, out)
    save_origin(out, _origin(environment, results, model))
    if as_json:
        print_json({"out": str(out), "tools": [one.model_dump(mode="json") for one in results]})
    else:
        _show(results, out, costs)
    if not all(one.kept for one in results):
        raise typer.Exit(1)


class _Plan(NamedTuple):
    """Which tools are sent back, and how they are audited."""

    below: float
    calls: int
    seed: int


def _reports(path: Path, found: Sequence[FoundEnvironment]) -> dict[str, list[ToolReport]]:
    """The reports of each environment.

    Raises:
        UsageError: there are none of one.
    """
    reports: dict[str, list[ToolReport]] = {one.id: [] for one in found}
    for one in read_lines(path, ToolReport).records:
        if one.environment in reports:
            reports[one.environment].append(one)
    missing = next((name for name, lines in reports.items() if not lines), None)
    if missing is not None:
        raise UsageError(f"{path} has no report of {missing}; `toolworld env audit` makes one")
    return reports


async def _repaired(
    found: Sequence[FoundEnvironment],
    reports: dict[str, list[ToolReport]],
    options: ModelOptions,
    plan: _Plan,
) -> tuple[list[Environment], list[RepairResult], list[LedgerEntry]]:
    made: list[Environment] = []
    results: list[RepairResult] = []
    poor = sum(len(to_repair(lines, plan.below)) for lines in reports.values())
    async with open_chosen_models(options, "repair", trusted=False) as models:
        author = await models.models.get(options.model or "", "author")
        with progress("repairing") as bar:
            waiting = bar.add_task("", total=poor)
            for one in found:
                environment, done = await repair_programs(
                    one.source(),
                    reports[one.id],
                    author,
                    below=plan.below,
                    calls=plan.calls,
                    seed=plan.seed,
                    on_result=lambda _: bar.advance(waiting),
                )
                made.append(environment)
                results += done
        return made, results, models.models.ledger.entries


def _origin(names: Sequence[str], results: Sequence[RepairResult], model: str) -> Origin:
    """How the pack was made: as what it was made from, with a gate more."""
    before = joined_origin(names, "toolworld env repair")
    gate = Gate(name=f"tools repaired by {model}", kept=sum(one.kept for one in results), of=len(results))
    return before.model_copy(update={"gates": (*before.gates, gate)})


def _show(results: Sequence[RepairResult], out: Path, costs: list[LedgerEntry]) -> None:
    console = stdout_console()
    kept = sum(one.kept for one in results)
    console.print(f"{plain(str(out))}: of {count(len(results), 'unreliable tool')} {kept} repaired")
    numbers = ("before", "after", "programs")
    rows = table("", ("tool", *numbers, "why not"), fixed=numbers)
    for one in results[:_SHOWN]:
        figures = (f"{one.before:.3f}", f"{one.after:.3f}", str(one.attempts))
        rows.add_row(plain(f"{one.environment}: {one.tool}"), *figures, plain(one.why or ""))
    if results:
        console.print(rows)
    if len(results) > _SHOWN:
        console.print(f"and {len(results) - _SHOWN} more")
    show_costs(costs)
