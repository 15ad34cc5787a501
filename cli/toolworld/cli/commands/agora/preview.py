"""`toolworld agora preview`: whole candidates, before much is spent."""

import os
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.agora.opening import opened_agora
from toolworld.cli.commands.agora.options import AgoraOptions
from toolworld.cli.options.grouped import with_options
from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import plain, print_json, stdout_console
from toolworld.datasets import Previewed
from toolworld.datasets import preview as candidates_of

Count = Annotated[int, typer.Argument(min=1, max=100, metavar="N", help="How many candidates.")]
PromptsOnly = Annotated[bool, typer.Option("--prompts-only", help="Ask no model: show prompts, and spend nothing.")]


@with_options(AgoraOptions)
def preview(
    options: AgoraOptions, count: Count = 1, prompts_only: PromptsOnly = False, as_json: AsJson = False
) -> None:
    """Print the first candidates whole: the prompt, the reply, and what became of it.

    Replies are kept in the log of --out, so that a run which follows does not pay for them again.

    Example: toolworld agora preview 3 --model openai:gpt-4o-mini --domain code --prompts-only
    """

    async def look() -> list[Previewed]:
        async with opened_agora(options, ask=not prompts_only) as agora:
            return await candidates_of(agora, count, os.environ, ask=not prompts_only, output=options.out)

    found = anyio.run(look)
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    for one in found:
        _show(one, was_asked=not prompts_only)


def _as_json(one: Previewed) -> dict[str, object]:
    return {
        **one._asdict(),
        "instance": one.instance.model_dump(mode="json") if one.instance else None,
        "rejected": [reply.model_dump(mode="json") for reply in one.rejected],
    }


def _show(one: Previewed, *, was_asked: bool) -> None:
    console = stdout_console()
    console.rule(f"candidate {one.number}, a prompt of about {one.prompt_tokens:,} tokens", align="left")
    console.print(plain(one.prompt), soft_wrap=True)
    for reply in one.rejected:
        console.rule(f"[red]rejected:[/] {plain(reply.reason.replace('_', ' '))}", align="left")
        console.print(f"[red]{plain(reply.detail)}[/]", soft_wrap=True)
        console.print(plain(reply.reply), soft_wrap=True)
    if one.instance is not None:
        console.rule("[green]accepted[/]", align="left")
        console.print(f"[bold]{plain(one.instance.instruction)}[/]", soft_wrap=True)
        console.print(plain(one.instance.response), soft_wrap=True)
    elif was_asked and not one.rejected:
        console.print("[yellow]no reply[/]")
