"""`toolworld demo`: the main job on the built-in environment, in a minute, with nothing else needed."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Annotated, NamedTuple

import anyio
import typer

from toolworld.cli.commands.run import play_with_bar
from toolworld.cli.report import RunRows
from toolworld.cli.screen import MARKS, plain, stdout_console, table
from toolworld.datasets import TaskSuite, load_suite
from toolworld.ground import UsageError, write_lines
from toolworld.rollout import MISTAKES, MUTATIONS, Mutation, choose_scripts
from toolworld.server import InProcessHost, open_episodes

ENVIRONMENT = "library"


class Played(NamedTuple):
    """A suite, its tasks played right, and with every mutation."""

    suite: TaskSuite
    right: RunRows
    wrong: dict[Mutation, RunRows]


def demo(
    out: Annotated[Path, typer.Option(help="The folder to write to; what an earlier demo wrote is replaced.")] = Path(
        "out"
    ),
) -> None:
    """Play the built-in tasks right, then again with mutations, and judge every run.

    Example: toolworld demo --out out
    """
    folder = out / "demo"
    played = anyio.run(_play_builtin, folder)
    went_well = show_demo(*played)
    _show_next(folder)
    if not went_well:
        raise typer.Exit(1)


async def _play_builtin(folder: Path) -> Played:
    return await play_demo(await load_suite([ENVIRONMENT]), folder)


async def play_demo(suite: TaskSuite, folder: Path) -> Played:
    """Play the tasks of an environment right and with every mutation.

    Args:
        suite: The environment with its tasks.
        folder: Where runs and verdicts are written; what is there is removed.

    Raises:
        UsageError: it has no tasks.
    """
    if not suite.tasks:
        names = ", ".join(environment.id for environment in suite.environments)
        raise UsageError(f"{names} has no tasks to play")
    shutil.rmtree(folder, ignore_errors=True)
    write_lines(folder / "tasks.jsonl", suite.tasks)
    async with open_episodes(suite.runtimes, suite.tasks, folder / "episodes.sqlite") as episodes:
        host = InProcessHost(episodes)
        right, wrong = RunRows(limit=None), dict[Mutation, RunRows]()
        await play_with_bar(suite, await choose_scripts(suite), host, folder, shown=right)
        for mutation in MUTATIONS:
            wrong[mutation] = RunRows(limit=None)
            place = folder / "mutations" / mutation
            scripts = await choose_scripts(suite, mutation)
            await play_with_bar(suite, scripts, host, place, shown=wrong[mutation])
    return Played(suite, right, wrong)


def show_demo(suite: TaskSuite, right: RunRows, wrong: dict[Mutation, RunRows]) -> bool:
    """Show what was played; the result says whether every right run passed and every mutation was caught."""
    environment = next(iter(suite.environments))
    console = stdout_console()
    console.print(f"[bold]{plain(environment.title)}[/]. {plain(environment.description)}")
    console.print(
        f"{len(environment.tools)} tools, {len(suite.tasks)} tasks. A scripted agent does each task "
        "right, then again with mutations: mistakes that real agents make. The judge sees only what happened: it has "
        "to pass the right runs and catch the others.\n"
    )
    _show_tasks(environment.id, right, wrong)
    _show_mutations(wrong)
    verdicts = [verdict for played in wrong.values() for _, _, verdict in played.rows]
    caught = sum(verdict.outcome == "fail" for verdict in verdicts)
    unclear = sum(verdict.outcome == "unclear" for verdict in verdicts)
    passed = sum(verdict.passed for _, _, verdict in right.rows)
    doubt = f", and {unclear} unclear, which earn nothing: a judge by model may decide them" if unclear else ""
    console.print(
        f"{passed} of {len(right.rows)} right runs passed; {caught} of {len(verdicts)} mutations caught{doubt}."
    )
    return passed == len(right.rows) and caught + unclear == len(verdicts)


def _show_tasks(environment: str, right: RunRows, wrong: dict[Mutation, RunRows]) -> None:
    columns = ("task", "calls", "changes", "right", "caught", "unclear")
    rows = table("Tasks, and how many mutations are caught", columns, fixed=columns[1:])
    for run, trajectory, verdict in sorted(right.rows, key=lambda row: row[0].task.id):
        mutated = [found for played in wrong.values() for other, _, found in played.rows if other.task == run.task]
        caught = sum(found.outcome == "fail" for found in mutated)
        unclear = sum(found.outcome == "unclear" for found in mutated)
        rows.add_row(
            run.task.id.removeprefix(f"{environment}/"),
            str(len(trajectory.log)),
            str(len(trajectory.changes)),
            MARKS[verdict.outcome],
            f"{'' if caught + unclear == len(mutated) else '[bold red]'}{caught} of {len(mutated)}",
            str(unclear or ""),
        )
    stdout_console().print(rows)


def _show_mutations(wrong: dict[Mutation, RunRows]) -> None:
    rows = table(
        "Mutations",
        ("what the agent does wrong", "runs", "caught", "unclear", "by the check of"),
        fixed=("runs", "caught", "unclear"),
    )
    for mutation, played in wrong.items():
        verdicts = [verdict for _, _, verdict in played.rows]
        if not verdicts:
            continue
        by = Counter(check.name for verdict in verdicts for check in verdict.checks if check.outcome == "fail")
        caught = sum(verdict.outcome == "fail" for verdict in verdicts)
        checks = ", ".join(f"{name} ({number})" for name, number in by.items())
        unclear = sum(verdict.outcome == "unclear" for verdict in verdicts)
        rows.add_row(MISTAKES[mutation], str(len(verdicts)), str(caught), str(unclear or ""), checks)
    stdout_console().print(rows)


def _show_next(folder: Path) -> None:
    stdout_console().print(f"""
Written to [bold]{folder}[/]: tasks, trajectories, verdicts (.jsonl) and episodes.sqlite

Try next:
  [bold]toolworld env show library[/]
      what the agent sees: policy and tools
  [bold]toolworld serve library[/]
      the same environment for your own agent, over MCP
  [bold]toolworld run library --mutation extra_write --out out/extra[/]
      one kind of mistake, with the evidence for each verdict
  [bold]toolworld replay {folder}/episodes.sqlite[/]
      every recorded call made again: same results, same states
  [bold]toolworld export chat {folder}/trajectories.jsonl --env library --out out/chat.jsonl[/]
      the runs as OpenAI messages with tools
([dim]toolworld is .venv/bin/toolworld, unless the environment is active[/])""")
