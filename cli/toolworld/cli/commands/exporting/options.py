"""Options that several verbs of `export` share."""

from pathlib import Path
from typing import Annotated

import typer

EnvironmentNames = Annotated[list[str], typer.Option("--env", help="The environments (repeat for several).")]
OutRows = Annotated[
    Path, typer.Option(help="A file, or a folder, which gets a file for each split of environments, and a card.")
]
OutFolder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")]
TaskFile = Annotated[Path | None, typer.Option("--tasks", help="A .jsonl of tasks; by default the environments' own.")]
