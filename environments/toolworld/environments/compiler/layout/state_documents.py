"""State documents that came with a toolset: what they hold becomes the records and singletons of the environment.

A part that is a list or an object of records is a collection, bound to the one that tools are about where their names
meet; its records are taken as they are, instead of made-up ones. Any other part is a singleton: nothing is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolworld.environments.compiler.layout.collection import HIDDEN_KEY, Collection
from toolworld.environments.compiler.layout.layout import Layout
from toolworld.environments.compiler.layout.state_parts import keyed_rows, parts_of
from toolworld.ground import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Evidence:
    """What state documents say."""

    records: Mapping[str, tuple[JsonObject, ...]]
    """The records of collections, by the collection's name."""
    singletons: Mapping[str, JsonValue]
    """Everything else."""


def take_evidence(documents: Sequence[JsonObject], layout: Layout) -> Evidence:
    """Take up what documents hold: fields and keys from all of them, and the first one as the initial state.

    Args:
        documents: The documents.
        layout: The collections of the tools; fields and keys are added, and collections that no tool is about.
    """
    records: dict[str, tuple[JsonObject, ...]] = {}
    singletons: dict[str, JsonValue] = {}
    first = documents[0] if documents else {}
    holding = {one.name for one in parts_of(documents)}
    for part in dict.fromkeys(name for document in documents for name in document):
        if part in holding:
            collection = layout.collections[layout.names[(part,)]]
            keyed = [_keyed(collection, row) for row in keyed_rows(first.get(part))]
            records[collection.name] = _numbered(keyed, collection.key_field)
            others = _others(first.get(part))
            if others:
                singletons[f"{part}_others"] = others
        else:
            singletons[part] = first.get(part)
    return Evidence(records, {name: one for name, one in singletons.items() if name not in layout.collections})


def _others(value: JsonValue) -> JsonObject:
    """What an object of records has besides records."""
    return {name: one for name, one in value.items() if not isinstance(one, dict)} if isinstance(value, dict) else {}


def _keyed(collection: Collection, row: tuple[str | None, JsonObject]) -> JsonObject:
    """A record with the key that the state keeps it by."""
    key, record = row
    if collection.key_field != HIDDEN_KEY and isinstance(record.get(collection.key_field), str):
        return record
    if collection.key_field != HIDDEN_KEY:
        return record
    own = key if key is not None else record.get(collection.key) if collection.key is not None else None
    return record | {HIDDEN_KEY: str(own) if own is not None else ""}


def _numbered(records: Sequence[JsonObject], key_field: str) -> tuple[JsonObject, ...]:
    """Records with a key each, which no other has: what has none, or that of another one, gets its number."""
    taken: set[str] = set()
    made: list[JsonObject] = []
    for number, record in enumerate(records, start=1):
        key = record.get(key_field)
        own = str(key) if isinstance(key, str | int) and not isinstance(key, bool) and key != "" else f"{number}"
        while own in taken:
            own = f"{own}-{number}"
        taken.add(own)
        made.append(record if key == own else record | {key_field: own})
    return tuple(made)
