"""`toolworld env audit`: how reliably tools behave as their schemas, their errors and the state say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, CacheFile, ModelConcurrency, PricesFile
from toolworld.cli.screen import count, plain, print_json, progress, stderr_console, stdout_console, table
from toolworld.environments import (
    AUDIT_CALLS,
    PROPERTY_TEXTS,
    CallSamples,
    FoundEnvironment,
    Gate,
    Origin,
    Runtime,
    ToolReport,
    audit_by_calls,
    audit_page,
    audit_totals,
    broken_reports,
    find_environments,
    joined_origin,
    save_new_pack,
    save_origin,
    with_opinions,
)
from toolworld.ground import QuarantineError, SpecError, UsageError, task_group, write_atomically, write_lines
from toolworld.judges import ToolCallJudge
from toolworld.llm import LedgerEntry

_SHOWN = 8
"""How many findings are printed."""


def audit(
    environment: Annotated[list[str], typer.Argument(help="Folders, packs or built-in names.")],
    out: Annotated[Path, typer.Option(help="The report, a line a tool; a page for people stands beside it.")] = Path(
        "audit.jsonl"
    ),
    calls: Annotated[int, typer.Option(min=1, help="How many right calls each tool gets; others come with them.")] = (
        AUDIT_CALLS
    ),
    drop: Annotated[
        float | None, typer.Option(min=0, max=1, help="Leave tools out of --kept whose reliability is below this.")
    ] = None,
    kept: Annotated[Path | None, typer.Option(help="The .jsonl pack of what --drop leaves.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides the calls.")] = 0,
    model: Annotated[
        str | None, typer.Option(help=f"A model that judges what calls cannot tell ({MODEL_NAMES}).")
    ] = None,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    model_concurrency: ModelConcurrency = 8,
    as_json: AsJson = False,
) -> None:
    """Call every tool in several states, and hold what it does against its schemas, its errors and the state.

    Its reliability is the lowest lower bound (Wilson, 95 %) of the shares of calls of which everything held. Exit code
    1 if something did not hold.

    Example: toolworld env audit library clinic --out audit.jsonl
    """
    page = _checked_page(environment, out, drop, kept)
    found = find_environments(environment)
    options = ModelOptions(judge=model, budget=budget, prices=prices, cache=model_cache, concurrency=model_concurrency)
    reports, costs = anyio.run(_audited, found, calls, seed, options)
    write_lines(out, reports)
    write_atomically(page, audit_page(reports).encode())
    if drop is not None and kept is not None:
        _keep(environment, found, reports, drop, kept)
    if as_json:
        print_json(_summary(reports, drop))
    else:
        _show(reports, out, page, drop)
        show_costs(costs)
    if any(one.evidence for one in reports):
        raise typer.Exit(1)


def _checked_page(environment: Sequence[str], out: Path, drop: float | None, kept: Path | None) -> Path:
    """Where the page for people goes.

    Raises:
        UsageError: options do not go together, or something would be replaced.
    """
    if (drop is None) != (kept is None):
        raise UsageError("--drop and --kept go together: what is left out, and where the rest is written")
    if out.suffix != ".jsonl" or (kept is not None and (kept.suffix != ".jsonl" or kept.exists())):
        raise UsageError("--out and --kept are .jsonl files, and --kept is a new one")
    page = out.with_suffix(".md")
    taken = {Path(one).resolve() for one in environment}
    if out.resolve() in taken or (kept is not None and kept.resolve() == out.resolve()):
        raise UsageError(f"{out} would replace what is audited, or what is kept; give another --out")
    if page.exists() and not page.read_bytes().startswith(b"# Audit by calls"):
        raise UsageError(f"{page} is there already, and is no page of an audit; give another --out")
    return page


def _keep(
    names: Sequence[str], found: Sequence[FoundEnvironment], reports: Sequence[ToolReport], drop: float, kept: Path
) -> None:
    """Write the environments without the tools that are not reliable enough."""
    poor = {(one.environment, one.tool) for one in reports if one.reliability < drop}
    every = (each.source() for each in found)
    rest = (one.without_tools(tool for name, tool in poor if name == one.id) for one in every)
    left = [one for one in rest if one is not None]
    if left:
        save_new_pack(left, kept)
        save_origin(kept, _origin(names, reports, drop))
    else:
        stderr_console().print(f"No tool reaches {drop:g}; {plain(str(kept))} is not written.")


def _origin(names: Sequence[str], reports: Sequence[ToolReport], drop: float) -> Origin:
    """How the pack of what is reliable was made: after what its sources say of themselves."""
    before = joined_origin(names, "toolworld env audit")
    kept = sum(one.reliability >= drop for one in reports)
    gate = Gate(name=f"tools whose reliability is at least {drop:g}", kept=kept, of=len(reports))
    return before.model_copy(update={"gates": (*before.gates, gate)})


async def _audited(
    found: Sequence[FoundEnvironment], calls: int, seed: int, options: ModelOptions
) -> tuple[list[ToolReport], list[LedgerEntry]]:
    reports: list[ToolReport] = []
    async with open_chosen_models(options, "audit", trusted=False) as models:
        judge = ToolCallJudge(await models.models.get(options.judge, "judge"), seed) if options.judge else None
        with progress("auditing") as bar:
            for one in bar.track(found):
                runtime, samples = Runtime(one.source()), CallSamples()
                try:
                    made = await audit_by_calls(runtime, calls=calls, seed=seed, samples=samples)
                except (QuarantineError, SpecError) as problem:
                    made = broken_reports(runtime.environment, str(problem))
                reports += made if judge is None else await _judged(judge, runtime, made, samples)
        return reports, models.models.ledger.entries


async def _judged(
    judge: ToolCallJudge, runtime: Runtime, reports: Sequence[ToolReport], samples: CallSamples
) -> list[ToolReport]:
    """The reports with what a judge says of the calls of each tool, all of an environment at once."""
    judged: dict[str, ToolReport] = {}

    async def ask(report: ToolReport) -> None:
        shown = samples.of(report.tool)
        opinions = await judge.judge(runtime.tool(report.tool), shown)
        told = [
            (call.arguments, one.label == "right", one.why)
            for call, one in zip(shown, opinions, strict=True)
            if one.label != "unclear"
        ]
        judged[report.tool] = with_opinions(report, told)

    async with task_group() as tasks:
        for report in reports:
            tasks.start_soon(ask, report)
    return [judged[report.tool] for report in reports]


def _summary(reports: Sequence[ToolReport], drop: float | None) -> dict[str, object]:
    properties, classes = audit_totals(reports)
    return {
        "tools": len(reports),
        "answered": sum(one.is_answered for one in reports),
        "dropped": sum(one.reliability < drop for one in reports) if drop is not None else 0,
        "classes": {name: one.model_dump() | {"lower": one.lower} for name, one in classes.items()},
        "properties": {name: one.model_dump() | {"lower": one.lower} for name, one in properties.items()},
        "errors": {
            "reached": sum(len(one.reached) for one in reports),
            "not_reached": sum(len(one.not_reached) for one in reports if one.is_answered),
        },
        "findings": sum(len(one.evidence) for one in reports),
    }


def _show(reports: Sequence[ToolReport], out: Path, page: Path, drop: float | None) -> None:
    console = stdout_console()
    properties, _ = audit_totals(reports)
    answered = sum(one.is_answered for one in reports)
    environments = len({one.environment for one in reports})
    console.print(
        f"{count(len(reports), 'tool')} of {count(environments, 'environment')}, of which a program answers {answered}"
    )
    rows = table("What has to hold", ("property", "held", "of", "at least"), fixed=("held", "of", "at least"))
    for name, one in properties.items():
        if one.of:
            rows.add_row(PROPERTY_TEXTS[name], str(one.held), str(one.of), f"{one.lower:.3f}")
    console.print(rows)
    reached = sum(len(one.reached) for one in reports)
    documented = reached + sum(len(one.not_reached) for one in reports if one.is_answered)
    console.print(f"{reached} of {documented} documented errors were reached.")
    unseen = sum(one.is_answered and not one.succeeded for one in reports)
    if unseen:
        console.print(f"Of {count(unseen, 'tool')} no right call succeeded, so that what they do was not seen.")
    if drop is not None:
        console.print(f"{sum(one.reliability < drop for one in reports)} tools are below {drop}, and left out.")
    evidence = [(report, one) for report in reports for one in report.evidence]
    for report, one in evidence[:_SHOWN]:
        said = f"{report.environment}: {one.tool}: {PROPERTY_TEXTS[one.property]}: {one.said}"
        console.print(f"[red]broken[/] {plain(said)}")
    if len(evidence) > _SHOWN:
        console.print(f"and {len(evidence) - _SHOWN} more")
    console.print(f"{plain(str(out))}, and for people {plain(str(page))}")
