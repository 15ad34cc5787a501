"""`toolworld env card`: how a pack was made, from what, what was kept at each gate, and under which licence."""

from pathlib import Path
from typing import Annotated

import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import print_json, progress, stdout_console
from toolworld.environments import card_of, card_page, find_environments, origin_of, save_origin
from toolworld.ground import UsageError


def card(
    pack: Annotated[Path, typer.Argument(help="A .jsonl pack.")],
    source: Annotated[str | None, typer.Option(help="Record what its environments were made from.")] = None,
    licence: Annotated[str | None, typer.Option(help="Record the licence of that.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the card of a pack, as Markdown: how it was made, from what, and what was kept at each gate.

    Commands that make packs write down what they know; the licence of a source is yours to add.

    Example: toolworld env card apis.jsonl --licence "that of each document"
    """
    if pack.suffix != ".jsonl" or not pack.is_file():
        raise UsageError(f"{pack} is no .jsonl pack")
    if source is not None or licence is not None:
        before = origin_of(pack)
        changes = {"source": source or before.source, "licence": licence or before.licence}
        save_origin(pack, before.model_copy(update=changes))
    found = find_environments([str(pack)])
    with progress("counting") as bar:
        made = card_of(pack, (one.source() for one in bar.track(found)))
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        stdout_console().print(card_page(made), markup=False, end="")
