"""`toolworld env generate --model`: environments that a model writes, stage by stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import typer

from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.screen import count, plain, print_json, progress, stderr_console, stdout_console, table
from toolworld.environments import (
    GENERATOR_STAGES,
    FieldPlan,
    Gate,
    Generator,
    GeneratorOptions,
    GeneratorStage,
    Grown,
    Origin,
    StageCounts,
    StageLine,
    StageProjection,
    projected_costs,
    save_new_pack,
    save_origin,
)
from toolworld.ground import BudgetError, UsageError, shortened
from toolworld.llm import EMBEDDINGS_NEEDED, LedgerEntry, Price, load_embedder

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class GrowOptions:
    """What a person wants grown."""

    plans: Sequence[FieldPlan]
    out: Path
    seed: int
    temperature: float
    stage: GeneratorStage | None
    as_json: bool

    @property
    def folder(self) -> Path:
        """Where the files of the stages are."""
        return self.out.with_name(f"{self.out.stem}.stages")


@dataclass(slots=True)
class _Outcome:
    """What came of it."""

    grown: Grown
    entries: Sequence[LedgerEntry]
    stopped: str | None = None
    """Why it ended early."""


def grow(options: GrowOptions, models: ModelOptions) -> None:
    """Grow environments, and write those that pass; exit code 1 if any is missing."""
    if models.model is None:
        raise UsageError("--stage is for --model, which writes the environments")
    outcome = anyio.run(_grow, options, models)
    grown = outcome.grown
    is_whole = outcome.stopped is None and options.stage in (None, "records")
    if is_whole and grown.environments:
        save_new_pack(grown.environments, options.out)
        save_origin(options.out, _origin(options, grown, models.model))
    if options.as_json:
        print_json(_json(options, outcome, is_whole=is_whole))
    else:
        _show(options, outcome, is_whole=is_whole)
    if grown.rejected or outcome.stopped is not None:
        raise typer.Exit(1)


def _origin(options: GrowOptions, grown: Grown, model: str) -> Origin:
    gates = [Gate(name=f"{one.stage} usable", kept=one.answered, of=one.asked) for one in grown.counts]
    asked = sum(sum(plan.counts) for plan in options.plans)
    fields = ", ".join(plan.field for plan in options.plans)
    return Origin(
        made_by=f"toolworld env generate, written by {model}, seed {options.seed}, temperature {options.temperature:g}",
        source=f"{count(len(options.plans), 'field')}: {shortened(fields, 300)}",
        licence="that of what the model writes",
        gates=(*gates, Gate(name="delivered", kept=len(grown.environments), of=asked)),
    )


async def _grow(options: GrowOptions, models: ModelOptions) -> _Outcome:
    embedder = load_embedder()
    if embedder is None:
        stderr_console().print(plain(f"Copies are found by words; {EMBEDDINGS_NEEDED}"))
    async with open_chosen_models(models, "generate", trusted=False, folder=options.folder) as opened:
        author = await opened.models.get(models.model or "", "author")
        if not options.as_json:
            _show_projection(options, opened.models.prices.price(author.name))
        with progress("asking") as bar:
            tasks = {stage: bar.add_task(stage, total=None, visible=False) for stage in GENERATOR_STAGES}

            def on_line(stage: GeneratorStage, line: StageLine, asked: int) -> None:
                del line
                bar.update(tasks[stage], total=asked, visible=True, advance=1)

            wanted = GeneratorOptions(
                options.plans, options.folder, options.seed, options.temperature, models.concurrency
            )
            generator = Generator(wanted, author, embedder, on_line)
            try:
                return _Outcome(await generator.grow(options.stage), opened.models.ledger.entries)
            except BudgetError as problem:
                return _Outcome(generator.grown, opened.models.ledger.entries, str(problem))


def _show_projection(options: GrowOptions, price: Price | None) -> None:
    """What it will cost, before anything is asked."""
    asked = [one for one in projected_costs(options.plans) if options.stage in (None, one.stage)]
    rows = table("About this much will be asked", ("stage", *_NUMBERS), fixed=_NUMBERS)
    for one in asked:
        rows.add_row(one.stage, f"{one.questions:,}", *_tokens(one), _dollars(one, price))
    console = stderr_console()
    console.print(rows)
    console.print("Each repair, two at most a question, asks about as much again.")


_NUMBERS = ("questions", "tokens in", "out", "cost")


def _tokens(one: StageProjection) -> tuple[str, str]:
    return f"{one.usage.prompt_tokens:,}", f"{one.usage.completion_tokens:,}"


def _dollars(one: StageProjection, price: Price | None) -> str:
    return "no price" if price is None else f"${price.of(one.usage):.4f}"


def _json(options: GrowOptions, outcome: _Outcome, *, is_whole: bool) -> dict[str, object]:
    grown = outcome.grown
    return {
        "asked": sum(sum(plan.counts) for plan in options.plans),
        "delivered": len(grown.environments) if is_whole else 0,
        "rejected": [one.model_dump(mode="json") for one in grown.rejected],
        "stages": [one.model_dump(mode="json") for one in grown.counts],
        "stopped": outcome.stopped,
        "out": str(options.out) if is_whole and grown.environments else None,
        "folder": str(options.folder),
        "models": [one.model_dump(mode="json") for one in outcome.entries],
    }


def _show(options: GrowOptions, outcome: _Outcome, *, is_whole: bool) -> None:
    console, grown = stdout_console(), outcome.grown
    _show_stages(grown.counts)
    show_costs(outcome.entries)
    for one in grown.rejected[:_SHOWN]:
        console.print(f"[red]rejected[/] {plain(one.slot)} ({one.stage}): {plain(' '.join(one.why.split())[:300])}")
    if len(grown.rejected) > _SHOWN:
        console.print(f"and {len(grown.rejected) - _SHOWN} more; --json lists them all")
    if outcome.stopped is not None:
        console.print(f"[yellow]stopped:[/] {plain(outcome.stopped)}; the same command goes on from here")
    elif is_whole and not grown.environments:
        console.print(f"Nothing can be delivered; {plain(str(options.out))} is not written")
    elif is_whole:
        tools = sum(len(one.tools) for one in grown.environments)
        made = f"{count(len(grown.environments), 'environment')}, {tools:,} tools"
        console.print(f"[bold]{plain(str(options.out))}[/]: {made}; {len(grown.rejected)} rejected")
    else:
        console.print(f"{plain(str(options.folder))}: stage {options.stage} is done")


def _show_stages(counts: Sequence[StageCounts]) -> None:
    numbers = ("asked", "usable", "after a repair", "tokens in", "out", "cost")
    rows = table("Stages", ("stage", *numbers), fixed=numbers)
    for one in counts:
        usage = one.usage
        shown = (one.asked, one.answered, one.repaired, usage.prompt_tokens, usage.completion_tokens)
        rows.add_row(one.stage, *(f"{number:,}" for number in shown), f"${usage.cost_usd:.4f}")
    stdout_console().print(rows)
