"""`toolworld env diff` and `toolworld env duplicates`: what differs between environments, and what hardly does."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.environments import (
    DUPLICATE_THRESHOLDS,
    Duplicates,
    count_duplicates,
    differences,
    find_environments,
    load_environments,
    text_of_environment,
    text_of_tool,
)
from toolworld.ground import UsageError

_NAMED = 4
"""How many tools of a group are named."""


def diff(
    first: Annotated[str, typer.Argument(help="A folder, a pack with one environment, or a built-in name.")],
    second: Annotated[str, typer.Argument(help="What it is compared with.")],
    as_json: AsJson = False,
) -> None:
    """Show what differs between two environments: tools, state, policy and program. Exit code 1 if something does.

    Example: toolworld env diff shop shop-2
    """
    pair = [load_environments([name]) for name in (first, second)]
    for name, found in zip((first, second), pair, strict=True):
        if len(found) != 1:
            raise UsageError(f"{name} has {len(found)} environments; one is compared with one")
    found = differences(pair[0][0], pair[1][0])
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif found:
        rows = table("", ("what", "name", "change", "of it"))
        for one in found:
            rows.add_row(one.what, plain(one.name), one.change, plain("; ".join(one.details)))
        stdout_console().print(rows)
    else:
        stdout_console().print("They are the same.")
    if found:
        raise typer.Exit(1)


def duplicates(
    environments: Annotated[list[str], typer.Argument(help="Folders, packs or built-in names.")],
    at: Annotated[list[float] | None, typer.Option(help="Similarities to count at; default: 0.92, 0.85, 0.75.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count near duplicates among tools and among environments: those that share most of their words.

    Example: toolworld env duplicates apis.jsonl --at 0.9
    """
    thresholds = sorted(at or DUPLICATE_THRESHOLDS, reverse=True)
    if any(not 0 < one <= 1 for one in thresholds):
        raise UsageError("--at takes similarities above 0 and up to 1")
    tools, texts = _texts(environments)
    found = {"tools": count_duplicates(tools, thresholds), "environments": count_duplicates(texts, thresholds)}
    if as_json:
        print_json({name: one.model_dump(mode="json") for name, one in found.items()})
    else:
        _show(found, thresholds[-1])


def _texts(names: Sequence[str]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The texts of all tools and of all environments, each with its name."""
    tools: list[tuple[str, str]] = []
    environments: list[tuple[str, str]] = []
    with progress("reading") as bar:
        for one in bar.track(find_environments(names)):
            environment = one.source()
            environments.append((environment.id, text_of_environment(environment)))
            tools += [(f"{environment.id}: {tool.name}", text_of_tool(tool)) for tool in environment.tools]
    return tools, environments


def _show(found: Mapping[str, Duplicates], least: float) -> None:
    console = stdout_console()
    rows = table("Near duplicates", ("of", "similarity", "groups", "duplicates", "in all"))
    for name, one in found.items():
        for line in one.counts:
            rows.add_row(name, *map(str, (line.at, line.groups, line.duplicates, line.of)))
    console.print(rows)
    for group in found["tools"].groups:
        more = f" and {count(len(group) - _NAMED, 'other')}" if len(group) > _NAMED else ""
        console.print(f"alike at {least}: {plain(', '.join(group[:_NAMED]))}{more}")
