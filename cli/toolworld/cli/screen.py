"""Output for people: tables, progress, and text that is safe to print."""

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.errors import MarkupError
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from toolworld.ground import printable

MARKS = {
    "pass": "[green]pass[/]",
    "fail": "[red]fail[/]",
    "void": "[yellow]void[/]",
    "unclear": "[yellow]unclear[/]",
    "skipped": "[dim]-[/]",
}
PIPE_WIDTH = 160
"""Columns where the output is not a terminal."""


class PlainConsole(Console):
    """A console for texts of strangers too: none of them steers the terminal, or is taken for a link.

    Markup is for our own words; `plain` is for theirs. One that was forgotten does not end in an error.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """A text with its markup, if that is well formed."""
        safe = printable(text)
        try:
            made = super().render_str(safe, **options)
        except MarkupError:
            options["markup"] = False
            return super().render_str(safe, **options)
        made.spans = [span for span in made.spans if "link" not in str(span.style)]
        return made


def stdout_console() -> Console:
    """The console for results; where it is no terminal, lines are left long for programs."""
    console = PlainConsole(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console


def stderr_console() -> Console:
    """The console for everything that is not a result."""
    return PlainConsole(stderr=True, highlight=False)


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
    return escape(printable(text))


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 run` or `2 runs`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def print_json(value: object) -> None:
    """Print a value for a program; what could steer a terminal is written as an escape of JSON."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    sys.stdout.write(_UNPRINTABLE.sub(_escaped, text) + "\n")


_UNPRINTABLE = re.compile(
    r"[\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
