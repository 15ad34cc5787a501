"""`toolworld env generate`: environments of a field, composed without a model."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.environments import (
    WHAT_A_MODEL_ADDS,
    Environment,
    audit,
    compose_environments,
    default_fields,
    fitting_trades,
    save_pack,
)
from toolworld.ground import UsageError, read_bytes, shortened


class _Wish(NamedTuple):
    field: str
    number: int


def generate(
    out: Annotated[Path, typer.Option(help="The .jsonl pack to write; a new one.")],
    field: Annotated[str | None, typer.Option(help="What they are about, such as 'dental practice'.")] = None,
    fields: Annotated[
        Path | None, typer.Option(help="A file of fields, one a line; by default the hundred that come with toolworld.")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="How many, over all fields.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Decides the variants and their records.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compose environments from a catalogue of fifty trades: no model is asked, and what one would add is said.

    Each is compiled and checked; what does not pass is listed as rejected, and exit code 1 says so.

    Example: toolworld env generate --field "dental practice" --n 5 --out dental.jsonl
    """
    if field is not None and fields is not None:
        raise UsageError("--field or --fields, not both")
    if out.suffix != ".jsonl" or out.exists():
        raise UsageError(f"{out}: --out takes a new .jsonl pack")
    named = list(dict.fromkeys([field] if field is not None else _read_fields(fields)))
    for one in (one for one in named if not one.strip() or not one.isprintable() or len(one) > _LONGEST):
        raise UsageError(f"{shortened(repr(one), 60)} is no field: some printable words, at most {_LONGEST} letters")
    wishes = _wishes(named, n)
    kept: list[Environment] = []
    rejected: dict[str, str] = {}
    with progress("composing") as bar:
        for environment in bar.track(_composed(wishes, seed), total=n):
            errors = [one.message for one in audit(environment, types=False) if one.severity == "error"]
            if errors:
                rejected[environment.id] = errors[0]
            else:
                kept.append(environment)
    _save_new(kept, out)
    if as_json:
        print_json({"asked": n, "delivered": len(kept), "rejected": rejected, "out": str(out)})
    else:
        _show(kept, rejected, out, wishes)
    if rejected:
        raise typer.Exit(1)


def _save_new(environments: list[Environment], out: Path) -> None:
    """Write a pack that was not there, whole or not at all."""
    draft = out.with_name(f"{out.stem}.{os.getpid()}.jsonl")
    try:
        save_pack(environments, draft)
        os.link(draft, out)
    except FileExistsError:
        raise UsageError(f"{out} was written by somebody else meanwhile") from None
    finally:
        draft.unlink(missing_ok=True)


def _read_fields(path: Path | None) -> Sequence[str]:
    if path is None:
        return default_fields()
    try:
        lines = [line.strip() for line in read_bytes(path, UsageError).decode().splitlines()]
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    found = [line for line in lines if line]
    if not found:
        raise UsageError(f"{path} has no field")
    return found


def _wishes(fields: Sequence[str], n: int) -> list[_Wish]:
    """How many of each field: as evenly as can be, the first ones first."""
    each, more = divmod(n, len(fields))
    return [_Wish(one, each + (place < more)) for place, one in enumerate(fields)]


def _composed(wishes: Sequence[_Wish], seed: int) -> Iterator[Environment]:
    for wish in wishes:
        yield from compose_environments(wish.field, wish.number, seed=seed)


def _show(kept: Sequence[Environment], rejected: dict[str, str], out: Path, wishes: Sequence[_Wish]) -> None:
    console = stdout_console()
    tools = sum(len(one.tools) for one in kept)
    records = sum(len(rows) for one in kept for rows in one.initial_state.collections.values())
    made = f"{count(len(kept), 'environment')}, {tools:,} tools, {records:,} records"
    console.print(f"[bold]{plain(str(out))}[/]: {made}; {len(rejected)} rejected")
    if len(kept) <= _SHOWN:
        rows = table("", ("environment", "tools", "what it is"), fixed=("tools",))
        for one in kept:
            rows.add_row(plain(one.id), str(len(one.tools)), plain(one.description))
        console.print(rows)
    unknown = [one.field for one in wishes if one.number and not _is_known(one.field)]
    if unknown:
        console.print(f"No trade has a word of {plain(', '.join(unknown[:_SHOWN]))}: others stand in for them.")
    for name, why in list(rejected.items())[:_SHOWN]:
        console.print(f"rejected: {plain(name)}: {plain(why)}")
    console.print(WHAT_A_MODEL_ADDS)


_SHOWN = 10
_LONGEST = 100
"""How many letters a field may have."""


def _is_known(field: str) -> bool:
    return fitting_trades(field).is_known
