"""`toolworld datasets perturb`: a dataset made worse on purpose, or larger."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.measuring.options import (
    CategoryFile,
    DatasetName,
    LayoutName,
    Seed,
    check_writable,
    chosen_categories,
    read_named,
)
from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, CacheFile, PricesFile
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console
from toolworld.datasets import METHODS, Dataset, PerturbationOptions, Perturbed, write_perturbed
from toolworld.datasets import perturb as perturb_samples
from toolworld.ground import UsageError
from toolworld.llm import LedgerEntry

MethodName = Annotated[
    str,
    typer.Option("--method", help="; ".join(f"{name}: {one.summary}" for name, one in METHODS.items()) + "."),
]
ModelName = Annotated[str | None, typer.Option(help=f"The model that writes ({MODEL_NAMES}).")]
Original = Annotated[
    bool,
    typer.Option("--compat", help="Draw as the original SynAE does: with replacement, so fewer than asked."),
]
Label = Annotated[str | None, typer.Option(help="For drop_minority: the label whose rarest classes are left out.")]
Classes = Annotated[int, typer.Option(min=1, help="For drop_minority: of how many classes.")]
Copied = Annotated[
    list[int] | None,
    typer.Option("--copy", min=0, help="For oversample: number of a sample to copy, from 0 (repeat)."),
]
_SHOWN = 12


def perturb(
    dataset: DatasetName,
    method: MethodName,
    out: Annotated[Path, typer.Option(help="The new .jsonl; beside it .made.json says how it was made.")],
    value: Annotated[
        float | None,
        typer.Option(min=0, help="How strong: a share, or a number of examples; by default the method's own."),
    ] = None,
    layout: LayoutName = None,
    categories: CategoryFile = None,
    label: Label = None,
    classes: Classes = 1,
    copy: Copied = None,
    seed: Seed = 123,
    compat: Original = False,
    model: ModelName = None,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a dataset worse on purpose, or larger, from another one: seeded, and exact in how many samples change.

    Exit code 2 if a model gave fewer samples than were asked for; those that came are written, the others listed.

    Example: toolworld datasets perturb bfcl:multi_turn_base --method invalidate --value 0.5 --out invalid.jsonl
    """
    if out.suffix != ".jsonl" or out.exists():
        raise UsageError(f"{out}: --out takes a new .jsonl file")
    check_writable(out)
    strength = METHODS[method].default if value is None and method in METHODS else value or 0.0
    found = with_category_labels(read_named(dataset, layout), categories)
    options = PerturbationOptions(seed, compat, label, classes, tuple(copy or (0,)))
    with progress(method) as bar:
        line = bar.add_task("", total=len(found.samples))
        models = ModelOptions(writer=model, budget=budget, prices=prices, cache=model_cache)
        asked = replace(options, on_sample=lambda: bar.advance(line))
        made, costs = anyio.run(_perturbed, found, method, strength, asked, models)
    write_perturbed(made, out)
    record = made.record
    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        console = stdout_console()
        console.print(
            f"{plain(str(out))}: {count(record.delivered, 'sample')} of {record.asked}, {record.changed} changed "
            f"({method} {strength:g}, seed {seed})"
        )
        for one in record.rejected[:_SHOWN]:
            console.print(f"[red]rejected[/] {plain(one.source)}: {plain(one.reason)}")
        show_costs(costs)
    if record.delivered < record.asked:
        raise UsageError(
            f"{record.delivered} of {record.asked} samples could be made; "
            f"{out.with_suffix('.made.json')} lists the others"
        )


async def _perturbed(
    dataset: Dataset, method: str, value: float, options: PerturbationOptions, models: ModelOptions
) -> tuple[Perturbed, Sequence[LedgerEntry]]:
    async with open_chosen_models(models, "perturb", trusted=False) as opened:
        made = await perturb_samples(dataset.samples, method, value, replace(options, model=opened.writer))
        return made, opened.models.ledger.entries


def with_category_labels(dataset: Dataset, categories: Path | None) -> Dataset:
    """A dataset whose samples have the labels of categories, where they have none of that name."""
    words = chosen_categories(categories) or dataset.categories
    return dataset.with_categories(words)
