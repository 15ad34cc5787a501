"""How many environments of what: every one that is asked for has a place from the beginning, and ends as delivered or
rejected."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class FieldPlan(NamedTuple):
    """What is grown from one field."""

    id: str
    field: str
    counts: tuple[int, ...]
    """For each subfield, how many environments."""

    @property
    def subfields(self) -> list[str]:
        """The ids of its subfields."""
        return [f"{self.id}.{number}" for number in range(1, len(self.counts) + 1)]

    @property
    def slots(self) -> Iterator[tuple[str, str]]:
        """The ids of its environments, each with that of its subfield before it."""
        for subfield, count in zip(self.subfields, self.counts, strict=True):
            yield from ((subfield, f"{subfield}.{number}") for number in range(1, count + 1))


def plan_fields(fields: Sequence[str], count: int) -> list[FieldPlan]:
    """Spread environments over fields as evenly as can be, and those of a field over subfields that get a few each.

    Args:
        fields: What environments are about; the first ones get more where it does not come out even.
        count: How many environments, over all fields.
    """
    taken: set[str] = set()
    plans: list[FieldPlan] = []
    for place, field in enumerate(fields):
        own = count // len(fields) + (place < count % len(fields))
        if own:
            parts = math.ceil(math.sqrt(own))
            counts = tuple(own // parts + (part < own % parts) for part in range(parts))
            plans.append(FieldPlan(_identifier(field, taken), field, counts))
    return plans


def _identifier(field: str, taken: set[str]) -> str:
    """A name for a field that no other has, of letters, digits and `-`."""
    plain = re.sub(r"[^a-z0-9]+", "-", field.lower()).strip("-")[:60].strip("-") or "field"
    number, unique = 1, plain
    while unique in taken:
        number += 1
        unique = f"{plain}-{number}"
    taken.add(unique)
    return unique


def environment_name(slot: str) -> str:
    """The id of the environment of a slot."""
    return slot.replace(".", "-")
