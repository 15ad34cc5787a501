"""`toolworld env ...`: look at environments, check them, import and pack them."""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.modelled import BUDGET_HELP, CACHE_HELP, PRICES_HELP, Modelling, opened, show_costs
from toolworld.cli.screen import count, plain, print_json, screen, table
from toolworld.datasets import (
    Task,
    Trajectory,
    from_synthtools,
    import_tau2_task,
    load_shelf,
    pack_tasks,
    read_synthtools,
    read_tau2_tasks,
)
from toolworld.environments import (
    BEHAVIOUR_FILE,
    Environment,
    Finding,
    RecordedEpisode,
    Runtime,
    SynthesisResult,
    audit,
    builtin_folders,
    find_folder,
    import_tau2,
    load_environments,
    load_folder,
    run_isolated,
    save_folder,
    save_pack,
    synthesize_programs,
)
from toolworld.ground import (
    LineWriter,
    RecordError,
    SpecError,
    ToolworldError,
    read_lines,
    write_atomically,
    write_lines,
)
from toolworld.llm import LedgerEntry

env = typer.Typer(
    help="Look at environments, check them, have programs written, import and pack them.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@env.command("list")
def list_builtin(as_json: AsJson = False) -> None:
    """List the built-in environments.

    Example: toolworld env list
    """
    shelf = anyio.run(load_shelf, list(builtin_folders()))
    found = [
        {
            "id": one.id,
            "title": one.title,
            "domain": one.domain,
            "tools": len(one.tools),
            "records": sum(len(records) for records in one.initial_state.collections.values()),
            "tasks": sum(task.environment == one.id for task in shelf.tasks),
        }
        for one in shelf.environments
    ]
    if as_json:
        print_json(found)
        return
    rows = table("Built-in environments", ("id", "title", "domain", "tools", "records", "tasks"))
    for one in found:
        rows.add_row(*(str(value) for value in one.values()))
    screen().print(rows)


@env.command()
def show(
    environment: Annotated[str, typer.Argument(help="A folder, a pack or a built-in name.")], as_json: AsJson = False
) -> None:
    """Show what an agent sees of an environment: its policy and tools.

    Example: toolworld env show library
    """
    for one in load_environments([environment]):
        if as_json:
            print_json(one.model_dump(mode="json", exclude={"initial_state", "behaviour"}))
            continue
        screen().print(f"[bold]{one.title}[/] ({one.id}, version {one.version})\n{one.description}\n")
        screen().print(one.policy, markup=False)
        rows = table("Tools", ("tool", "effect", "parameters", "what it does"))
        for tool in one.tools:
            parameters = ", ".join(name if name in tool.required else f"{name}?" for name in tool.parameters)
            rows.add_row(tool.name, tool.effect, parameters, tool.description.split("\n")[0])
        screen().print(rows)


async def _audit(folder: str) -> list[Finding]:
    return [
        finding for environment in load_environments([folder]) for finding in await run_isolated(audit, environment)
    ]


@env.command()
def check(folder: Annotated[str, typer.Argument(help="A folder or a built-in name.")], as_json: AsJson = False) -> None:
    """Lint an environment, type-check its program, and hold the program against its tools.

    Exit code 1 if there is an error.

    Example: toolworld env check my_environment/
    """
    place = find_folder(folder)
    try:
        found = anyio.run(_audit, folder)
        found += _task_findings(folder, found)
    except ToolworldError as problem:
        found = [_finding(place, problem)]
    errors = sum(finding.severity == "error" for finding in found)
    if as_json:
        print_json([finding.model_dump() for finding in found])
    else:
        for finding in found:
            tool = f" {finding.tool}:" if finding.tool else ""
            colour = "red" if finding.severity == "error" else "yellow"
            said = plain(f"{finding.where}:{tool} {finding.message}")
            screen().print(f"[{colour}]{finding.severity}[/] {said}", soft_wrap=True)
        screen().print(f"{plain(str(place))}: {count(errors, 'error')}, {count(len(found) - errors, 'warning')}")
    if errors:
        raise typer.Exit(1)


@env.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="tau2 or synthtools.")],
    path: Annotated[
        Path,
        typer.Argument(
            help="tau2: a folder with db.json, policy.md, tools.json and tasks*.jsonl. synthtools: a .jsonl."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write; it must be new or empty.")],
) -> None:
    """Make environments, with their tasks, from what others publish.

    Example: toolworld env import tau2 tau2/retail --out retail
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SpecError(f"{out} is there already; --out takes a new or an empty folder")
    if kind == "tau2":
        anyio.run(_import_tau2, path, out)
    elif kind == "synthtools":
        _import_synthtools(path, out)
    else:
        raise SpecError(f"there is no import of {kind!r}; there are: tau2, synthtools")


@env.command()
def pack(
    environments: Annotated[list[str], typer.Argument(help="Folders, packs or built-in names.")],
    out: Annotated[Path, typer.Option(help="The .jsonl to append to.")],
) -> None:
    """Put many environments into one file, one a line, and their tasks into another one beside it.

    Example: toolworld env pack one/ two/ --out both.jsonl
    """
    if out.suffix != ".jsonl":
        raise SpecError(f"a pack is a .jsonl file, not {out}")
    loaded = load_environments(environments)
    packed_before = {one.id for one in load_environments([str(out)])} if out.exists() else set[str]()
    for one in loaded:
        if one.id in packed_before:
            raise SpecError(f"{out} holds an environment {one.id} already")
    shelf = anyio.run(load_shelf, environments)
    save_pack(loaded, out)
    with LineWriter(pack_tasks(out)) as lines:
        for task in shelf.tasks:
            lines.append(task)
    packed = (
        f"{count(len(loaded), 'environment')} into {out} and {count(len(shelf.tasks), 'task')} into {pack_tasks(out)}"
    )
    screen().print(f"packed {packed}")


@env.command("synthesize")
def synthesize(
    folder: Annotated[Path, typer.Argument(help="The environment's folder; programs that are kept go into it.")],
    log: Annotated[list[Path], typer.Option(help="A trajectories.jsonl of runs in this environment (repeat).")],
    model: Annotated[str, typer.Option(help="The model that writes: openai:NAME, http://HOST/v1#NAME, ...")],
    tool: Annotated[
        list[str] | None, typer.Option(help="A tool to write a program for (repeat); default: all without a program.")
    ] = None,
    budget: Annotated[str | None, typer.Option(help=BUDGET_HELP)] = None,
    prices: Annotated[Path | None, typer.Option(help=PRICES_HELP)] = None,
    model_cache: Annotated[Path | None, typer.Option(help=CACHE_HELP)] = None,
    as_json: AsJson = False,
) -> None:
    """Have a model write programs for tools, and keep those that reproduce every recorded call and pass the audit.

    Example: toolworld env synthesize my_env --log out/trajectories.jsonl --model openai:gpt-4o-mini --tool renew_loan
    """
    said = Modelling(model=model, budget=budget, prices=prices, cache=model_cache)
    results, entries = anyio.run(_synthesize, folder, tuple(log), said, tuple(tool or ()))
    if as_json:
        costs = [entry.model_dump(mode="json") for entry in entries]
        print_json({"results": [result.model_dump(mode="json") for result in results], "models": costs})
    else:
        rows = table("Programs", ("tool", "recorded calls", "shown", "attempts", "kept", "why not"))
        for result in results:
            counts = (str(result.calls), str(result.shown), str(result.attempts))
            rows.add_row(result.tool, *counts, "yes" if result.kept else "no", plain(result.why or ""))
        screen().print(rows)
        show_costs(entries)
    if not all(result.kept for result in results):
        raise typer.Exit(1)


async def _synthesize(
    folder: Path, logs: tuple[Path, ...], said: Modelling, names: tuple[str, ...]
) -> tuple[list[SynthesisResult], list[LedgerEntry]]:
    environment = load_folder(folder)
    recorded = [
        RecordedEpisode(run.seed, run.log)
        for path in logs
        for run in read_lines(path, Trajectory).records
        if run.environment == environment.id and run.log
    ]
    if not recorded:
        raise RecordError(f"{', '.join(map(str, logs))}: there are no runs in environment {environment.id}")
    async with opened(said, "synthesize", False) as models:
        author = await models.models.get(said.model or "", "author")
        results = await synthesize_programs(
            environment, recorded, author, names, lambda kept: _save_program(kept, folder)
        )
        return results, models.models.ledger.entries


def _save_program(environment: Environment, folder: Path) -> None:
    write_atomically(folder / BEHAVIOUR_FILE, (environment.behaviour or "").encode(), SpecError)


def _task_findings(folder: str, so_far: list[Finding]) -> list[Finding]:
    """Do the environment's tasks, if it is sound enough to do any."""
    if any(finding.severity == "error" for finding in so_far):
        return []
    try:
        anyio.run(load_shelf, [folder])
    except ToolworldError as problem:
        return [_finding(find_folder(folder), problem)]
    return []


def _finding(place: Path, problem: ToolworldError) -> Finding:
    """Make a finding of an error, without saying the place twice."""
    where, _, message = str(problem).removeprefix(f"{place}/").partition(": ")
    return (
        Finding(severity="error", where=where, message=message)
        if message
        else Finding(severity="error", where=str(place), message=str(problem))
    )


async def _import_tau2(path: Path, out: Path) -> None:
    environment = import_tau2(path)
    runtime = Runtime(environment)
    tasks: list[Task] = []
    for file in sorted(path.glob("tasks*.jsonl")):  # noqa: ASYNC240 - a listing, once
        tasks += [await import_tau2_task(row, runtime) for row in read_tau2_tasks(file)]
    save_folder(environment, out)
    write_lines(out / "tasks.jsonl", tasks)
    records = sum(len(rows) for rows in environment.initial_state.collections.values())
    screen().print(f"{out}: {environment.title}, {len(environment.tools)} tools, {records} records, {len(tasks)} tasks")


def _import_synthtools(path: Path, out: Path) -> None:
    rows = read_synthtools(path)
    if not rows:
        raise RecordError(f"{path} holds no rows")
    made = [from_synthtools(row) for row in rows.values()]
    for environment, _ in made:
        if sum(other.id == environment.id for other, _ in made) > 1:
            raise RecordError(f"{path}: two rows would both become the environment {environment.id}")
    for environment, task in made:
        save_folder(environment, out / environment.id)
        write_lines(out / environment.id / "tasks.jsonl", [task])
    screen().print(f"{out}: {len(rows)} environments with a task each")
