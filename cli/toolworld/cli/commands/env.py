"""`toolworld env ...`: look at environments, check them, import and pack them."""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.env_audit import audit
from toolworld.cli.commands.env_author import call, demo, new, schema
from toolworld.cli.commands.env_card import card
from toolworld.cli.commands.env_check import check
from toolworld.cli.commands.env_compare import diff, duplicates
from toolworld.cli.commands.env_compile import compile_
from toolworld.cli.commands.env_generate import generate
from toolworld.cli.commands.env_graph import graph
from toolworld.cli.commands.env_import import import_
from toolworld.cli.commands.env_record import record, twin
from toolworld.cli.commands.env_repair import repair
from toolworld.cli.commands.env_search import search
from toolworld.cli.commands.env_validate import validate
from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.types import AsJson, BudgetText, CacheFile, PricesFile
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.datasets import (
    Trajectory,
    load_suite,
    save_suite,
)
from toolworld.environments import (
    BEHAVIOUR_FILE,
    Environment,
    RecordedEpisode,
    Statistics,
    SynthesisResult,
    builtin_folders,
    find_environments,
    joined_origin,
    load_environments,
    load_folder,
    save_origin,
    statistics_of,
    synthesize_programs,
)
from toolworld.ground import RecordError, SpecError, read_lines, write_atomically
from toolworld.llm import LedgerEntry

SHOWN = 10
"""How many rows of a table of statistics are shown."""

env_app = typer.Typer(
    help="Begin environments, look at them, try and check them, have programs written, import and pack them.",
    no_args_is_help=True,
)


env_app.command()(new)
env_app.command()(schema)
env_app.command()(call)
env_app.command()(check)
env_app.command()(validate)
env_app.command("compile")(compile_)
env_app.command()(audit)
env_app.command()(repair)
env_app.command()(generate)
env_app.command()(record)
env_app.command()(twin)
env_app.command()(search)
env_app.command()(card)
env_app.command()(diff)
env_app.command()(duplicates)
env_app.command()(graph)
env_app.command()(demo)


@env_app.command("list")
def list_builtin(as_json: AsJson = False) -> None:
    """List the built-in environments.

    Example: toolworld env list
    """
    suite = anyio.run(load_suite, list(builtin_folders()))
    found = [
        {
            "id": one.id,
            "title": one.title,
            "domain": one.domain,
            "tools": len(one.tools),
            "records": sum(len(records) for records in one.initial_state.collections.values()),
            "tasks": sum(task.environment == one.id for task in suite.tasks),
        }
        for one in suite.environments
    ]
    if as_json:
        print_json(found)
        return
    numbers = ("tools", "records", "tasks")
    rows = table("Built-in environments", ("id", "title", "domain", *numbers), fixed=numbers)
    for one in found:
        rows.add_row(*(str(value) for value in one.values()))
    stdout_console().print(rows)


@env_app.command()
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
        console = stdout_console()
        console.print(f"[bold]{plain(one.title)}[/] ({one.id}, version {one.version})\n{plain(one.description)}\n")
        console.print(one.policy, markup=False)
        rows = table("Tools", ("tool", "effect", "parameters", "what it does"))
        for tool in one.tools:
            parameters = ", ".join(name if name in tool.required else f"{name}?" for name in tool.parameters)
            rows.add_row(tool.name, tool.effect, plain(parameters), plain(tool.description.split("\n")[0]))
        console.print(rows)


env_app.command("import")(import_)


@env_app.command()
def pack(
    environments: Annotated[list[str], typer.Argument(help="Folders, packs or built-in names.")],
    out: Annotated[Path, typer.Option(help="The .jsonl to append to.")],
) -> None:
    """Put many environments into one file, one a line, and their tasks into another one beside it.

    Example: toolworld env pack one/ two/ --out both.jsonl
    """
    origin = joined_origin([*([str(out)] if out.is_file() else []), *environments], "toolworld env pack")
    packed, tasks = anyio.run(save_suite, environments, out)
    save_origin(out, origin)
    stdout_console().print(f"{out}: {count(packed, 'environment')}, with {count(tasks, 'task')} beside it")


@env_app.command()
def stats(
    environments: Annotated[list[str], typer.Argument(help="Folders, packs or built-in names.")],
    as_json: AsJson = False,
) -> None:
    """Count environments, tools and records, and show how far compiled programs reach.

    Example: toolworld env stats apis.jsonl
    """
    found = find_environments(environments)
    with progress("reading") as bar:
        counted = statistics_of(one.source() for one in bar.track(found))
    if as_json:
        print_json({one: getattr(counted, one) for one in Statistics.__dataclass_fields__})
        return
    console = stdout_console()
    tools = f"{count(counted.tools, 'tool')} (at most {counted.most_tools} in one), {counted.programmed} with a program"
    console.print(f"{count(counted.environments, 'environment')}, {tools}")
    console.print(f"{count(counted.records, 'record')} in {count(counted.collections, 'collection')}")
    shown = (("Inferred", "reach", counted.reach), ("Why no further", "reason", counted.reasons))
    for title, heading, counts in (*shown, ("Domains", "domain", counted.domains)):
        if counts:
            rows = table(title, (heading, "number"), fixed=("number",))
            for name, number in list(counts.items())[:SHOWN]:
                rows.add_row(plain(name), str(number))
            if len(counts) > SHOWN:
                rows.add_row(f"and {len(counts) - SHOWN} others", str(sum(list(counts.values())[SHOWN:])))
            console.print(rows)


@env_app.command("synthesize")
def synthesize(
    folder: Annotated[Path, typer.Argument(help="The environment's folder; programs that are kept go into it.")],
    log: Annotated[list[Path], typer.Option(help="A trajectories.jsonl of runs in this environment (repeat).")],
    model: Annotated[str, typer.Option(help="The model that writes: openai:NAME, http://HOST/v1#NAME, ...")],
    tool: Annotated[
        list[str] | None, typer.Option(help="A tool to write a program for (repeat); default: all without one.")
    ] = None,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    as_json: AsJson = False,
) -> None:
    """Have a model write programs for tools; kept are those that reproduce every recorded call and pass the audit.

    Exit code 1 if one was not kept.

    Example: toolworld env synthesize my_env --log out/trajectories.jsonl --model openai:gpt-4o-mini
    """
    options = ModelOptions(model=model, budget=budget, prices=prices, cache=model_cache)
    results, entries = anyio.run(_synthesize, folder, tuple(log), options, tuple(tool or ()))
    if as_json:
        costs = [entry.model_dump(mode="json") for entry in entries]
        print_json({"programs": [result.model_dump(mode="json") for result in results], "models": costs})
    else:
        numbers = ("recorded calls", "shown", "attempts")
        rows = table("Programs", ("tool", *numbers, "kept", "why not"), fixed=numbers)
        for result in results:
            counts = (str(result.calls), str(result.shown), str(result.attempts))
            rows.add_row(result.tool, *counts, "yes" if result.kept else "no", plain(result.why or ""))
        stdout_console().print(rows)
        show_costs(entries)
    if not all(result.kept for result in results):
        raise typer.Exit(1)


async def _synthesize(
    folder: Path, logs: tuple[Path, ...], options: ModelOptions, names: tuple[str, ...]
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

    def save(kept: Environment) -> None:
        write_atomically(folder / BEHAVIOUR_FILE, (kept.behaviour or "").encode(), SpecError)

    async with open_chosen_models(options, "synthesize", False) as models:
        author = await models.models.get(options.model or "", "author")
        results = await synthesize_programs(environment, recorded, author, names, save)
        return results, models.models.ledger.entries
