"""`toolworld evaluate`: how good a synthetic dataset is beside a real one."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.measuring.options import (
    NO_MODEL,
    NO_VECTORS,
    STDOUT,
    CategoryFile,
    DatasetName,
    EmbedderName,
    EmbeddingsFile,
    Fields,
    JsonFile,
    JsonOptional,
    LayoutName,
    Seed,
    VectorFile,
    VectorOptions,
    check_writable,
    chosen_categories,
    find_vectors,
    read_named,
)
from toolworld.cli.commands.measuring.shown import show_numbers, show_report
from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.types import MODEL_NAMES, BudgetText, CacheFile, PricesFile
from toolworld.cli.screen import plain, print_json, progress, stderr_console
from toolworld.datasets import (
    MOST_SAMPLES,
    Categories,
    Dataset,
    Evaluation,
    EvaluationOptions,
    VectorTable,
    draw_samples,
    evaluation_page,
    original_numbers,
    original_texts,
    texts_of,
)
from toolworld.datasets import (
    evaluate as compare_datasets,
)
from toolworld.ground import JsonObject, UsageError, encode, write_atomically
from toolworld.judges import SampleJudge, judge_samples
from toolworld.llm import LedgerEntry

evaluate_app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@evaluate_app.command(cls=JsonOptional)
def evaluate(
    real: DatasetName,
    synthetic: DatasetName,
    layout: LayoutName = None,
    attribute: Fields = None,
    categories: CategoryFile = None,
    embeddings: EmbeddingsFile = None,
    embedder: EmbedderName = None,
    vectors: VectorFile = None,
    compat: Annotated[
        bool, typer.Option("--compat", help="Give the numbers of the original SynAE under its names, defects included.")
    ] = False,
    bootstrap: Annotated[
        int, typer.Option(min=0, max=10_000, help="How many draws each interval rests on; 0 for no intervals.")
    ] = 100,
    most: Annotated[
        int, typer.Option(min=4, help="Of a set with more samples so many are drawn; ignored with --compat.")
    ] = MOST_SAMPLES,
    judge: Annotated[
        str | None, typer.Option(help=f"A model that judges samples of both sets ({MODEL_NAMES}).")
    ] = None,
    judged: Annotated[int, typer.Option(min=1, help="How many samples of each set it judges.")] = 100,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    seed: Seed = 0,
    json: JsonFile = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots to this file.")] = None,
) -> None:
    """Measure how good a synthetic dataset of tool calls is beside a real one: validity, fidelity, diversity.

    Each measure has its direction, an interval, and a sentence that says what it means. Reads T1, BFCL, ACPBench,
    SynAE's CSV, toolworld's trajectories and tasks, data-generator's records, OpenAI messages and ShareGPT.

    Example: toolworld evaluate real.jsonl synthetic.jsonl --html report.html
    """
    check_writable(Path(json) if json not in (None, STDOUT) else None, html, inputs=(real, synthetic))
    if bootstrap == 1:
        raise UsageError("--bootstrap 1 is too few for an interval; give 2 or more, or 0 for none")
    if judge is None and (budget or prices or model_cache):
        raise UsageError("--budget, --prices and --model-cache are for --judge, which is not given")
    ours, theirs = (read_named(name, layout, attribute) for name in (real, synthetic))
    words = chosen_categories(categories)
    chosen = VectorOptions(embeddings, embedder, vectors)
    if compat:
        if html is not None or judge is not None:
            raise UsageError("--html and --judge are of the default measures; leave out --compat")
        _write_original(ours, theirs, words, chosen, json)
        return
    options = EvaluationOptions(bootstrap, seed, most, words)
    ours, theirs = (draw_samples(one, options) for one in (ours, theirs))
    costs: Sequence[LedgerEntry] = ()
    if judge is not None:
        models = ModelOptions(judge=judge, budget=budget, prices=prices, cache=model_cache)
        (ours, theirs), costs = anyio.run(_judged, (ours, theirs), models, judged, seed)
    table = anyio.run(find_vectors, chosen, lambda: texts_of([*ours.samples, *theirs.samples]))
    found = _evaluate(ours, theirs, table, options)
    report = found.report
    if table is None and embedder != NO_MODEL:
        report = report.model_copy(update={"notes": (*report.notes, NO_VECTORS)})
    if html is not None:
        write_atomically(html, evaluation_page(Evaluation(report, found.real, found.synthetic)).encode())
    _write_json(report.model_dump(mode="json"), json)
    if json != STDOUT:
        show_report(report)
        show_costs(costs)
        if html is not None:
            stderr_console().print(f"The page is {plain(str(html))}")


async def _judged(
    sides: Sequence[Dataset], options: ModelOptions, most: int, seed: int
) -> tuple[list[Dataset], Sequence[LedgerEntry]]:
    """Both sets with what the judge says of some of their samples."""
    async with open_chosen_models(options, "evaluate", trusted=False) as opened:
        judge = SampleJudge(await opened.models.get(options.judge or "", "judge"), seed)
        with progress("judging") as bar:
            line = bar.add_task("", total=sum(min(most, len(one.samples)) for one in sides))
            found: list[Dataset] = []
            for one in sides:
                judged = await judge_samples(
                    judge, one.samples, most=most, seed=seed, on_sample=lambda: bar.advance(line)
                )
                note = f"{one.name}: no usable answer of the judge for {judged.unusable} of {judged.asked} samples"
                if judged.unusable == judged.asked:
                    raise UsageError(f"{options.judge} gave no usable answer for any sample of {one.name}")
                notes = (*one.notes, note) if judged.unusable else one.notes
                found.append(replace(one, samples=judged.samples, notes=notes))
        return found, opened.models.ledger.entries


def _evaluate(real: Dataset, synthetic: Dataset, table: VectorTable | None, options: EvaluationOptions) -> Evaluation:
    with progress("measuring") as bar:
        line = bar.add_task("", total=None)

        def on_step(done: int, of: int) -> None:
            bar.update(line, completed=done, total=of)

        return compare_datasets(real, synthetic, vectors=table, options=options, on_step=on_step)


def _write_original(
    real: Dataset,
    synthetic: Dataset,
    categories: Categories | None,
    vectors: VectorOptions,
    json: str | None,
) -> None:
    layout = real.layout
    table = anyio.run(
        find_vectors, vectors, lambda: [text for of in (real, synthetic) for text in original_texts(of.samples, layout)]
    )
    words = real.categories if categories is None else categories
    numbers = original_numbers(real.samples, synthetic.samples, layout, vectors=table, categories=words)
    strict: JsonObject = {
        key: value if value is None or math.isfinite(value) else "inf" for key, value in numbers.items()
    }
    _write_json(strict, json)
    if json != STDOUT:
        show_numbers(numbers)
    if table is None:
        stderr_console().print(f"[yellow]{plain(NO_VECTORS)}[/]", soft_wrap=True)
    if layout == "t1" and not words:
        stderr_console().print("[yellow]city and type were left out: give their words with --categories[/]")


def _write_json(value: JsonObject, place: str | None) -> None:
    if place == STDOUT:
        print_json(value)
    elif place is not None:
        write_atomically(Path(place), encode(value) + b"\n")
