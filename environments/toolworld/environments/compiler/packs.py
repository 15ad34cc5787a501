"""Packs of known domains: which tools are commands of one, and how a program answers them with the pack's functions."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from toolworld.environments.compiler.file_system import commands as file_system
from toolworld.environments.compiler.mathematics import commands as mathematics
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Toolset
from toolworld.environments.normaliser.shape import properties_of


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


def pack_sources(commands: Iterable[PackCommand]) -> list[str]:
    """The functions of the packs that some commands are of."""
    used = {one.pack for one in commands}
    return [pack.source() for name, pack in _PACKS.items() if name in used]


def command_lines(operation: Operation, command: PackCommand) -> Iterator[str]:
    """The lines that do a command, and make its result out of what it gives, under the names of the document."""
    call = _PACKS[command.pack].call_of(operation, command.name)
    named = properties_of(operation.response)
    if named:
        yield f"given = {call}"
        first, *others = named
        rest = [f', "{name}": {one.name}' for name in others if (one := _echoed(operation, name)) is not None]
        yield f'return {{"{first}": given{"".join(rest)}}}'
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
