"""`toolworld tasks ...`: look at tasks."""

import anyio
import typer

from toolworld.cli.commands.tasks_check import check
from toolworld.cli.commands.tasks_generate import generate
from toolworld.cli.commands.tasks_measure import difficulty, diversity, metrics, mutations
from toolworld.cli.commands.tasks_show import show
from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import AsJson, Environments, TasksFile
from toolworld.cli.screen import count, plain, print_json, stdout_console, table
from toolworld.ground import shortened

REQUEST_CHARACTERS = 160
"""Characters of a request that the table shows."""

tasks_app = typer.Typer(help="Make tasks, check and measure them, and look at them.", no_args_is_help=True)
tasks_app.command()(generate)
tasks_app.command()(check)
tasks_app.command()(show)
tasks_app.command()(metrics)
tasks_app.command()(diversity)
tasks_app.command()(difficulty)
tasks_app.command()(mutations)


@tasks_app.callback()
def _group() -> None:
    """Make tasks, check and measure them, and look at them."""


@tasks_app.command("list")
def list_tasks(environments: Environments, tasks: TasksFile = None, as_json: AsJson = False) -> None:
    """List tasks: their ids, as `run --task` takes them, and what the user asks for.

    Example: toolworld tasks list library
    """
    suite = anyio.run(load_chosen_suite, SuiteOptions(tuple(environments), tasks))
    if as_json:
        kept = {"id", "environment", "environment_version", "request", "scenario", "seed"}
        print_json([task.model_dump(mode="json", include=kept) for task in suite.tasks])
        return
    rows = table("Tasks", ("id", "calls", "request"), fixed=("calls",))
    for task in suite.tasks:
        rows.add_row(plain(task.id), str(len(task.calls)), plain(shortened(task.request, REQUEST_CHARACTERS)))
    stdout_console().print(rows)
    stdout_console().print(count(len(suite.tasks), "task"))
