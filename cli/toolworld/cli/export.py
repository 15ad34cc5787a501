"""`toolworld export`: trajectories and tasks in the formats of others."""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.choice import Choice, load_choice
from toolworld.cli.screen import note_torn, screen
from toolworld.datasets import Trajectory, to_chat, to_synthtools
from toolworld.ground import NotFoundError, RecordError, encode, read_lines, write_atomically, write_lines


def export(
    form: Annotated[str, typer.Argument(help="chat (from trajectories) or synthtools (the environments' tasks).")],
    trajectories: Annotated[Path | None, typer.Argument(help="For chat: a trajectories.jsonl.")] = None,
    *,
    env: Annotated[list[str], typer.Option(help="The environments (repeat for several).")],
    faults: Annotated[str | None, typer.Option(help="The fault profile that the runs were played under.")] = None,
    out: Annotated[Path, typer.Option(help="The .jsonl to write.")],
) -> None:
    """Write trajectories as OpenAI messages with tools, or tasks as SynthTools rows.

    Example: toolworld export chat out/demo/trajectories.jsonl --env library --out out/chat.jsonl
    """
    shelf = anyio.run(load_choice, Choice(env, faults=faults))
    if trajectories is not None and (form == "synthtools" or trajectories.resolve() == out.resolve()):
        raise RecordError(f"{trajectories} is not needed for synthtools, and never written over")
    if form == "synthtools":
        write_lines(out, [to_synthtools(task, shelf.runtime_of(task).environment) for task in shelf.tasks])
        screen().print(f"{out}: {len(shelf.tasks)} tasks as SynthTools rows")
        return
    if form != "chat":
        raise RecordError(f"there is no form {form!r}; there are: chat, synthtools")
    if trajectories is None:
        raise RecordError("the form chat needs a file of trajectories")
    lines = read_lines(trajectories, Trajectory)
    note_torn(trajectories, lines.torn)
    if not lines.records:
        raise RecordError(f"{trajectories} holds no trajectories")
    rows: list[bytes] = []
    for run in lines.records:
        if run.environment not in shelf.runtimes:
            raise NotFoundError(
                f"{trajectories}: run {run.id} is of environment {run.environment}, which --env did not name"
            )
        environment = shelf.runtimes[run.environment].environment
        if run.environment_version != environment.version:
            raise NotFoundError(
                f"{trajectories}: run {run.id} was made in version {run.environment_version} of {run.environment}, "
                f"and this is version {environment.version} (played under --faults?)"
            )
        rows.append(encode(to_chat(run, environment)) + b"\n")
    write_atomically(out, b"".join(rows))
    screen().print(f"{out}: {len(rows)} conversations as messages with tools")
