"""`toolworld export trajectories`: the runs of a store."""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.options.types import STORE_HELP
from toolworld.cli.screen import count, progress, stdout_console
from toolworld.ground import LineWriter, RecordError
from toolworld.server import export_trajectories, open_episodes, require_store, shown_address


def trajectories(
    *,
    store: Annotated[str, typer.Option(help=STORE_HELP)],
    env: Annotated[list[str] | None, typer.Option(help="Only these environments (repeat for several).")] = None,
    out: Annotated[Path, typer.Option(help="The .jsonl to write.")],
) -> None:
    """Write the runs of a store as trajectories.

    Example: toolworld export trajectories --store episodes.sqlite --out runs.jsonl
    """
    written = anyio.run(_export_store, store, env or [], out)
    stdout_console().print(f"{out}: {count(written, 'trajectory', 'trajectories')}")


async def _export_store(store: str, environments: list[str], out: Path) -> int:
    require_store(store)
    if out.exists() and out.stat().st_size:  # noqa: ASYNC240 - looked at once
        raise RecordError(f"{out} is there already; name another file")
    written = 0
    async with open_episodes([], store=store, make=False) as episodes:
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
        named = f" in {', '.join(environments)}" if environments else ""
        raise RecordError(f"{shown_address(store)} has no episodes{named}")
    part.replace(out)
    return written
