"""`toolworld datasets dedup`, `contamination`, `split` and `card`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.measuring.options import (
    DatasetName,
    EmbedderName,
    EmbeddingsFile,
    Fields,
    LayoutName,
    Seed,
    VectorFile,
    VectorOptions,
    check_new,
    find_vectors,
    read_named,
)
from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, stdout_console, table
from toolworld.datasets import (
    By,
    Contamination,
    Dataset,
    Lineage,
    data_card,
    deduplicate,
    leaks,
    licence_beside,
    made_beside,
    request_of,
    split_samples,
)
from toolworld.datasets import (
    contamination as contaminated,
)
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
    check_new(out)
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
    hits = contaminated(found.samples, benchmarks, vectors=made)
    if as_json:
        print_json([one.model_dump(mode="json") for one in hits])
    else:
        _show_hits(hits, len(found.samples), "words, calls and meaning" if made else "words and calls")
    if hits:
        raise typer.Exit(1)


def _show_hits(hits: Sequence[Contamination], samples: int, ways: str) -> None:
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


def split(
    dataset: DatasetName,
    out: Annotated[Path, typer.Option(help="The folder for the splits, one .jsonl each.")],
    shares: Annotated[str, typer.Option(help="The share of each split.")] = "train=0.8,validation=0.1,test=0.1",
    by: Annotated[str, typer.Option(help="What is in one split only: environment, or a label.")] = "environment",
    attribute: Fields = None,
    layout: LayoutName = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Split a dataset so that no environment stands in two splits, and look for samples that leak between them.

    Exit code 1 if a sample of one split is nearly the same as one of another; the splits are written all the same.

    Example: toolworld datasets split dataset/tasks.jsonl --out splits
    """
    found = read_named(dataset, layout, attribute)
    places = split_samples(found.samples, _shares(shares), by=by, seed=seed)
    splits = {name: [found.samples[place] for place in of] for name, of in places.items()}
    taken = [out / f"{name}.jsonl" for name in splits if (out / f"{name}.jsonl").exists()]
    if taken:
        raise UsageError(f"{taken[0]} is there already; name another folder")
    for name, of in places.items():
        write_atomically(out / f"{name}.jsonl", found.lines(of))
    hits = leaks(splits)
    if as_json:
        sizes = {name: len(of) for name, of in splits.items()}
        print_json({"sizes": sizes, "leaks": [one.model_dump(mode="json") for one in hits]})
    else:
        for name, samples in splits.items():
            stdout_console().print(f"{plain(str(out / name))}.jsonl: {count(len(samples), 'sample')}")
        _show_hits(hits, len(found.samples), "words and calls")
    if hits:
        raise typer.Exit(1)


def _shares(text: str) -> dict[str, float]:
    """The shares that a person wrote.

    Raises:
        UsageError: they are not names with numbers.
    """
    try:
        pairs = [part.split("=") for part in text.split(",")]
        found = {name.strip(): float(share) for name, share in pairs}
        if len(found) < len(pairs):
            raise ValueError("a name stands twice")
    except ValueError:
        raise UsageError(
            f"--shares are names with shares, each once, such as train=0.8,test=0.2, and not {text!r}"
        ) from None
    if not all(name.replace("_", "").replace("-", "").isalnum() for name in found):
        raise UsageError(f"--shares: names of splits are letters, digits, - and _, since they name files: {text!r}")
    return found


def card(
    datasets: Annotated[list[str], typer.Argument(help="The files of the dataset.")],
    out: Annotated[Path | None, typer.Option(help="Write the card to this file; by default it is printed.")] = None,
    title: Annotated[str, typer.Option(help="The dataset's name.")] = "Dataset",
    licence: Annotated[
        str | None, typer.Option(help="The licence; by default the first line of a LICENSE beside each file.")
    ] = None,
    attribute: Fields = None,
    layout: LayoutName = None,
) -> None:
    """Write a data card in Markdown: what a dataset holds, in shares, where it comes from, licences, and checks.

    Example: toolworld datasets card dataset/trajectories.jsonl --title "Library tasks" --out CARD.md
    """
    found = [read_named(name, layout, attribute) for name in datasets]
    page = data_card(found, [_lineage(one, licence) for one in found], title=title)
    if out is None:
        typer.echo(page)
    else:
        write_atomically(out, page.encode())
        stdout_console().print(f"The card is {plain(str(out))}")


def _lineage(dataset: Dataset, licence: str | None) -> Lineage:
    path = dataset.path or Path(dataset.name)
    return Lineage(
        file=path.name,
        samples=len(dataset.samples),
        licence=licence or licence_beside(path),
        made_by=made_beside(path),
    )
