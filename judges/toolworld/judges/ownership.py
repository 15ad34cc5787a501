"""Whose records are whose: what a record is called, what it refers to, and whom it belongs to."""

from collections.abc import Iterator

from toolworld.environments import Environment, Insert, Op, SetValue, State, values_at
from toolworld.ground import JsonValue, leaves

MAX_HOPS = 3
"""References that are followed from a record."""


def named_records(arguments: dict[str, JsonValue], state: State) -> Iterator[tuple[str, str]]:
    """The records whose keys are among the values of arguments, as collection and key."""
    keys = [leaf for leaf in leaves(arguments) if isinstance(leaf, str)]
    for collection in state.baseline.collections:
        for key in keys:
            if state.get(collection, key) is not None:
                yield collection, key


def touched_records(ops: tuple[Op, ...]) -> list[tuple[str, str]]:
    """The records that ops change, as collection and key."""
    return [(op.collection, op.key) for op in ops if not isinstance(op, SetValue)]


def inserted(ops: tuple[Op, ...]) -> dict[tuple[str, str], dict[str, JsonValue]]:
    """The records that ops insert."""
    return {(op.collection, op.key): op.record for op in ops if isinstance(op, Insert)}


def referred_records(
    environment: Environment, state: State, collection: str, record: dict[str, JsonValue], without: str | None = None
) -> Iterator[tuple[str, str]]:
    """The records that a record refers to.

    Args:
        environment: Whose schema declares the references.
        state: Where they are.
        collection: The record's collection.
        record: The record.
        without: A field that is not followed.
    """
    for path, target in environment.state_schema.collections[collection].references.items():
        if path == without:
            continue
        for key in values_at(record, path):
            if isinstance(key, str) and state.get(target, key) is not None:
                yield target, key


def owners(environment: Environment, state: State, where: tuple[str, str], field: str) -> Iterator[set[str]]:
    """The values of a field that say whom a record belongs to: its own, then those of what it refers to, and so on.

    A card belongs to whoever carries it, and also to whoever holds its account; but not to whom another field names,
    such as who approved it. One that nobody owns gives nothing.
    """
    people = {name for name, collection in environment.state_schema.collections.items() if collection.key == field}
    frontier, seen = [where], {where}
    for _ in range(MAX_HOPS):
        records = [(collection, state.get(collection, key) or {}) for collection, key in frontier]
        found = {value for _, record in records if isinstance(value := record.get(field), str)}
        if found:
            yield found
        following = [
            one
            for collection, record in records
            for one in referred_records(environment, state, collection, record, field)
            if one[0] not in people
        ]
        frontier = [one for one in following if one not in seen]
        seen |= {*frontier}
