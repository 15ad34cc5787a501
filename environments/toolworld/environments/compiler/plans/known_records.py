"""The records that a call is about: those that its arguments name, and those that these refer to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.normaliser.operation import Operation
from toolworld.environments.normaliser.words import compact


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """A record that a program has at hand while it answers a call."""

    variable: str
    """What the program calls it."""
    collection: Collection
    parameter: str | None = None
    """The parameter that holds its key; None where another record refers to it."""
    through: tuple[str, str] | None = None
    """The variable of the record that refers to it, and the field."""

    def value(self, field: str) -> str:
        """The expression of what a field of it holds."""
        return f"{self.variable}.get({quoted(field)})"

    @property
    def definition(self) -> str:
        """The line that fetches a record which another one refers to."""
        variable, field = self.through or ("", "")
        return f'{self.variable} = get("{self.collection.name}", str({variable}.get({quoted(field)}))) or {{}}'


def named_records(operation: Operation, subjects: Mapping[str, Collection], row: str | None) -> tuple[KnownRecord, ...]:
    """The records that arguments name.

    Args:
        operation: The tool.
        subjects: The collection whose keys each of some parameters holds.
        row: The parameter of the record that the tool is about, which programs call `row`.
    """
    taken = {one.name for one in operation.parameters}
    found: list[KnownRecord] = []
    for parameter, collection in subjects.items():
        variable = "row" if parameter == row else _free(collection, taken)
        taken.add(variable)
        found.append(KnownRecord(variable, collection, parameter))
    return tuple(found)


def referred_records(
    known: Sequence[KnownRecord], collections: Mapping[str, Collection], taken: frozenset[str]
) -> Iterator[KnownRecord]:
    """The records that known ones refer to, one of each collection."""
    seen, names = {one.collection.name for one in known}, {*taken, *(one.variable for one in known)}
    references = [(record, field, name) for record in known for field, name in record.collection.references.items()]
    # a field that is called as the key is surer than one that only holds such keys
    references.sort(key=lambda one: not _is_named(one[1], collections.get(one[2])))
    for record, field, name in references:
        target = collections.get(name)
        if target is not None and target.name not in seen:
            seen.add(target.name)
            variable = _free(target, names)
            names.add(variable)
            yield KnownRecord(variable, target, through=(record.variable, field))


def _is_named(field: str, target: Collection | None) -> bool:
    return target is not None and compact(field) == compact(target.key or "")


def _free(collection: Collection, taken: set[str] | frozenset[str]) -> str:
    plain = f"the_{collection.entity}" if collection.entity.isidentifier() else "the_record"
    number, name = 1, plain
    while name in taken:
        number += 1
        name = f"{plain}_{number}"
    return name
