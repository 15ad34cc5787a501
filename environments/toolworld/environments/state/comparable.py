"""Ops as judges compare them: in canonical form, without volatile fields; and the places that ops change."""

from collections.abc import Iterable

from toolworld.environments.state.canonical_form import canonical_fields, canonical_form
from toolworld.environments.state.ops import Fields, Insert, Op, SetValue, Update
from toolworld.environments.state.schema import CollectionSchema, StateSchema


def comparable_ops(ops: Iterable[Op], schema: StateSchema, country: str | None = None) -> list[Op]:
    """Ops in canonical form without the fields that the schema calls volatile; an update of nothing else is left out.

    A call more or less shifts the clock of an episode, and with it every field that holds an instant.

    Args:
        ops: The ops.
        schema: The schema of the state.
        country: The country code of telephone numbers without one.
    """
    found: list[Op] = []
    for op in ops:
        if isinstance(op, Insert):
            record = _compared(op.record, schema.collections[op.collection], country)
            found.append(Insert(collection=op.collection, key=op.key, record=record))
        elif isinstance(op, Update):
            fields = _compared(op.fields, schema.collections[op.collection], country)
            if fields:
                found.append(Update(collection=op.collection, key=op.key, fields=fields))
        elif isinstance(op, SetValue):
            found.append(SetValue(name=op.name, value=canonical_form(op.value)))
        else:
            found.append(op)
    return found


def _compared(fields: Fields, shape: CollectionSchema, country: str | None) -> Fields:
    properties = shape.record.get("properties")
    kept = {name: value for name, value in fields.items() if name not in shape.volatile}
    return canonical_fields(kept, properties if isinstance(properties, dict) else {}, country)


def place_of(op: Op) -> str:
    """The record that an op changes, as `collection/key`, or the singleton's name."""
    return op.name if isinstance(op, SetValue) else f"{op.collection}/{op.key}"


def touched_places(ops: Iterable[Op]) -> tuple[str, ...]:
    """The records and singletons that ops change, sorted; one that they insert is `collection/new`, once for each."""
    places: set[str] = set()
    new: dict[str, str] = {}
    for op in ops:
        place = place_of(op)
        if isinstance(op, Insert) and place not in places:
            new[place] = f"{op.collection}/new"
        elif place not in new:
            places.add(place)
    return tuple(sorted([*places, *new.values()]))
