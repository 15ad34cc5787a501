"""`toolworld agora run`: rows that a model writes."""

import os
from pathlib import Path

import anyio

from toolworld.cli.commands.agora.opening import opened_agora, write_tasks
from toolworld.cli.commands.agora.options import AgoraOptions
from toolworld.cli.options.grouped import with_options
from toolworld.cli.options.models import show_costs
from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, stderr_console, stdout_console, table
from toolworld.datasets import GeneratedRows, OutputPaths, run_page
from toolworld.ground import RolloutError, shortened, write_atomically
from toolworld.llm import SMALL_MODEL_NOTICE

_REASONS_NAMED = 3
_SHOWN_CHARACTERS = 300


@with_options(AgoraOptions)
def run(options: AgoraOptions, as_json: AsJson = False) -> None:
    """Have a model write rows {instruction, response, config} until so many are accepted.

    Beside the rows are written: what was rejected, with the reason; the log of replies, from which the same command
    goes on without paying for one twice; a summary; and a page. Exit code 2 if there are fewer rows than asked for.

    Example: toolworld agora run --model openai:gpt-4o-mini --domain math --n 100 --out problems.jsonl
    """
    paths = OutputPaths(options.out)

    async def generate() -> tuple[GeneratedRows, Path | None]:
        async with opened_agora(options) as agora:
            wanted = options.wanted(agora)
            rows = await agora.arun(wanted, options.out, None, options.concurrency, environ=os.environ)
            return rows, await write_tasks(options, agora, rows)

    if options.model == "local":
        stderr_console().print(f"[yellow]{SMALL_MODEL_NOTICE}[/]")
    rows, records = anyio.run(generate)
    write_atomically(paths.page, run_page(rows).encode())
    if as_json:
        places = {"rows": str(paths.rows), "page": str(paths.page), "records": str(records) if records else None}
        print_json({**rows.summary.model_dump(mode="json"), **places})
    else:
        _show(rows, paths)
        if records is not None and len(rows):
            verb = "toolworld run --tasks" if records.name.endswith("tasks.jsonl") else "toolworld judge"
            stdout_console().print(f"For `{verb}`: {plain(str(records))}", soft_wrap=True)
    if rows.summary.accepted < rows.summary.asked:
        raise RolloutError(_why_fewer(rows, paths))


def _show(rows: GeneratedRows, paths: OutputPaths) -> None:
    summary, console = rows.summary, stdout_console()
    took = "the run was finished, so nothing was asked" if rows.was_finished else f"{summary.seconds:,.1f} s"
    console.print(
        f"[bold]{plain(str(paths.rows))}[/]: {count(summary.accepted, 'row')} of {summary.asked:,}, from "
        f"{count(summary.replies, 'reply', 'replies')}; {took}",
        soft_wrap=True,
    )
    if summary.rejected:
        reasons = table("Rejected", ("reason", "count"), fixed=("count",))
        for reason, number in summary.rejected.items():
            reasons.add_row(plain(reason.replace("_", " ")), f"{number:,}")
        console.print(reasons)
    show_costs(() if rows.was_finished else summary.ledger)
    if len(rows):
        console.print(f"The first: {plain(shortened(rows[0]['instruction'], _SHOWN_CHARACTERS))}", soft_wrap=True)
    console.print(f"To look through: {plain(str(paths.page))}", soft_wrap=True)


def _why_fewer(rows: GeneratedRows, paths: OutputPaths) -> str:
    """Why there are fewer rows than asked for, in a sentence."""
    summary = rows.summary
    got = f"{summary.accepted:,} of {count(summary.asked, 'row')} were accepted"
    if summary.stopped:
        return f"{got}: {summary.stopped}"
    most = [f"{number:,} {reason.replace('_', ' ')}" for reason, number in summary.rejected.items()]
    why = f" ({', '.join(most[:_REASONS_NAMED])})" if most else ""
    return f"{got} of {count(summary.candidates, 'candidate')}{why}; {paths.rejected} has each, with what was wrong"
