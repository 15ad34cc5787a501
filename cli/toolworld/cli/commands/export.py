"""`toolworld export`: trajectories and tasks in other formats, and the trajectories of a store."""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import PlayedUnder
from toolworld.cli.screen import count, note_torn, progress, stdout_console
from toolworld.datasets import TaskSuite, export_chat, to_synthtools
from toolworld.ground import LineWriter, RecordError, StoreError, UsageError, write_lines
from toolworld.rollout import TRAJECTORIES
from toolworld.server import export_trajectories, open_episodes

FORMS = ("trajectories", "chat", "synthtools")


def export(
    form: Annotated[
        str,
        typer.Argument(
            help="trajectories (of a store), chat (from trajectories) or synthtools (the environments' tasks)."
        ),
    ],
    trajectories: Annotated[
        Path | None, typer.Argument(help="For chat: a trajectories.jsonl, or a folder of `run`.")
    ] = None,
    *,
    store: Annotated[Path | None, typer.Option(help="For trajectories: the SQLite file of `serve` or `run`.")] = None,
    env: Annotated[list[str] | None, typer.Option(help="The environments (repeat for several).")] = None,
    faults: PlayedUnder = None,
    out: Annotated[Path, typer.Option(help="The .jsonl to write.")],
) -> None:
    """Write the runs of a store as trajectories, trajectories as OpenAI messages, or tasks as SynthTools rows.

    Example: toolworld export trajectories --store episodes.sqlite --out runs.jsonl
    """
    if form not in FORMS:
        raise UsageError(f"there is no form {form!r}; there are: {', '.join(FORMS)}")
    if (store is not None) != (form == "trajectories"):
        raise UsageError("--store is needed for trajectories, and for nothing else")
    if trajectories is not None and trajectories.is_dir():
        trajectories /= TRAJECTORIES
    if trajectories is not None and form != "chat":
        raise UsageError(f"{form} takes no file of trajectories, and {trajectories} is given")
    if trajectories is not None and trajectories.resolve() == out.resolve():
        raise UsageError(f"--out would replace {trajectories} itself")
    if store is not None:
        written = anyio.run(_export_store, store, env or [], out)
        stdout_console().print(f"{out}: {count(written, 'trajectory', 'trajectories')}")
        return
    if not env:
        raise UsageError(f"{form} needs --env, the environments")
    suite = anyio.run(load_chosen_suite, SuiteOptions(tuple(env), faults=faults))
    if form == "synthtools":
        _export_synthtools(suite, out)
        return
    if trajectories is None:
        raise UsageError("the form chat needs a file of trajectories")
    conversations, torn = export_chat(trajectories, suite, out)
    note_torn(trajectories, torn)
    stdout_console().print(f"{out}: {count(conversations, 'conversation')} as messages with tools")


def _export_synthtools(suite: TaskSuite, out: Path) -> None:
    write_lines(out, [to_synthtools(task, suite.runtime_of(task)) for task in suite.tasks])
    stdout_console().print(f"{out}: {count(len(suite.tasks), 'task')} as SynthTools rows")


async def _export_store(store: Path, environments: list[str], out: Path) -> int:
    if not store.is_file():  # noqa: ASYNC240 - looked at once
        raise StoreError(f"there is no store {store}")
    if out.exists() and out.stat().st_size:  # noqa: ASYNC240 - looked at once
        raise RecordError(f"{out} is there already; name another file")
    written = 0
    async with open_episodes([], path=store, make=False) as episodes:
        part = out.with_name(f"{out.name}.part")  # renamed when it is whole, so that a failed export can be repeated
        part.unlink(missing_ok=True)
        with LineWriter(part) as lines, progress("exporting") as bar:
            line = bar.add_task("", total=await episodes.store.count_episodes())
            async for trajectory in export_trajectories(episodes, environments or None):
                lines.append(trajectory)
                written += 1
                bar.advance(line)
    if not written:
        part.unlink()
        raise RecordError(f"{store} has no episodes{' in ' + ', '.join(environments) if environments else ''}")
    part.replace(out)
    return written
