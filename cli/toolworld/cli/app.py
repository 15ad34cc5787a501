"""All verbs of the command, each loaded when it is asked for, and the handling of errors."""

import logging
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple, NoReturn, cast

import typer
from typer.core import TyperCommand, TyperGroup

from toolworld.cli.interrupt import raise_on_interrupt


class Verb(NamedTuple):
    """A verb of the command: where it is, and what `--help` says of it before it is loaded."""

    module: str
    attribute: str
    summary: str


VERBS = {
    "demo": Verb("demo", "demo", "Play the built-in tasks right, then again with mutations, and judge every run."),
    "make": Verb(
        "make",
        "make",
        "Make a dataset in one go: environments, verified tasks, their right runs with verdicts, exports, and a card.",
    ),
    "serve": Verb("serving.serve", "serve", "Serve environments over MCP: to any client, over HTTP or stdio."),
    "run": Verb("run", "run", "Play every task with a scripted agent and user or with models, and judge each run."),
    "judge": Verb(
        "judging.app",
        "judge_app",
        "Judge every trajectory of a file, measure judges, and look at a run beside its verdict.",
    ),
    "synthesize": Verb(
        "synthesize",
        "synthesize",
        "Explore from seeds with tools, and write questions that take several dependent steps, with their reasoning.",
    ),
    "agora": Verb(
        "agora.app",
        "agora_app",
        "Have a language model write rows for training, check them, and compare models that do.",
    ),
    "regrade": Verb(
        "judging.regrade",
        "regrade",
        "Judge stored runs again after a task, a rubric or a judge was mended, and list what changed.",
    ),
    "evaluate": Verb(
        "measuring.evaluate",
        "evaluate_app",
        "Measure how good a synthetic dataset of tool calls is beside a real one: validity, fidelity, diversity.",
    ),
    "datasets": Verb(
        "measuring.app",
        "datasets_app",
        "Make datasets worse or larger, sweep, check measures, remove copies, split, and describe.",
    ),
    "view": Verb(
        "view",
        "view",
        "Show runs, environments and datasets on pages: what happened, what it changed, and why the verdict.",
    ),
    "compare": Verb(
        "compare",
        "compare_runs",
        "Compare two sets of runs: mean rewards, their paired difference, and the tasks that differ.",
    ),
    "export": Verb(
        "exporting.app",
        "export_app",
        "Write runs and tasks for trainers and other frameworks: chat, ShareGPT, Parquet, NeMo Gym, OpenEnv, inspect.",
    ),
    "replay": Verb(
        "replay",
        "replay",
        "Make every recorded call of a store again and compare results and states; the store is not changed.",
    ),
    "tasks": Verb("tasks", "tasks_app", "Make tasks, check and measure them, and look at them."),
    "env": Verb(
        "env",
        "env_app",
        "Begin environments, look at them, try and check them, have programs written, import and pack them.",
    ),
    "store": Verb("store", "store_app", "Look into a store of episodes, and keep it small."),
}


class LazyVerbs(TyperGroup):
    """The group of all verbs; `--help` shows them without loading any.

    Contexts and formatters are of classes that typer keeps private.
    """

    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the verbs."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a verb; None if there is none of that name."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        if self._listing:
            return TyperCommand(cmd_name, help=verb.summary)
        return load_verb(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of the whole command."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False


def load_verb(name: str) -> TyperCommand | TyperGroup:
    """Load the command of a verb."""
    verb = VERBS[name]
    found: typer.Typer | Callable[..., None] = getattr(
        import_module(f"toolworld.cli.commands.{verb.module}"), verb.attribute
    )
    if isinstance(found, typer.Typer):
        app = found
    else:
        app = typer.Typer(**_SETTINGS)
        app.command(name)(found)
    command = cast(TyperCommand | TyperGroup, typer.main.get_command(app))
    command.name = name
    command.context_settings.setdefault("help_option_names", ["-h", "--help"])
    raise_on_interrupt()
    return command


_SETTINGS: dict[str, Any] = {
    "pretty_exceptions_enable": False,
    "rich_markup_mode": "rich",
    "add_completion": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(
    name="toolworld",
    help="Environments of tools for agents to act in, and proof of what they did there.",
    no_args_is_help=True,
    cls=LazyVerbs,
    **_SETTINGS,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"toolworld {version('toolworld')}\n")
        raise typer.Exit


@app.callback()
def _options(
    _version: bool = typer.Option(
        False, "--version", help="Print the version and leave.", callback=_print_version, is_eager=True
    ),
) -> None:
    """Environments of tools for agents to act in, and proof of what they did there."""


def run_app() -> None:
    """Run the command; an error that a user can cause is one sentence on stderr, with exit code 2."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of worker processes that ended by themselves
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # what a stranger's server does wrong is said in one sentence
    try:
        app()
    except BrokenPipeError:
        raise
    except Exception as problem:
        from toolworld.ground import ToolworldError, os_reason  # here, since loading it takes longer than `--help`

        if isinstance(problem, ToolworldError):
            _refuse(str(problem))
        if isinstance(problem, OSError):
            _refuse(f"{problem.filename or 'the output'} failed: {os_reason(problem)}")
        raise


def _refuse(message: str) -> NoReturn:
    from toolworld.cli.screen import plain, stderr_console  # here, as above

    stderr_console().print(f"[bold red]error:[/] {plain(message)}", soft_wrap=True)
    sys.exit(2)
