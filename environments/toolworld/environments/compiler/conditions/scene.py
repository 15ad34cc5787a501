"""What a condition of a tool can speak of: its arguments, the records at hand, and what it makes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.compiler.layout.statuses import STATUS_NAMES, is_live
from toolworld.environments.compiler.literals import listed, quoted
from toolworld.environments.compiler.plans.known_records import KnownRecord
from toolworld.environments.compiler.plans.parameters import is_day
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter
from toolworld.environments.normaliser.words import singulars, words
from toolworld.ground import humanize

DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Scene:
    """What a condition can speak of."""

    operation: Operation
    records: Sequence[KnownRecord]
    made: Collection | None
    """The collection in which the tool makes a record, if it does."""
    collections: Sequence[Collection] = ()
    """All collections whose records came with the tools."""

    @property
    def row(self) -> KnownRecord | None:
        """The record that the tool is about."""
        return next((one for one in self.records if one.variable == "row"), None)

    @cached_property
    def numbers(self) -> list[Parameter]:
        """The parameters that are numbers."""
        return [one for one in self.operation.parameters if plain_type(one.schema) in ("integer", "number")]

    @cached_property
    def days(self) -> list[Parameter]:
        """The parameters that are days or moments."""
        return [one for one in self.operation.parameters if is_day(one)]

    def is_key(self, parameter: Parameter) -> bool:
        """Whether a parameter holds the key of a record."""
        return any(one.parameter == parameter.name for one in self.records)

    def spoken_of(self, text: str) -> list[KnownRecord]:
        """The records, those first that a text names."""
        spoken = stems(text)
        named = [one for one in self.records if one.collection.entity.split("_")[-1] in spoken]
        return [*named, *(one for one in self.records if one not in named)]


def stems(text: str) -> frozenset[str]:
    """The words of a text, each in the singular."""
    return frozenset(singulars(re.sub(r"[^a-z0-9]+", "_", text.lower())))


def day_fields(record: KnownRecord) -> Iterator[str]:
    """The fields of a record that hold days or moments."""
    for field, samples in record.collection.samples.items():
        if any(isinstance(one, str) and DAY.match(one) for one in samples):
            yield field


def field_for(parameter: Parameter, collection: Collection) -> str | None:
    """The field that a parameter gives a new value: of its name, or the only one that ends as it does."""
    exact = collection.field_of(parameter.original)
    if exact is not None:
        return exact
    parts = [one for one in words(parameter.original) if one not in ("new", "to", "updated")]
    fields = [name for name in collection.fields if parts and list(words(name))[-len(parts) :] == parts]
    if len(fields) == 1 and plain_type(collection.fields[fields[0]]) == plain_type(parameter.schema):
        return fields[0]
    return None


def spoken_status(variable: str, collection: Collection, clause: str) -> str | None:
    """The expression that tells whether a record has a status that a clause names: `has 4 reserved rentals`."""
    status = next((one for one in STATUS_NAMES if one in collection.values), None)
    spoken = [one for one in collection.values.get(status or "", ()) if f" {humanize(one)} " in clause.lower()]
    return f"{variable}.get({quoted(status)}) in {listed(spoken)}" if status is not None and spoken else None


def live_test(variable: str, collection: Collection, *, is_live_wanted: bool = True) -> str | None:
    """The expression that tells whether a record is not at an end, or is; None where its status does not say so."""
    status = next((one for one in STATUS_NAMES if one in collection.values), None)
    live = [one for one in collection.values.get(status or "", ()) if is_live(one)]
    if status is None or not live or len(live) == len(collection.values[status]):
        return None
    return f"{variable}.get({quoted(status)}) {'in' if is_live_wanted else 'not in'} {listed(live)}"
