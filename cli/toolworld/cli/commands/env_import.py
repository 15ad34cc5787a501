"""`toolworld env import`: environments from the tools, tasks and documents that others publish."""

import os
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.datasets import import_synthtools_file, import_tau2_folder
from toolworld.environments import (
    MAX_TOOLS,
    TOOLSET_FORMATS,
    ImportCounts,
    ImportedSource,
    ImportPlan,
    import_toolsets,
)
from toolworld.ground import SpecError, UsageError

_FORMATS = ("tau2", *TOOLSET_FORMATS)
_SHOWN = 6
"""How many kinds of mends and of reasons are shown."""


def import_(
    format: Annotated[str, typer.Argument(help=f"{', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}.")],
    path: Annotated[
        str,
        typer.Argument(
            help="openapi: a document in JSON or YAML, or a folder of them. toolbench: queries or tools. bfcl: the "
            "data folder of bfcl-eval. synthtools: tools and specifications, or a .jsonl of tasks. mcp: the URL of a "
            "server, or the command that starts one. tau2: a folder with db.json, policy.md, tools.json and "
            "tasks*.jsonl."
        ),
    ],
    out: Annotated[Path, typer.Option(help="A .jsonl pack to append to, or a folder.")],
    report: Annotated[
        Path | None, typer.Option(help="The report, a line a source; default: OUT with .report.jsonl behind it.")
    ] = None,
    no_compile: Annotated[
        bool, typer.Option("--no-compile", help="Write no programs: a model answers all tools.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Make at most so many environments.")] = None,
    max_tools: Annotated[
        int, typer.Option(min=1, help="Of a larger document, resources are drawn until there are so many tools.")
    ] = MAX_TOOLS,
    seed: Annotated[int, typer.Option(min=0, help="Decides the data, and what is drawn.")] = 0,
    processes: Annotated[int | None, typer.Option(min=1, help="How many processes work; default: one a core.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make environments of what other projects publish; what is not inferred is left to a model, and marked.

    An import that was stopped goes on when the command is given again. Exit code 2 if nothing came in.

    Example: toolworld env import openapi specifications/ --out apis.jsonl
    """
    if format not in _FORMATS:
        raise UsageError(f"there is no import of {format!r}; there are: {', '.join(_FORMATS)}")
    if format == "tau2" or path.endswith(".jsonl"):
        if report or no_compile or limit or as_json or processes or seed or max_tools != MAX_TOOLS:
            raise UsageError(f"an import of {format} with its tasks takes no option but --out")
        _import_tasks(format, Path(path), out)
        return
    plan = ImportPlan(format, path if format == "mcp" else Path(path), not no_compile, max_tools, seed)
    where = report or out.with_name(f"{out.name}.report.jsonl")
    with progress("importing") as bar:
        task = bar.add_task("", total=None)

        def shown(_: ImportedSource, total: int) -> None:
            bar.update(task, total=total, advance=1)

        counts = import_toolsets(
            plan, out, where, limit=limit, processes=processes or os.cpu_count() or 1, on_done=shown
        )
    if as_json:
        print_json({name: getattr(counts, name) for name in ImportCounts.__dataclass_fields__})
    else:
        _show(counts, out, where)
    if counts.imported == 0:
        raise UsageError(f"{path}: nothing could be imported; {where} says why")


def _import_tasks(format: str, path: Path, out: Path) -> None:
    """Import environments that come with tasks into a new folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SpecError(f"{out} is there already; --out takes a new or an empty folder")
    if format == "tau2":
        environment, tasks = anyio.run(import_tau2_folder, path, out)
        records = sum(len(rows) for rows in environment.initial_state.collections.values())
        made = f"{environment.title}, {len(environment.tools)} tools, {records} records, {tasks} tasks"
    elif format == "synthtools":
        made = f"{import_synthtools_file(path, out)} environments with a task each"
    else:
        raise UsageError(f"{path}: a .jsonl is imported as synthtools only")
    stdout_console().print(f"{out}: {plain(made)}")


def _show(counts: ImportCounts, out: Path, report: Path) -> None:
    console = stdout_console()
    asked = counts.imported + counts.refused
    made = f"{count(counts.environments, 'environment')} of {count(counts.sources, 'source')}"
    console.print(
        f"[bold]{plain(str(out))}[/]: {made}; {counts.imported} of {asked} items imported, {counts.refused} refused"
    )
    if counts.resumed:
        console.print(f"{count(counts.resumed, 'source')} stood in the report already, and were not read again.")
    answered = counts.full + counts.partial
    if answered:
        rows = table("Tools", ("answered by", "tools"), fixed=("tools",))
        rows.add_row("a program, held against another tool", str(counts.full))
        rows.add_row("a program, alone: nothing else can tell", str(counts.partial))
        rows.add_row("a model only: not inferred", str(counts.left))
        console.print(rows)
    for title, found in (("Mended", counts.mends), ("Refused", counts.reasons)):
        if found:
            rows = table(title, ("what", "times"), fixed=("times",))
            most = sorted(found.items(), key=lambda one: (-one[1], one[0]))
            for what, times in most[:_SHOWN]:
                rows.add_row(plain(what), str(times))
            if len(most) > _SHOWN:
                rows.add_row(f"and {len(most) - _SHOWN} other kinds", str(sum(times for _, times in most[_SHOWN:])))
            console.print(rows)
    console.print(f"Every item, with what was mended or why it was refused: {plain(str(report))}")
