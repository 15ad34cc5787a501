"""`toolworld export chat | sharegpt | inspect`: runs as conversations to learn from, and to look at."""

from typing import Annotated

import typer

from toolworld.cli.commands.exporting.chosen import ChosenRuns, show_written
from toolworld.cli.commands.exporting.options import OutFolder, OutRows
from toolworld.cli.options.grouped import with_options
from toolworld.datasets import ChatForm, LinesOfRows, chat_row, export_inspect, sharegpt_row, write_rows
from toolworld.ground import UsageError

_FORMS = {"arguments": ("text", "object"), "content": ("empty", "null"), "tools": ("list", "text", "none")}


@with_options(ChosenRuns)
def chat(
    chosen: ChosenRuns,
    out: OutRows,
    arguments: Annotated[str, typer.Option(help="Of calls: as JSON in a `text` (OpenAI), or an `object`.")] = "text",
    content: Annotated[str, typer.Option(help="Of messages with calls only: `empty`, or `null`.")] = "empty",
    tools: Annotated[str, typer.Option(help="As a `list` (OpenAI), JSON in a `text` (TRL), or `none`.")] = "list",
) -> None:
    """Write runs as OpenAI messages with tools, a conversation a line, with what each run is and earned.

    Example: toolworld export chat out/runs --env library --only pass --out chat.jsonl
    """
    given = {"arguments": arguments, "content": content, "tools": tools}
    for name, value in given.items():
        if value not in _FORMS[name]:
            raise UsageError(f"--{name} is one of {', '.join(_FORMS[name])}, and not {value!r}")
    form = ChatForm(**given)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with chosen.opened(out) as (runs, selection):
        counts = write_rows(out, (chat_row(run, form) for run in runs), LinesOfRows, ".jsonl")
    show_written(out, counts, selection, "conversation")


@with_options(ChosenRuns)
def sharegpt(chosen: ChosenRuns, out: OutRows) -> None:
    """Write runs as ShareGPT conversations, as LLaMA-Factory reads them.

    Example: toolworld export sharegpt out/runs --env library --only pass --out sharegpt.jsonl
    """
    with chosen.opened(out) as (runs, selection):
        counts = write_rows(out, (sharegpt_row(run) for run in runs), LinesOfRows, ".jsonl")
    show_written(out, counts, selection, "conversation")


@with_options(ChosenRuns)
def inspect(chosen: ChosenRuns, out: OutFolder) -> None:
    """Write runs as logs of inspect_ai, one for each environment: `inspect view --log-dir DIR` shows them.

    Example: toolworld export inspect out/runs logs --env library
    """
    with chosen.opened(out) as (runs, selection):
        counts = export_inspect(runs, out)
    show_written(out, counts, selection, "run")
