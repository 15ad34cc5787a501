"""`toolworld datasets split`: splits in which no environment stands twice."""

from pathlib import Path
from typing import Annotated

import typer

from toolworld.cli.commands.measuring.contamination import show_hits
from toolworld.cli.commands.measuring.options import DatasetName, Fields, LayoutName, Seed, read_named
from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, stdout_console
from toolworld.datasets import leaks, split_samples
from toolworld.ground import UsageError, write_atomically


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
        show_hits(hits, len(found.samples), "words and calls")
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
