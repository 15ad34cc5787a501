"""The command's door: all verbs, and what becomes of errors."""

import sys

import typer
from rich.console import Console

from toolworld.cli.demo import demo
from toolworld.cli.env import env
from toolworld.cli.export import export
from toolworld.cli.judge import judge_file
from toolworld.cli.replay import replay
from toolworld.cli.run import run
from toolworld.cli.serve import serve
from toolworld.ground import ToolworldError

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


def main() -> None:
    """Run the command; an error is one sentence and exit code 2."""
    try:
        app()
    except ToolworldError as problem:
        Console(stderr=True).print(f"[bold red]error:[/] {_escaped(str(problem))}", highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped; what was finished is kept")
        sys.exit(130)


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")
