"""`toolworld datasets dedup`: near duplicates, of which the first is kept."""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.measuring.options import (
    DatasetName,
    EmbedderName,
    EmbeddingsFile,
    LayoutName,
    VectorFile,
    VectorOptions,
    check_writable,
    find_vectors,
    read_named,
)
from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, stdout_console
from toolworld.datasets import By, deduplicate, request_of
from toolworld.ground import UsageError, write_atomically

_SHOWN = 20
_WAYS = ("words", "calls", "meaning")


def dedup(
    dataset: DatasetName,
    by: Annotated[
        str, typer.Option(help="What is compared: words, calls (with arguments), or meaning (vectors).")
    ] = "words",
    threshold: Annotated[
        float | None, typer.Option(min=0.01, max=1, help="From which similarity on; by default 0.7, 0.8 and 0.85.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write what is kept to this new .jsonl file.")] = None,
    layout: LayoutName = None,
    embeddings: EmbeddingsFile = None,
    embedder: EmbedderName = None,
    vectors: VectorFile = None,
    as_json: AsJson = False,
) -> None:
    """Find near duplicates, and keep the first of each group.

    Example: toolworld datasets dedup dataset/tasks.jsonl --by calls --out kept.jsonl
    """
    if by not in _WAYS:
        raise UsageError(f"--by is {', '.join(_WAYS)}, and not {by!r}")
    if out is not None and out.exists():
        raise UsageError(f"{out} is there already; name a new file")
    check_writable(out)
    found = read_named(dataset, layout)
    rows = None
    if by == "meaning":
        texts = [request_of(one) for one in found.samples]
        made = anyio.run(find_vectors, VectorOptions(embeddings, embedder, vectors), lambda: texts)
        if made is None:
            raise UsageError("--by meaning needs vectors: install a model, or give --embedder or --embeddings")
        rows = made.of(texts)
    way: By = "calls" if by == "calls" else "words"
    kept, report = deduplicate(found.samples, way, threshold=threshold, vectors=rows)
    if out is not None:
        write_atomically(out, found.lines(kept))
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    console = stdout_console()
    console.print(
        f"{count(report.kept, 'sample')} of {report.asked} kept, {len(report.dropped)} near duplicates "
        f"(by {by}, from {report.threshold:g} on)"
    )
    for one in report.dropped[:_SHOWN]:
        near = "in its group" if one.similarity is None else f"{one.similarity:.2f}"
        console.print(f"  {plain(one.id)} is a copy of {plain(one.copy_of)} ({near})")
    if len(report.dropped) > _SHOWN:
        console.print(f"and {len(report.dropped) - _SHOWN} more; --json lists all")
