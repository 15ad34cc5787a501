"""Ops as they are compared, by judges and by whoever derives a task's truth: without volatile fields."""

from collections.abc import Iterable

from toolworld.environments.state.ops import Fields, Insert, Op, Update
from toolworld.environments.state.schema import StateSchema


def comparable_ops(ops: Iterable[Op], schema: StateSchema) -> list[Op]:
    """Ops without the fields that the schema calls volatile; an update of nothing else is left out.

    A call more or less shifts the clock of an episode, and with it every field that holds an instant.
    """
    found: list[Op] = []
    for op in ops:
        if isinstance(op, Insert):
            record = _without(op.record, schema.collections[op.collection].volatile)
            found.append(Insert(collection=op.collection, key=op.key, record=record))
        elif isinstance(op, Update):
            fields = _without(op.fields, schema.collections[op.collection].volatile)
            if fields:
                found.append(Update(collection=op.collection, key=op.key, fields=fields))
        else:
            found.append(op)
    return found


def _without(fields: Fields, volatile: tuple[str, ...]) -> Fields:
    return {name: value for name, value in fields.items() if name not in volatile}
