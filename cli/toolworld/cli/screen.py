"""What a person sees: tables, progress, and where files went."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

MARKS = {"pass": "[green]pass[/]", "fail": "[red]fail[/]", "void": "[yellow]void[/]", "skipped": "[dim]-[/]"}


def screen() -> Console:
    """Give the console for results; where nobody looks, lines are left long for programs."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 160
    return console


def aside() -> Console:
    """Give the console for everything that is not a result."""
    return Console(stderr=True, highlight=False)


def progress(what: str) -> Progress:
    """Give a progress bar on stderr; it vanishes when it is done."""
    return Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=aside(),
        transient=True,
    )


def table(title: str, columns: Iterable[str], caption: str | None = None) -> Table:
    """Give an empty table."""
    made = Table(title=title, caption=caption, title_justify="left", caption_justify="left", title_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def note_torn(path: Path, torn: int) -> None:
    """Say that a file ends in a line that was cut off."""
    if torn:
        aside().print(f"[yellow]the last line of {plain(str(path))} is cut off ({torn} bytes); it was not read[/]")


def plain(text: str) -> str:
    """Give text as it is to a place where square brackets would be taken for markup."""
    return escape(text)


def count(number: int, noun: str) -> str:
    """Give `1 run` or `2 runs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def print_json(value: object) -> None:
    """Print a value for a program."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
