"""`toolworld env search`: tools of many environments by words."""

from typing import Annotated

import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import plain, print_json, stdout_console, table
from toolworld.environments import Effect, builtin_folders, search_tools
from toolworld.ground import UsageError


def search(
    query: Annotated[str, typer.Argument(help="Words, such as 'refund an order'.")],
    environments: Annotated[
        list[str] | None, typer.Argument(help="Folders, packs or built-in names; default: all built-in ones.")
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Only environments whose domain has these words.")] = None,
    effect: Annotated[str | None, typer.Option(help="Only tools that read, or only such that write.")] = None,
    most: Annotated[int, typer.Option("--n", min=1, max=1000, help="How many are shown.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find tools by words: those of a tool's name count most, then its description, its environment, its parameters.

    The index of a pack is kept beside it. Exit code 1 if nothing fits.

    Example: toolworld env search "refund an order" apis.jsonl --effect write
    """
    chosen = _effect(effect)
    found = search_tools(query, environments or list(builtin_folders()), most=most, domain=domain, effect=chosen)
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


def _effect(text: str | None) -> Effect | None:
    match text:
        case None:
            return None
        case "read" | "write":
            return text
        case _:
            raise UsageError(f"--effect is read or write, not {text!r}")
