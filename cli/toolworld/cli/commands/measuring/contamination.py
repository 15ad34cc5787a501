"""`toolworld datasets contamination`: samples that are near copies of a benchmark's."""

from collections.abc import Sequence
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
    find_vectors,
    read_named,
)
from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, stdout_console, table
from toolworld.datasets import Contamination, request_of
from toolworld.datasets import contamination as find_contamination

_SHOWN = 20


def contamination(
    dataset: DatasetName,
    against: Annotated[
        list[str],
        typer.Option(help="A benchmark or split: a file as for datasets, or bfcl:CATEGORY (repeat)."),
    ],
    layout: LayoutName = None,
    embeddings: EmbeddingsFile = None,
    embedder: EmbedderName = None,
    vectors: VectorFile = None,
    as_json: AsJson = False,
) -> None:
    """Find samples that are near copies of a benchmark's: by words, by calls with their arguments, and by meaning.

    Exit code 1 if there are any. Meaning needs vectors; without them the others are compared.

    Example: toolworld datasets contamination dataset/tasks.jsonl --against bfcl:multi_turn_base
    """
    found = read_named(dataset, layout)
    benchmarks = {name: read_named(name, None).samples for name in against}
    everything = [one for of in (found.samples, *benchmarks.values()) for one in of]
    chosen = VectorOptions(embeddings, embedder, vectors)
    made = anyio.run(find_vectors, chosen, lambda: [request_of(one) for one in everything])
    hits = find_contamination(found.samples, benchmarks, vectors=made)
    if as_json:
        print_json([one.model_dump(mode="json") for one in hits])
    else:
        show_hits(hits, len(found.samples), "words, calls and meaning" if made else "words and calls")
    if hits:
        raise typer.Exit(1)


def show_hits(hits: Sequence[Contamination], samples: int, ways: str) -> None:
    """Print near copies, and how many samples have one."""
    console = stdout_console()
    different = len({one.id for one in hits})
    console.print(f"{count(different, 'sample')} of {samples} nearly the same as one elsewhere, by {ways}")
    if not hits:
        return
    rows = table("Near copies", ("sample", "of", "there", "by", "similarity"), fixed=("similarity",))
    for one in hits[:_SHOWN]:
        rows.add_row(plain(one.id), plain(one.of), plain(one.other), one.by, f"{one.similarity:.2f}")
    console.print(rows)
    if len(hits) > _SHOWN:
        console.print(f"and {len(hits) - _SHOWN} more; --json lists all")
