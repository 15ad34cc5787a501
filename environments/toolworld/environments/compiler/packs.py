"""Packs of known domains: which tools are commands of one, and how a program answers them with the pack's functions."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from toolworld.environments.compiler.file_system import commands as file_system
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.mathematics import commands as mathematics
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Toolset
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.words import word_set


class Pack(Protocol):
    """What a pack's module has."""

    def commands_of(self, toolset: Toolset) -> dict[str, str]:
        """The command that each tool is, by the tool's name."""
        ...

    def only_reads(self, command: str) -> bool:
        """Whether a command changes nothing."""
        ...

    def source(self) -> str:
        """The functions of the pack."""
        ...

    def call_of(self, operation: Operation, command: str) -> str:
        """The expression that does a command with a tool's own parameters."""
        ...


FILE_SYSTEM, MATHEMATICS = "file_system", "mathematics"
_PACKS: Mapping[str, Pack] = {FILE_SYSTEM: file_system, MATHEMATICS: mathematics}


_BESIDE = word_set("error errors message ok success")
"""Fields that stand beside a result, and are none."""


class PackCommand(NamedTuple):
    """A command of a pack."""

    pack: str
    name: str

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing."""
        return _PACKS[self.pack].only_reads(self.name)


def pack_commands(toolset: Toolset) -> dict[str, PackCommand]:
    """The command that each tool is, by the tool's name."""
    found: dict[str, PackCommand] = {}
    for name, pack in _PACKS.items():
        for tool, command in pack.commands_of(toolset).items():
            found.setdefault(tool, PackCommand(name, command))
    return found


def pack_sources(commands: Iterable[PackCommand], tools: str | None = None) -> list[str]:
    """The functions of the packs that some commands are of.

    Args:
        commands: The commands.
        tools: The functions of tools that call them: what nothing of them leads to is left out. None for everything.
    """
    used = {one.pack for one in commands}
    sources = [pack.source() for name, pack in _PACKS.items() if name in used]
    return sources if tools is None else [_needed(one, tools) for one in sources]


def _needed(source: str, tools: str) -> str:
    """The parts of a pack's program that the functions of tools lead to, with what they call themselves."""
    parts = {name: node for node in ast.parse(source).body if (name := _name_of(node)) is not None}
    lines, wanted, found = source.splitlines(), [tools], set[str]()
    while wanted:
        text = wanted.pop()
        for name in parts.keys() - found:
            if re.search(rf"\b{name}\b", text):
                found.add(name)
                wanted.append(ast.unparse(parts[name]))
    kept = [node for name, node in parts.items() if name in found]
    texts = ["\n".join(lines[node.lineno - 1 : node.end_lineno]) for node in kept]
    return "\n\n\n".join([lines[0], *texts]) + "\n" if texts else ""


def _name_of(node: ast.stmt) -> str | None:
    """The name of a function or constant of a program."""
    match node:
        case ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case _:
            return None


def command_lines(operation: Operation, command: PackCommand) -> Iterator[str]:
    """The lines that do a command, and make its result out of what it gives, under the names of the document."""
    call = _PACKS[command.pack].call_of(operation, command.name)
    named = properties_of(operation.response)
    if named:
        told = [name for name in named if name.lower() not in _BESIDE] or list(named)
        rest = [
            f", {quoted(name)}: {one.name}" for name in named if name != told[0] and (one := _echoed(operation, name))
        ]
        yield f"row = {call}"
        yield f"return {{{quoted(told[0])}: row{''.join(rest)}}}"
    elif plain_type(operation.response) == "string":
        yield f"return str({call})"
    elif command.only_reads:
        yield f"return {call}"
    else:
        yield call
        yield "return {}"


def _echoed(operation: Operation, name: str) -> Parameter | None:
    """The parameter that another field of the result repeats: the type of a count is its mode."""
    return operation.parameter(name) or (operation.parameter("mode") if name == "type" else None)
