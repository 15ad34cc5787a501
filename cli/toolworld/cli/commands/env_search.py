"""`toolworld env search`: tools of many environments, by words and by meaning."""

from typing import Annotated

import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.environments import (
    Effect,
    Facets,
    SearchBy,
    Size,
    Wanted,
    builtin_folders,
    search_facets,
    search_tools,
)
from toolworld.ground import UsageError


def search(
    query: Annotated[str, typer.Argument(help="Words, such as 'refund an order'.")],
    environments: Annotated[
        list[str] | None, typer.Argument(help="Folders, packs or built-in names; default: all built-in ones.")
    ] = None,
    by: Annotated[SearchBy, typer.Option(help="By the words of the query, by its meaning, or by both.")] = "words",
    domain: Annotated[str | None, typer.Option(help="Only environments whose domain has these words.")] = None,
    effect: Annotated[str | None, typer.Option(help="Only tools that read, or only such that write.")] = None,
    size: Annotated[Size | None, typer.Option(help="Only environments with up to 5 tools, up to 20, or more.")] = None,
    facets: Annotated[bool, typer.Option("--facets", help="Count what has a word of it, by kind, instead.")] = False,
    most: Annotated[int, typer.Option("--n", min=1, max=1000, help="How many are shown.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find tools: by words, of which those of a tool's name count most, or by meaning, or by both.

    What is found by is kept beside a pack. --by meaning needs embeddings (the extra `local`). Exit code 1 if nothing
    fits.

    Example: toolworld env search "refund an order" apis.jsonl --effect write
    """
    names = environments or list(builtin_folders())
    wanted = Wanted(domain=domain, effect=_effect(effect), size=size)
    if facets:
        counted = search_facets(query, names, wanted)
        _show_facets(counted, as_json=as_json)
        if not counted.fitting:
            raise typer.Exit(1)
        return
    with progress("embedding") as bar:
        task = bar.add_task("", total=None, visible=False)

        def on_embedded(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of, visible=True)

        found = search_tools(query, names, by=by, most=most, wanted=wanted, on_embedded=on_embedded)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif found:
        rows = table("", ("environment", "tool", "effect", "what it does"), fixed=("effect",))
        for one in found:
            rows.add_row(plain(one.environment), plain(one.tool), one.effect, plain(one.description[:120]))
        stdout_console().print(rows)
    else:
        stdout_console().print("Nothing fits.")
    if not found:
        raise typer.Exit(1)


def _show_facets(counted: Facets, *, as_json: bool) -> None:
    if as_json:
        print_json(counted.model_dump(mode="json"))
        return
    rows = table(f"{count(counted.fitting, 'tool')} with a word of it", ("by", "kind", "tools"), fixed=("tools",))
    for name, counts in (("effect", counted.effects), ("size", counted.sizes), ("domain", counted.domains)):
        for kind, number in list(counts.items())[:_SHOWN]:
            rows.add_row(name, plain(kind), f"{number:,}")
    stdout_console().print(rows)


_SHOWN = 10


def _effect(text: str | None) -> Effect | None:
    match text:
        case None:
            return None
        case "read" | "write":
            return text
        case _:
            raise UsageError(f"--effect is read or write, not {text!r}")
