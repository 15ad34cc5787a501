"""Which tools are commands on files, and how their functions call the pack's own.

The pack's program, `behaviour.py`, is written from POSIX's description of the commands, not from any back end.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Toolset
from toolworld.environments.normaliser.words import words

COLLECTION = "files"
LEAST = 6
"""How many tools of the pack a toolset has to have."""
_COMMANDS: Mapping[str, Sequence[str]] = {
    "cat": ("text",),
    "cd": ("text",),
    "cp": ("text", "text"),
    "diff": ("text", "text"),
    "du": (),
    "echo": ("text", "text?"),
    "find": ("place", "text?"),
    "grep": ("text", "text"),
    "head": ("text", "number"),
    "ls": ("flag",),
    "mkdir": ("text",),
    "mv": ("text", "text"),
    "pwd": (),
    "rm": ("text",),
    "rmdir": ("text",),
    "sort": ("text",),
    "tail": ("text", "number"),
    "touch": ("text",),
    "wc": ("text", "mode"),
}
"""What each command is given, in order."""
_ALSO = {
    "change_directory": "cd",
    "copy_file": "cp",
    "create_directory": "mkdir",
    "create_file": "touch",
    "delete_file": "rm",
    "list_directory": "ls",
    "make_directory": "mkdir",
    "move_file": "mv",
    "read_file": "cat",
    "remove_directory": "rmdir",
    "remove_file": "rm",
}
"""Other names of commands."""
_OTHERWISE = {"flag": "False", "mode": '"l"', "number": "10", "place": '"."', "text": '""', "text?": "None"}
_READS = frozenset({"cat", "diff", "du", "find", "grep", "head", "ls", "pwd", "sort", "tail", "wc"})


def commands_of(toolset: Toolset) -> dict[str, str]:
    """The command that each tool is, by the tool's name; nothing where a toolset has too few of them."""
    found = {one.name: command for one in toolset.operations if (command := _command(one)) is not None}
    return found if len(found) >= LEAST else {}


def _command(operation: Operation) -> str | None:
    name = "_".join(words(operation.original))
    return name if name in _COMMANDS and operation.method is None else _ALSO.get(name)


def only_reads(command: str) -> bool:
    """Whether a command changes nothing."""
    return command in _READS


@lru_cache(maxsize=1)
def source() -> str:
    """The functions of the pack."""
    return (files("toolworld.environments.compiler.file_system") / "behaviour.py").read_text(encoding="utf-8")


def call_of(operation: Operation, command: str) -> str:
    """The expression that does a command with a tool's own parameters."""
    left = list(operation.parameters)
    given: list[str] = []
    for wanted in _COMMANDS[command]:
        found = next((one for one in left if _fits(one, wanted)), None)
        if found is not None:
            left.remove(found)
        given.append(found.name if found is not None else _OTHERWISE[wanted])
    is_new = command == "touch" and "new" in words(operation.description)
    return f"_do_{'create' if is_new else command}({', '.join(given)})"


def _fits(parameter: Parameter, wanted: str) -> bool:
    kind = plain_type(parameter.schema)
    return kind == {"flag": "boolean", "number": "integer"}.get(wanted, "string")
