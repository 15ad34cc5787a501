"""`toolworld demo`: the main job on the built-in environment, in a minute, with nothing else needed."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.host import LocalHost
from toolworld.cli.run import play_with_bar
from toolworld.cli.screen import MARKS, screen, table
from toolworld.datasets import Shelf, load_shelf
from toolworld.ground import write_lines
from toolworld.rollout import MISTAKES, Mistake, Played
from toolworld.server import open_episodes

ENVIRONMENT = "library"
WORDS: dict[Mistake, str] = {
    "nothing": "did nothing, said nothing",
    "dropped_write": "left out a change",
    "changed_argument": "changed the wrong thing",
    "extra_write": "changed one thing more",
    "unconfirmed_write": "did not ask before changing",
    "untold_fact": "did not tell the user",
}


def demo(
    out: Annotated[Path, typer.Option(help="The folder to write to; what an earlier demo wrote is replaced.")] = Path(
        "out"
    ),
) -> None:
    """Play the built-in tasks right, then again with planted mistakes, and judge every run.

    Example: toolworld demo --out out
    """
    folder = out / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    shelf, right, wrong = anyio.run(_play, folder)
    _show(shelf, right, wrong)
    _show_next(folder)
    passed = all(verdict.passed for _, _, verdict in right.runs)
    caught = all(verdict.outcome == "fail" for played in wrong.values() for _, _, verdict in played.runs)
    if not (passed and caught):
        raise typer.Exit(1)


async def _play(folder: Path) -> tuple[Shelf, Played, dict[Mistake, Played]]:
    shelf = await load_shelf([ENVIRONMENT])
    write_lines(folder / "tasks.jsonl", shelf.tasks)
    async with open_episodes(shelf.runtimes, path=_made(folder) / "episodes.sqlite") as episodes:
        host = LocalHost(episodes)
        right = await play_with_bar(shelf, host, folder)
        wrong: dict[Mistake, Played] = {
            mistake: await play_with_bar(shelf, host, folder / "mistakes" / mistake, mistake=mistake)
            for mistake in MISTAKES
        }
    return shelf, right, wrong


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _show(shelf: Shelf, right: Played, wrong: dict[Mistake, Played]) -> None:
    [environment] = shelf.environments
    screen().print(f"[bold]{environment.title}[/]. {environment.description}")
    screen().print(
        f"{len(environment.tools)} tools served over MCP, {len(shelf.tasks)} tasks. A scripted agent does each task "
        "right, then again with mistakes planted in it. The judge sees only what happened: it has to pass the first "
        "and catch the others.\n"
    )
    _show_tasks(environment.id, right, wrong)
    _show_mistakes(wrong)
    verdicts = [verdict for played in wrong.values() for _, _, verdict in played.runs]
    found = sum(verdict.outcome == "fail" for verdict in verdicts)
    passed = sum(verdict.passed for _, _, verdict in right.runs)
    screen().print(
        f"{passed} of {len(right.runs)} right runs passed; {found} of {len(verdicts)} planted mistakes caught."
    )


def _show_tasks(environment: str, right: Played, wrong: dict[Mistake, Played]) -> None:
    rows = table("Tasks", ("task", "calls", "changes", "done right", "mistakes caught"))
    for task, run, verdict in right.runs:
        spoilt = [found for played in wrong.values() for other, _, found in played.runs if other.id == task.id]
        caught = sum(found.outcome == "fail" for found in spoilt)
        rows.add_row(
            task.id.removeprefix(f"{environment}/"),
            str(len(run.log)),
            str(len(run.changes)),
            MARKS[verdict.outcome],
            f"{'' if caught == len(spoilt) else '[bold red]'}{caught} of {len(spoilt)}",
        )
    screen().print(rows)


def _show_mistakes(wrong: dict[Mistake, Played]) -> None:
    rows = table("Mistakes", ("what the agent did wrong", "planted", "caught", "by the check of"))
    for mistake, played in wrong.items():
        verdicts = [verdict for _, _, verdict in played.runs]
        by = Counter(check.name for verdict in verdicts for check in verdict.checks if check.outcome == "fail")
        caught = sum(verdict.outcome == "fail" for verdict in verdicts)
        rows.add_row(
            WORDS[mistake], str(len(verdicts)), str(caught), ", ".join(f"{name} ({n})" for name, n in by.items())
        )
    screen().print(rows)


def _show_next(folder: Path) -> None:
    screen().print(f"""
Written to [bold]{folder}[/]: tasks, trajectories, verdicts (.jsonl) and episodes.sqlite

Try next:
  [bold]toolworld env show library[/]
      what the agent sees: policy and tools
  [bold]toolworld serve library[/]
      the same environment for your own agent, over MCP
  [bold]toolworld run library --mistake extra_write --out out/extra[/]
      one kind of mistake, with the evidence for each verdict
  [bold]toolworld replay {folder}/episodes.sqlite[/]
      every recorded call made again: same results, same states
  [bold]toolworld export chat {folder}/trajectories.jsonl --env library --out out/chat.jsonl[/]
      the runs as OpenAI messages with tools
([dim]toolworld is .venv/bin/toolworld, unless the environment is active[/])""")
