"""`toolworld store ...`: what a store of episodes holds, and how it is kept small."""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import anyio
import typer

from toolworld.cli.options.types import AsJson, Store
from toolworld.cli.screen import count, print_json, stdout_console, table
from toolworld.ground import UsageError
from toolworld.server import EpisodeStore, PruneConditions, open_store, require_store, shown_address

store_app = typer.Typer(help="Look into a store of episodes, and keep it small.", no_args_is_help=True)
T = TypeVar("T")

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@store_app.command()
def stats(file: Store, as_json: AsJson = False) -> None:
    """Count a store's episodes and calls, and the bytes they take.

    Example: toolworld store stats episodes.sqlite
    """
    found = _with_store(file, lambda store: store.stats())
    if as_json:
        print_json(found.model_dump())
        return
    rows = table(shown_address(file), ("what", "how many"), fixed=("how many",))
    for name in ("episodes", "closed", "forks", "calls"):
        rows.add_row(name, f"{getattr(found, name):,}")
    for name, number in found.environments.items():
        rows.add_row(f"episodes of {name}", f"{number:,}")
    if found.completions:
        rows.add_row("completions of models", f"{found.completions:,}")
    for unit, amount in found.spent.items():
        rows.add_row(f"spent: {unit}", f"{amount:,.4f}" if unit == "usd" else f"{amount:,.0f}")
    rows.add_row("size", _mib(found.bytes))
    rows.add_row("reclaimable by vacuum", _mib(found.reclaimable))
    stdout_console().print(rows)


@store_app.command()
def prune(
    file: Store,
    closed: Annotated[bool, typer.Option("--closed", help="Only closed episodes.")] = False,
    unused: Annotated[
        str | None, typer.Option(metavar="AGE", help="Only episodes unused for so long: 30d, 12h, 45m, 10s.")
    ] = None,
    environment: Annotated[str | None, typer.Option(help="Only episodes of this environment.")] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Count, and remove nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove episodes and their calls. What a remaining fork builds on stays.

    Example: toolworld store prune episodes.sqlite --closed --unused 30d
    """
    if not (closed or unused or environment):
        raise UsageError("say which episodes are to go: --closed, --unused AGE or --environment ID")
    since = None if unused is None else int(time.time()) - _seconds(unused)
    conditions = PruneConditions(closed, since, environment)
    pruned = _with_store(file, lambda store: store.prune(conditions, dry))
    if as_json:
        print_json(pruned.model_dump())
        return
    done = "would be removed" if dry else "removed"
    stdout_console().print(f"{count(pruned.removed, 'episode')} with {count(pruned.calls, 'call')} {done}")
    if pruned.kept:
        stdout_console().print(f"{count(pruned.kept, 'episode')} kept, because a fork that stays builds on it")


@store_app.command()
def vacuum(file: Store, as_json: AsJson = False) -> None:
    """Give the space of removed episodes back to the disk; best while no server has the store open.

    Example: toolworld store vacuum episodes.sqlite
    """
    before, after = _with_store(file, lambda store: store.vacuum())
    if as_json:
        print_json({"before": before, "after": after})
    else:
        stdout_console().print(f"{shown_address(file)}: {_mib(before)} before, {_mib(after)} now")


def _with_store(file: str, work: Callable[[EpisodeStore], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_store(file, make=False) as store:
            return await work(store)

    require_store(file)
    return anyio.run(run)


def _seconds(age: str) -> int:
    found = re.fullmatch(r"(\d{1,6})([smhd])", age)
    if found is None:
        raise UsageError(f"{age!r} is no age such as 30d, 12h, 45m or 10s")
    return int(found[1]) * _UNIT_SECONDS[found[2]]


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"
