"""`toolworld agora check`: whether a run can begin."""

import os

import anyio

from toolworld.cli.commands.agora.opening import opened_agora
from toolworld.cli.commands.agora.options import AgoraOptions
from toolworld.cli.options.grouped import with_options
from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import plain, print_json, stdout_console, table
from toolworld.datasets import Readiness, readiness
from toolworld.ground import RolloutError


@with_options(AgoraOptions)
def check(options: AgoraOptions, as_json: AsJson = False) -> None:
    """Look at all that a run needs: prompts, rows, the model, what it may cost, and where it writes.

    The model is asked for one word. Exit code 2 if something is missing.

    Example: toolworld agora check --model openai:gpt-4o-mini --domain math --n 10000
    """

    async def look() -> list[Readiness]:
        async with opened_agora(options, ask=False) as agora:
            return await readiness(agora, options.wanted(agora), options.out, os.environ)

    found = anyio.run(look)
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        rows = table("Ready to run", ("what", "ready", "found"))
        for one in found:
            rows.add_row(one.what, "[green]yes[/]" if one.is_ready else "[red]no[/]", plain(one.said))
        stdout_console().print(rows)
    missing = [one.what for one in found if not one.is_ready]
    if missing:
        raise RolloutError(f"the run cannot begin: {', '.join(missing)}")
