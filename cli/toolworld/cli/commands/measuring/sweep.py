"""`toolworld datasets sweep`: a perturbation at several strengths, and what each measure says of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.measuring.options import (
    CategoryFile,
    DatasetName,
    EmbedderName,
    EmbeddingsFile,
    LayoutName,
    Seed,
    VectorFile,
    VectorOptions,
    find_vectors,
    read_named,
)
from toolworld.cli.commands.measuring.perturb import (
    Classes,
    Copied,
    Label,
    MethodName,
    ModelName,
    Original,
    with_category_labels,
)
from toolworld.cli.commands.measuring.shown import shown
from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.types import AsJson, BudgetText, CacheFile, PricesFile
from toolworld.cli.screen import plain, print_json, progress, stdout_console, table
from toolworld.datasets import (
    METHODS,
    Dataset,
    EvaluationOptions,
    PerturbationOptions,
    Sample,
    Sweep,
    SweepPoint,
    VectorTable,
    sweep_page,
    texts_of,
    trend_of,
)
from toolworld.datasets import (
    sweep as run_sweep,
)
from toolworld.ground import UsageError, write_atomically
from toolworld.llm import LedgerEntry, Usage

_SHARES, _EXAMPLES = (0.0, 0.25, 0.5, 0.75, 1.0), (1.0, 3.0, 5.0)
_MOST_COLUMNS = 5


def sweep(
    dataset: DatasetName,
    method: MethodName,
    out: Annotated[Path, typer.Option(help="A folder: the datasets, sweep.jsonl, and METHOD.html with the curves.")],
    values: Annotated[str | None, typer.Option(help="The strengths, such as 0,0.25,0.5,1.")] = None,
    layout: LayoutName = None,
    categories: CategoryFile = None,
    label: Label = None,
    classes: Classes = 1,
    copy: Copied = None,
    seed: Seed = 123,
    compat: Original = False,
    embeddings: EmbeddingsFile = None,
    embedder: EmbedderName = None,
    vectors: VectorFile = None,
    model: ModelName = None,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a dataset worse step by step, and show how each measure goes with it, with the time and cost of each step.

    Stopped and given again, the command goes on.

    Example: toolworld datasets sweep bfcl:multi_turn_base --method oversample --out sweep
    """
    found = with_category_labels(read_named(dataset, layout), categories)
    options = PerturbationOptions(seed, compat, label, classes, tuple(copy or (0,)))
    models = ModelOptions(writer=model, budget=budget, prices=prices, cache=model_cache)
    plan = (method, chosen_values(values, method), VectorOptions(embeddings, embedder, vectors))
    points, costs = anyio.run(_swept, found, plan, options, models, out)
    page = out / f"{method}.html"
    write_atomically(page, sweep_page(points, found.name).encode())
    if as_json:
        print_json([one.model_dump(mode="json") for one in points])
        return
    _show(points, method)
    show_costs(costs)
    stdout_console().print(f"The curves are in {plain(str(out / f'{method}.html'))}")
    rejected = sum(one.rejected for one in points)
    if rejected:
        raise UsageError(f"{rejected} samples could not be made; the files .made.json in {out} list them")


def chosen_values(text: str | None, method: str) -> tuple[float, ...]:
    """The strengths that a person wrote, in order, each once.

    Raises:
        UsageError: one is no number.
    """
    if text is None:
        return _EXAMPLES if method in METHODS and METHODS[method].most > 1 else _SHARES
    try:
        return tuple(sorted({float(one) for one in text.split(",")}))
    except ValueError:
        raise UsageError(f"--values are numbers with commas between, such as 0,0.5,1, and not {text!r}") from None


async def _swept(
    dataset: Dataset,
    plan: tuple[str, tuple[float, ...], VectorOptions],
    options: PerturbationOptions,
    models: ModelOptions,
    out: Path,
) -> tuple[list[SweepPoint], Sequence[LedgerEntry]]:
    method, values, chosen = plan
    async with open_chosen_models(models, "sweep", trusted=False) as opened:

        async def vectors_of(samples: Sequence[Sample]) -> VectorTable | None:
            return await find_vectors(chosen, lambda: texts_of(samples))

        def usage() -> Usage:
            return sum((one.paid for one in opened.models.ledger.entries), Usage())

        with progress("sweeping") as bar:
            line = bar.add_task("", total=len(values))
            points = await run_sweep(
                dataset,
                Sweep(
                    method,
                    values,
                    replace(options, model=opened.writer),
                    EvaluationOptions(resamples=0, categories=dataset.categories),
                    vectors_of,
                    usage,
                    {
                        "model": models.writer or "none",
                        "vectors": str(chosen.file or chosen.embedder or "as installed"),
                    },
                ),
                out,
                lambda _: bar.advance(line),
            )
        return points, opened.models.ledger.entries


def _show(points: Sequence[SweepPoint], method: str) -> None:
    columns = points if len(points) <= _MOST_COLUMNS else [points[0], points[len(points) // 2], points[-1]]
    heads = tuple(f"{one.value:g}" for one in columns)
    rows = table(f"{method}: {METHODS[method].parameter}", ("measure", *heads, "goes"), fixed=heads)
    names = dict.fromkeys(name for one in points for name in one.measures)
    for name in names:
        trend = trend_of(points, name)
        if trend != "same":
            rows.add_row(plain(name), *(shown(one.measures.get(name)) for one in columns), trend or "-")
    rows.add_section()
    rows.add_row("samples, changed", *(f"{one.samples}, {one.changed}" for one in columns), "")
    rows.add_row("seconds", *(f"{one.seconds:.1f}" for one in columns), "")
    if any(one.usage.completions for one in points):
        rows.add_row("completions", *(f"{one.usage.completions}" for one in columns), "")
        rows.add_row("cost in dollars", *(f"{one.usage.cost_usd:.4f}" for one in columns), "")
    console = stdout_console()
    console.print(rows)
    same = [name for name in names if trend_of(points, name) == "same"]
    if same:
        console.print(f"[dim]The same throughout: {plain(', '.join(same))}[/]")
