"""Output for people: tables, progress, and text that is safe to print."""

import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

MARKS = {
    "pass": "[green]pass[/]",
    "fail": "[red]fail[/]",
    "void": "[yellow]void[/]",
    "unclear": "[yellow]unclear[/]",
    "skipped": "[dim]-[/]",
}
PIPE_WIDTH = 160
"""Columns where the output is not a terminal."""


def stdout_console() -> Console:
    """The console for results; where it is no terminal, lines are left long for programs."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console


def stderr_console() -> Console:
    """The console for everything that is not a result."""
    return Console(stderr=True, highlight=False)


def progress(what: str) -> Progress:
    """A progress bar on stderr; it vanishes when it is done, and does not appear in a pipe."""
    console = stderr_console()
    return Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def table(title: str, columns: Iterable[str], fixed: Sequence[str] = ()) -> Table:
    """An empty table.

    Args:
        title: Stands above it.
        columns: Headings.
        fixed: Headings of columns that are never folded, such as numbers.
    """
    made = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        made.add_column(
            column, overflow="fold", no_wrap=column in fixed, justify="right" if column in fixed else "left"
        )
    return made


def note_torn(path: Path, torn: int) -> None:
    """Say that a file ends in a line that was cut off."""
    if torn:
        message = f"the last line of {plain(str(path))} is cut off ({torn} bytes); it was not read"
        stderr_console().print(f"[yellow]{message}[/]")


def plain(text: str) -> str:
    """Text as it is: no square brackets that would be taken for markup, and nothing that steers the terminal."""
    return escape(text if text.isprintable() else "".join(map(_printable, text)))


def _printable(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return " " if unicodedata.category(character) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 run` or `2 runs`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def print_json(value: object) -> None:
    """Print a value for a program."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
