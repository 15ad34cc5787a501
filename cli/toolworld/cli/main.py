"""The command's door: all verbs, and what becomes of errors."""

import logging
import sys
from typing import NoReturn

import typer

from toolworld.cli.demo import demo
from toolworld.cli.env import env
from toolworld.cli.export import export
from toolworld.cli.judge import judge_file
from toolworld.cli.replay import replay
from toolworld.cli.run import run
from toolworld.cli.screen import aside, plain
from toolworld.cli.serve import serve
from toolworld.cli.store import store
from toolworld.ground import ToolworldError, os_reason

app = typer.Typer(
    name="toolworld",
    help="Environments of tools for agents to act in, and proof of what they did there.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(demo)
app.command()(serve)
app.command()(run)
app.command("judge")(judge_file)
app.command()(export)
app.command()(replay)
app.add_typer(env, name="env")
app.add_typer(store, name="store")


def run_app() -> None:
    """Run the command; what a user can cause is told in one sentence, with exit code 2."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of worker processes that ended by themselves
    try:
        app()
    except ToolworldError as problem:
        _refuse(str(problem))
    except OSError as problem:
        if isinstance(problem, BrokenPipeError):
            raise
        _refuse(f"{problem.filename or 'the output'} failed: {os_reason(problem)}")


def _refuse(message: str) -> NoReturn:
    aside().print(f"[bold red]error:[/] {plain(message)}", soft_wrap=True)
    sys.exit(2)
