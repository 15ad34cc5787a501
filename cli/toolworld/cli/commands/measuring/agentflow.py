"""`toolworld datasets agentflow`: the output of AgentFlow Synthesis, taken over and checked."""

from pathlib import Path
from typing import Annotated

import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, stdout_console, table
from toolworld.rollout import take_over


def agentflow(
    folder: Annotated[Path, typer.Argument(help="Has synthesized_qa.jsonl and trajectories.jsonl.")],
    out: Annotated[Path, typer.Option(help="The folder where they are written anew.")],
    as_json: AsJson = False,
) -> None:
    """Take over the two files of AgentFlow Synthesis: roots are added, and every question is checked.

    A question that fails a check goes to rejected.jsonl, with what is wrong. Nothing is solved: the tools are not
    there.

    Example: toolworld datasets agentflow results/ds_synthesized_qa --out questions
    """
    found = take_over(folder, out)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    console = stdout_console()
    console.print(
        f"[bold]{plain(str(out))}[/]: {count(found.questions, 'question')} and "
        f"{count(found.trajectories, 'trajectory', 'trajectories')}, {found.roots_added} of them given their root"
    )
    if found.rejected:
        reasons = table("Questions rejected", ("reason", "count"), fixed=("count",))
        for reason, number in found.rejected.items():
            reasons.add_row(reason.replace("_", " "), str(number))
        console.print(reasons)
