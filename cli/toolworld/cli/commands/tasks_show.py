"""`toolworld tasks show`: one task, as its user, its calls and the lineage of their arguments have it."""

from typing import Annotated

import anyio
import typer

from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import AsJson, Environments, TasksFile
from toolworld.cli.screen import plain, print_json, stdout_console, table
from toolworld.datasets import ArgumentLineage, Task, lineage_of
from toolworld.ground import encode, shortened

_LONGEST = 60
"""How much of a value is shown."""


def show(
    environments: Environments,
    task: Annotated[str, typer.Option(help="The id of the task.")],
    tasks: TasksFile = None,
    lineage: Annotated[bool, typer.Option(help="Show where each argument comes from.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a task: what its user says and knows, the right calls, and what has to be told.

    With --lineage each argument comes with its source: a field of an earlier result, what the user says or knows, the
    policy, the tool's default, or nothing.

    Example: toolworld tasks show library --task renew_one --lineage
    """
    suite = anyio.run(load_chosen_suite, SuiteOptions(tuple(environments), tasks, (task,)))
    [found] = suite.tasks
    sources = lineage_of(found, suite.runtime_of(found).environment)
    if as_json:
        listed = [one.model_dump(mode="json") for one in sources]
        print_json({"task": found.model_dump(mode="json"), **({"lineage": listed} if lineage else {})})
        return
    _show(found)
    if lineage:
        _show_lineage(sources)


def _show(task: Task) -> None:
    console = stdout_console()
    console.print(f"[bold]{plain(task.id)}[/]")
    console.print(f"The user says: {plain(task.request)}", soft_wrap=True)
    console.print(f"and wants: {plain(task.scenario.goal)}", soft_wrap=True)
    for one in task.scenario.reactions:
        console.print(f"and later: {plain(one.say)}", soft_wrap=True)
    rows = table("Calls", ("", "tool", "arguments", "ends in"))
    for number, one in enumerate(task.calls):
        arguments = encode((one.written or one.call).arguments).decode()
        ends = one.error or ("a change" if one.writes else "a look-up")
        rows.add_row(str(number), plain(one.call.name), plain(shortened(arguments, 2 * _LONGEST)), plain(ends))
    console.print(rows)
    for fact in task.truth.facts:
        console.print(f"to be told: {plain(fact.model_dump_json(exclude_none=True))}", soft_wrap=True)


def _show_lineage(sources: tuple[ArgumentLineage, ...]) -> None:
    rows = table("Where arguments come from", ("call", "tool", "argument", "value", "source"))
    for one in sources:
        value = shortened(encode(one.value).decode(), _LONGEST)
        rows.add_row(str(one.call), plain(one.tool), one.argument, plain(value), f"{one.source} {one.of}".strip())
    stdout_console().print(rows)
