"""`toolworld env compile`: a program for an environment, from what its tools, their errors and its state say."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import plain, print_json, stdout_console, table
from toolworld.environments import (
    BEHAVIOUR_FILE,
    Environment,
    ToolSpec,
    compile_environment,
    load_environments,
    save_folder,
)
from toolworld.ground import SpecError


def compile_(
    environment: Annotated[str, typer.Argument(help="A folder, a pack with one environment, or a built-in name.")],
    out: Annotated[Path, typer.Option(help="The new folder.")],
    seed: Annotated[int, typer.Option(min=0, help="Decides the data of what the state has no records of.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write a program for an environment that has none, or anew: its tools, errors and state say what it does.

    What cannot be inferred is marked in environment.json and left to a model or to you. Exit code 1 if nothing was.

    Example: toolworld env compile library --out library_compiled
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SpecError(f"{out} is there already; --out takes a new or an empty folder")
    found = load_environments([environment])
    if len(found) != 1:
        raise SpecError(f"{environment} holds {len(found)} environments; compile one at a time")
    made = compile_environment(found[0], seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    save_folder(made, out)
    if as_json:
        inferred = {one.name: one.inferred.model_dump(mode="json") for one in made.tools if one.inferred is not None}
        print_json({"environment": made.id, "tools": inferred})
    else:
        _show(made, out)
    if all(one.inferred is None or one.inferred.reach == "none" for one in made.tools):
        raise typer.Exit(1)


def _show(made: Environment, out: Path) -> None:
    """The tools with how far each program reaches, and what of their errors it does not tell apart."""
    rows = table(f"{made.title}: what its program answers", ("tool", "answered", "errors read", "why not more"))
    for tool in made.tools:
        rows.add_row(plain(tool.name), _reach(tool), _errors(tool), plain((tool.inferred and tool.inferred.why) or ""))
    console = stdout_console()
    console.print(rows)
    counts = Counter(_reach(tool) for tool in made.tools)
    said = ", ".join(f"{number} {reach}" for reach, number in sorted(counts.items()))
    console.print(f"{said}. Read and change it: {plain(str(out / BEHAVIOUR_FILE))}")


def _reach(tool: ToolSpec) -> str:
    reach = tool.inferred.reach if tool.inferred is not None else "none"
    return {"full": "and checked", "partial": "in part", "none": "by a model only"}[reach]


def _errors(tool: ToolSpec) -> str:
    unread = len(tool.inferred.unread) if tool.inferred is not None else 0
    return f"{len(tool.errors) - unread} of {len(tool.errors)}" if tool.errors else ""
