"""`toolworld datasets card`: what a dataset holds, in Markdown."""

from pathlib import Path
from typing import Annotated

import typer

from toolworld.cli.commands.measuring.options import Fields, LayoutName, check_writable, read_named
from toolworld.cli.screen import plain, stdout_console
from toolworld.datasets import Dataset, Lineage, data_card, licence_beside, made_beside
from toolworld.ground import write_atomically


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
    check_writable(out)
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
