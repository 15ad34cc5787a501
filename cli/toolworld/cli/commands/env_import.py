"""`toolworld env import`: environments from the tools, tasks and documents that others publish."""

import os
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import anyio
import typer
from rich.table import Table

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.datasets import Tau2Import, import_synthtools_file, import_synthtools_tasks, import_tau2_folder
from toolworld.environments import (
    MAX_TOOLS,
    TOOLSET_FORMATS,
    Gate,
    ImportCounts,
    ImportedItem,
    ImportedSource,
    ImportPlan,
    Origin,
    import_toolsets,
    save_origin,
)
from toolworld.ground import SpecError, UsageError, write_lines

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
            "server, or the command that starts one. tau2: the folder of a domain in a checkout or package, with its "
            "data or its source."
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
    where = report or out.with_name(f"{out.name}.report.jsonl")
    if format == "tau2" or path.endswith(".jsonl"):
        if no_compile or limit or processes or max_tools != MAX_TOOLS:
            raise UsageError(f"an import of {format} with its tasks takes --out, --report, --seed and --json only")
        _import_with_tasks(format, Path(path), out, _Options(where, seed, as_json))
        return
    plan = ImportPlan(format, path if format == "mcp" else Path(path), not no_compile, max_tools, seed)
    with progress("importing") as bar:
        task = bar.add_task("", total=None)

        def shown(_: ImportedSource, total: int) -> None:
            bar.update(task, total=total, advance=1)

        counts = import_toolsets(
            plan, out, where, limit=limit, processes=processes or os.cpu_count() or 1, on_done=shown
        )
    if out.suffix == ".jsonl" and counts.environments:
        save_origin(out, _origin(plan, counts))
    tasks = _import_their_tasks(Path(path), out, where) if format == "synthtools" else ()
    if as_json:
        outcomes = Counter(one.outcome for one in tasks)
        said = {"tasks": outcomes["imported"], "tasks_refused": outcomes["refused"]} if tasks else {}
        print_json({name: getattr(counts, name) for name in ImportCounts.__dataclass_fields__} | said)
    else:
        _show(counts, out, where)
        _show_tasks(tasks, where)
    if counts.imported == 0:
        raise UsageError(f"{path}: nothing could be imported; {where} says why")


def _origin(plan: ImportPlan, counts: ImportCounts) -> Origin:
    answered = counts.full + counts.partial
    gates = [Gate(name="items imported", kept=counts.imported, of=counts.imported + counts.refused)]
    if plan.compiles:
        gates.append(Gate(name="tools answered by a program", kept=answered, of=answered + counts.left))
        gates.append(Gate(name="programs held against another tool", kept=counts.full, of=answered))
    return Origin(
        made_by=f"toolworld env import {plan.format}, seed {plan.seed}",
        source=Path(plan.path).name if isinstance(plan.path, Path) else "a running MCP server",
        licence="that of its publisher: not read",
        gates=tuple(gates),
    )


def _import_their_tasks(path: Path, out: Path, report: Path) -> tuple[ImportedItem, ...]:
    """Import the tasks that came with environments, and report on each."""
    tasks = anyio.run(import_synthtools_tasks, path, out)
    if tasks:
        write_lines(_report_of_tasks(report), tasks)
    return tasks


def _report_of_tasks(report: Path) -> Path:
    return report.with_name(f"{report.name.removesuffix('.jsonl')}.tasks.jsonl")


def _show_tasks(tasks: tuple[ImportedItem, ...], report: Path) -> None:
    if not tasks:
        return
    refused = Counter(one.why for one in tasks if one.why)
    console = stdout_console()
    console.print(f"{len(tasks) - refused.total()} of {count(len(tasks), 'task')} imported, {refused.total()} refused")
    if refused:
        console.print(_counted("Refused tasks", refused))
    console.print(f"Every task: {plain(str(_report_of_tasks(report)))}")


class _Options(NamedTuple):
    report: Path
    seed: int
    as_json: bool


def _import_with_tasks(format: str, path: Path, out: Path, options: _Options) -> None:
    """Import environments that come with tasks into a new folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SpecError(f"{out} is there already; --out takes a new or an empty folder")
    if format == "tau2" and out.suffix == ".jsonl":
        raise UsageError("an import of tau2 makes a folder: give --out one")
    if format == "tau2":
        made = anyio.run(partial(import_tau2_folder, path, out, seed=options.seed))
        write_lines(options.report, made.items)
        _show_tau2(made, out, options)
    elif format == "synthtools":
        environments = import_synthtools_file(path, out)
        if options.as_json:
            print_json({"environments": environments, "tasks": environments})
        else:
            stdout_console().print(f"{plain(str(out))}: {environments} environments with a task each")
    else:
        raise UsageError(f"{path}: a .jsonl is imported as synthtools only")


def _show_tau2(made: Tau2Import, out: Path, options: _Options) -> None:
    refused = Counter(one.why for one in made.items if one.outcome == "refused" and one.why)
    left = [one.name for one in made.environment.tools if one.inferred is not None and one.inferred.reach == "none"]
    counts = {
        "tools": len(made.environment.tools),
        "left": len(left),
        "tasks": len(made.tasks),
        "refused": sum(refused.values()),
    }
    if options.as_json:
        print_json({"environment": made.environment.id, **counts})
        return
    console = stdout_console()
    records = sum(len(rows) for rows in made.environment.initial_state.collections.values())
    said = f"{counts['tools']} tools, {count(records, 'record')}, {count(counts['tasks'], 'task')}"
    console.print(f"[bold]{plain(str(out))}[/]: {plain(made.environment.title)}, {said}; {counts['refused']} refused")
    if left:
        console.print(f"Not inferred, so that a model has to answer them: {plain(', '.join(left))}")
    if refused:
        console.print(_counted("Refused", refused))
    console.print(f"Every item, with what was mended or why it was refused: {plain(str(options.report))}")


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
            console.print(_counted(title, found))
    console.print(f"Every item, with what was mended or why it was refused: {plain(str(report))}")


def _counted(title: str, found: Mapping[str, int]) -> Table:
    """A table of what happened most, and how often."""
    rows = table(title, ("what", "times"), fixed=("times",))
    most = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    for what, times in most[:_SHOWN]:
        rows.add_row(plain(what), str(times))
    if len(most) > _SHOWN:
        rows.add_row(f"and {len(most) - _SHOWN} other kinds", str(sum(times for _, times in most[_SHOWN:])))
    return rows
