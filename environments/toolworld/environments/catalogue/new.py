"""A new environment folder to begin with: it runs, and shows every part once."""

import re
from importlib.resources import files
from pathlib import Path

from toolworld.environments.catalogue.find import builtin_folders
from toolworld.environments.catalogue.folder import SPEC_FILE
from toolworld.ground import SpecError, UsageError, write_atomically

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


def new_folder(name: str, parent: Path) -> Path:
    """Write a small environment that lends equipment, under a name of one's own.

    Args:
        name: The environment's id, and the folder's name.
        parent: Where the folder is made.

    Raises:
        UsageError: the name is not one that an environment can have, or that of a built-in one.
        SpecError: there is a folder of that name already, or it cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of an environment: lower-case letters, digits, `-` and `_`")
    if name in builtin_folders():
        raise UsageError(f"{name} is the name of a built-in environment, which the folder would hide")
    folder = parent / name
    if folder.exists():
        raise SpecError(f"{folder} is there already")
    skeleton = files("toolworld.environments.catalogue") / "skeleton"
    title = re.sub(r"[-_]+", " ", name).capitalize()
    # the specification comes last: a folder without one is none, so nothing half written is taken for one
    for part in sorted(skeleton.iterdir(), key=lambda part: (part.name == SPEC_FILE, part.name)):
        if part.is_file():
            text = part.read_text(encoding="utf-8").replace('"NAME"', f'"{name}"').replace("TITLE", title)
            write_atomically(folder / part.name, text.encode(), SpecError)
    return folder
