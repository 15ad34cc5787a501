"""`toolworld datasets sanity`: whether the measures notice defects that are planted into a dataset."""

from collections.abc import Sequence
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
from toolworld.cli.commands.measuring.perturb import Label, with_category_labels
from toolworld.cli.commands.measuring.shown import shown
from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import plain, print_json, stdout_console, table
from toolworld.datasets import (
    Dataset,
    EvaluationOptions,
    PerturbationOptions,
    Sample,
    SanityReport,
    VectorTable,
    check_sanity,
    texts_of,
)


def sanity(
    dataset: DatasetName,
    share: Annotated[float, typer.Option(min=0.01, max=1, help="How strong the defects are.")] = 0.5,
    layout: LayoutName = None,
    categories: CategoryFile = None,
    label: Label = None,
    seed: Seed = 123,
    embeddings: EmbeddingsFile = None,
    embedder: EmbedderName = None,
    vectors: VectorFile = None,
    as_json: AsJson = False,
) -> None:
    """Plant defects into a dataset, measure, and check that the right measures notice, and the others do not.

    Copies, invalid calls, a dropped class, cut questions, shuffled calls: from the dataset to scores in one command.
    Exit code 1 if a measure does not notice what it must, or notices what it must not.

    Example: toolworld datasets sanity bfcl:multi_turn_base
    """
    found = with_category_labels(read_named(dataset, layout), categories)
    report = anyio.run(
        _checked, found, PerturbationOptions(seed, label=label), VectorOptions(embeddings, embedder, vectors), share
    )
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _show(report)
    if not all(one.is_right for one in report.results):
        raise typer.Exit(1)


async def _checked(dataset: Dataset, options: PerturbationOptions, chosen: VectorOptions, share: float) -> SanityReport:
    async def vectors_of(samples: Sequence[Sample]) -> VectorTable | None:
        return await find_vectors(chosen, lambda: texts_of(samples))

    evaluation = EvaluationOptions(resamples=0, categories=dataset.categories)
    return await check_sanity(dataset, options, evaluation, vectors=vectors_of, share=share)


def _show(report: SanityReport) -> None:
    numbers = ("before", "after")
    rows = table(
        f"Defects in {report.share:.0%} of the samples", ("defect", "measure", *numbers, "must", "does"), fixed=numbers
    )
    for one in report.results:
        rows.add_row(
            one.defect,
            plain(one.measure),
            shown(one.before),
            shown(one.after),
            "notice" if one.must_notice else "ignore",
            "[green]right[/]" if one.is_right else "[red]wrong[/]",
        )
    console = stdout_console()
    console.print(rows)
    for name, reason in report.left_out.items():
        console.print(f"[dim]{name} was left out: {plain(reason)}[/]")
