"""`toolworld env generate`: environments of a field, composed from trades or grown by a model."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from toolworld.cli.commands.env_grow import GrowOptions, grow
from toolworld.cli.options.models import ModelOptions
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, CacheFile, ModelConcurrency, PricesFile
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.environments import (
    OUR_LICENCE,
    WHAT_A_MODEL_ADDS,
    Environment,
    FieldPlan,
    Gate,
    GeneratorStage,
    Origin,
    audit,
    compose_environments,
    default_fields,
    fitting_trades,
    plan_fields,
    save_new_pack,
    save_origin,
)
from toolworld.ground import UsageError, read_bytes, shortened


def _origin(fields: Sequence[str], asked: int, delivered: int, seed: int) -> Origin:
    return Origin(
        made_by=f"toolworld env generate, composed from its catalogue of trades, seed {seed}",
        source=f"{count(len(fields), 'field')}: {shortened(', '.join(fields), 300)}",
        licence=OUR_LICENCE,
        gates=(Gate(name="env check", kept=delivered, of=asked),),
    )


def generate(
    out: Annotated[Path, typer.Option(help="The .jsonl pack to write; a new one.")],
    field: Annotated[str | None, typer.Option(help="What they are about, such as 'dental practice'.")] = None,
    fields: Annotated[
        Path | None, typer.Option(help="A file of fields, one a line; by default the hundred that come with toolworld.")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="How many, over all fields.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Decides the variants and their records; sent to a model.")] = 0,
    model: Annotated[str | None, typer.Option(help=f"A model that writes them ({MODEL_NAMES}).")] = None,
    stage: Annotated[GeneratorStage | None, typer.Option(help="Ask the model for this stage only.")] = None,
    temperature: Annotated[float, typer.Option(min=0, max=2, help="Of the model.")] = 0.7,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    model_concurrency: ModelConcurrency = 8,
    as_json: AsJson = False,
) -> None:
    """Make environments of a field: composed from a catalogue of fifty trades, or with --model written by a model.

    A model is asked stage by stage; what it says is checked, and what is wrong goes back to it, twice at most. The
    files of the stages stand in a folder beside the pack; given again, the command goes on from them. What is not
    delivered is listed with its reason, and exit code 1 says so.

    Example: toolworld env generate --field "dental practice" --n 5 --out dental.jsonl
    """
    if field is not None and fields is not None:
        raise UsageError("--field or --fields, not both")
    if out.suffix != ".jsonl" or out.exists():
        raise UsageError(f"{out}: --out takes a new .jsonl pack")
    named = list(dict.fromkeys([field] if field is not None else _read_fields(fields)))
    checked_fields(named)
    plans = plan_fields(named, n)
    if model is not None or stage is not None:
        options = ModelOptions(
            model=model, budget=budget, prices=prices, cache=model_cache, concurrency=model_concurrency
        )
        grow(GrowOptions(plans, out, seed, temperature, stage, as_json), options)
        return
    kept: list[Environment] = []
    rejected: dict[str, str] = {}
    with progress("composing") as bar:
        for environment in bar.track(_composed(plans, seed), total=n):
            errors = [one.message for one in audit(environment, types=False) if one.severity == "error"]
            if errors:
                rejected[environment.id] = errors[0]
            else:
                kept.append(environment)
    save_new_pack(kept, out)
    save_origin(out, _origin(named, n, len(kept), seed))
    if as_json:
        print_json({"asked": n, "delivered": len(kept), "rejected": rejected, "out": str(out)})
    else:
        _show(kept, rejected, out, plans)
    if rejected:
        raise typer.Exit(1)


def checked_fields(fields: Sequence[str]) -> None:
    """Refuse what is no field.

    Raises:
        UsageError: one is empty, too long, or cannot be printed.
    """
    for one in (one for one in fields if not one.strip() or not one.isprintable() or len(one) > _LONGEST):
        raise UsageError(f"{shortened(repr(one), 60)} is no field: some printable words, at most {_LONGEST} letters")


def _read_fields(path: Path | None) -> Sequence[str]:
    if path is None:
        return default_fields()
    try:
        lines = [line.strip() for line in read_bytes(path, UsageError).decode().splitlines()]
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    found = [line for line in lines if line]
    if not found:
        raise UsageError(f"{path} has no field")
    return found


def _composed(plans: Sequence[FieldPlan], seed: int) -> Iterator[Environment]:
    for plan in plans:
        yield from compose_environments(plan.field, sum(plan.counts), seed=seed)


def _show(kept: Sequence[Environment], rejected: dict[str, str], out: Path, plans: Sequence[FieldPlan]) -> None:
    console = stdout_console()
    tools = sum(len(one.tools) for one in kept)
    records = sum(len(rows) for one in kept for rows in one.initial_state.collections.values())
    made = f"{count(len(kept), 'environment')}, {tools:,} tools, {records:,} records"
    console.print(f"[bold]{plain(str(out))}[/]: {made}; {len(rejected)} rejected")
    if len(kept) <= _SHOWN:
        rows = table("", ("environment", "tools", "what it is"), fixed=("tools",))
        for one in kept:
            rows.add_row(plain(one.id), str(len(one.tools)), plain(one.description))
        console.print(rows)
    unknown = [one.field for one in plans if not _is_known(one.field)]
    if unknown:
        console.print(f"No trade has a word of {plain(', '.join(unknown[:_SHOWN]))}: others stand in for them.")
    for name, why in list(rejected.items())[:_SHOWN]:
        console.print(f"rejected: {plain(name)}: {plain(why)}")
    console.print(WHAT_A_MODEL_ADDS)


_SHOWN = 10
_LONGEST = 100
"""How many letters a field may have."""


def _is_known(field: str) -> bool:
    return fitting_trades(field).is_known
