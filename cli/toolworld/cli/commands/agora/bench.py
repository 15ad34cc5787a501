"""`toolworld agora bench`: generators in one table."""

import os
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.agora.bench_options import (
    BenchChoice,
    in_context_parts,
    open_instruments,
    trained_scores,
)
from toolworld.cli.commands.agora.bench_table import show_bench
from toolworld.cli.commands.measuring.options import EmbeddingsFile, VectorOptions
from toolworld.cli.options.models import show_costs
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, CacheFile, PricesFile
from toolworld.cli.screen import plain, print_json, progress, stdout_console
from toolworld.datasets import (
    BenchReport,
    Comparison,
    bench_page,
    compare_generators,
    read_generator,
)
from toolworld.ground import parse_record, read_bytes, write_atomically
from toolworld.llm import load_prices, open_models, parse_budget

_REPORT, _PAGE = "report.json", "report.html"


def bench(
    generators: Annotated[
        list[str], typer.Argument(metavar="NAME=FILE...", help="The rows of each generator, as `agora run` wrote them.")
    ],
    domain: Annotated[str, typer.Option(metavar="math|general|code", help="The domain of the rows.")] = "math",
    solver: Annotated[str | None, typer.Option(help=f"The model that solves, for difficulty: {MODEL_NAMES}.")] = None,
    judge: Annotated[str | None, typer.Option(help=f"The model that judges quality: {MODEL_NAMES}.")] = None,
    perplexity: Annotated[
        str | None, typer.Option(help="The model under which responses have a perplexity: http://HOST/v1#NAME.")
    ] = None,
    embedder: Annotated[
        str | None, typer.Option(help="Makes vectors, as in `toolworld evaluate`; by default words are counted.")
    ] = None,
    embeddings: EmbeddingsFile = None,
    base: Annotated[Path | None, typer.Option(help="Scores of the model before training, by item.")] = None,
    reference: Annotated[Path | None, typer.Option(help="Scores of the model to be reached, by item.")] = None,
    student: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="Scores after training on a generator's rows (repeat)."),
    ] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="Items with answers or tests, for the in-context gap; or humaneval.")
    ] = None,
    reference_rows: Annotated[
        str | None, typer.Option(help="Rows that are known to be good, for the in-context gap.")
    ] = None,
    also: Annotated[
        list[Path] | None, typer.Option("--with", help="A report of another domain, for the components (repeat).")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Of how many rows of each generator models look at.")] = 100,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the rows.")] = 0,
    out: Annotated[Path, typer.Option(help="The folder of the report.")] = Path("agora-bench"),
    as_json: AsJson = False,
) -> None:
    """Compare generators: the performance gap that training on their rows recovers, and what the rows are like.

    Scores of trained models are lines {"benchmark", "item", "score"}. Without them, rows shown as examples are a
    stand-in, which needs --benchmark, --reference-rows and --solver. What was not measured is named, with what it
    needs.

    Example: toolworld agora bench small=small.jsonl large=large.jsonl --solver openai:gpt-4o-mini
    """
    chosen = BenchChoice(
        [read_generator(one) for one in generators],
        domain,
        (solver, judge, perplexity),
        VectorOptions(embeddings, embedder) if embedder or embeddings else None,
        rows,
        seed,
    )
    trained = trained_scores(base, reference, student)
    in_context = in_context_parts(benchmark, reference_rows)
    earlier = [parse_record(BenchReport, read_bytes(path), str(path)) for path in also or ()]
    out.mkdir(parents=True, exist_ok=True)
    cache = model_cache or (out / "completions.sqlite" if solver or judge else None)

    async def compare() -> BenchReport:
        spending = (parse_budget(budget) if budget else None, load_prices(prices) if prices else None)
        async with open_models(os.environ, "bench", cache, *spending) as models:
            instruments = await open_instruments(models, chosen)
            with progress("comparing") as bar:
                line = bar.add_task("", total=len(chosen.generators))
                return await compare_generators(
                    Comparison(
                        chosen.generators,
                        instruments,
                        chosen.embed,
                        trained,
                        in_context,
                        earlier,
                        lambda: models.ledger.entries,
                        lambda _: bar.advance(line),
                    )
                )

    report = anyio.run(compare)
    write_atomically(out / _REPORT, report.model_dump_json(indent=2).encode() + b"\n")
    write_atomically(out / _PAGE, bench_page(report).encode())
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    show_bench(report)
    show_costs(report.ledger)
    stdout_console().print(f"To look at: {plain(str(out / _PAGE))}", soft_wrap=True)
