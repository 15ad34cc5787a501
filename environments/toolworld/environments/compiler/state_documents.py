"""State documents that came with a toolset: what they hold becomes the records and singletons of the environment.

A part that is a list or an object of records is a collection, bound to the one that tools are about where their names
meet; its records are taken as they are, instead of made-up ones. Any other part is a singleton: nothing is lost.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolworld.environments.compiler.collection import HIDDEN_KEY, Collection, Layout
from toolworld.environments.normaliser.mend import fits, mended, plain_type, schema_of
from toolworld.environments.normaliser.words import identifier, singulars, word_set
from toolworld.ground import JsonObject, JsonValue

_HOLDERS = word_set("book collection count counter data history inbox info list map queue record table")
"""Words of names that say how things are held, and not what they are."""
_LEAST = 0.5
"""How much of two names must be the same."""


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
    for part in dict.fromkeys(name for document in documents for name in document):
        samples = [document[part] for document in documents if part in document]
        if any(_has_records(one) for one in samples) and all(_has_records(one) or not one for one in samples):
            collection = _bound(part, layout) or _added(part, layout)
            _learn(collection, [row for one in samples for row in _rows(one)])
            records[collection.name] = _numbered([_keyed(collection, row) for row in _rows(first.get(part))])
        else:
            singletons[part] = first.get(part)
    return Evidence(records, {name: one for name, one in singletons.items() if name not in layout.collections})


def _has_records(value: JsonValue) -> bool:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return bool(inner) and all(isinstance(one, dict) for one in inner)


def _rows(value: JsonValue) -> list[tuple[str | None, JsonObject]]:
    """The records of a part, each with its key where the part is an object."""
    if isinstance(value, dict):
        return [(key, one) for key, one in value.items() if isinstance(one, dict)]
    return [(None, one) for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _bound(part: str, layout: Layout) -> Collection | None:
    """The collection that a part is about: the one with the most words in common."""
    words = {*singulars(part)} - _HOLDERS or {*singulars(part)}
    scored = [(_overlap(words, one), one) for one in layout.collections.values() if not one.is_single]
    best = max(scored, key=lambda one: one[0], default=(0.0, None))
    return best[1] if best[0] >= _LEAST else None


def _overlap(words: set[str], collection: Collection) -> float:
    own = {*collection.entity.split("_")} - {""}
    return len(words & own) / max(len(words), len(own), 1)


def _added(part: str, layout: Layout) -> Collection:
    """A collection that no tool is about."""
    name = identifier(part, "records")
    while name in layout.collections:
        name = f"{name}_more"
    layout.collections[name] = made = Collection(name, "_".join(singulars(part)))
    return made


def _learn(collection: Collection, rows: Sequence[tuple[str | None, JsonObject]]) -> None:
    """Take up the fields of records, and the field that they are known by."""
    for _, row in rows:
        for name, value in row.items():
            schema = mended(schema_of(value), Counter())
            known = collection.fields.get(name)
            if known is None:
                collection.fields[name] = schema
            elif not fits(value, plain_type(known)) or value is None:
                collection.mixed.add(name)
    keyed = [(key, row) for key, row in rows if key is not None]
    collection.has_outer_keys = collection.has_outer_keys or bool(keyed)
    repeating = [name for name in collection.fields if keyed and all(str(row.get(name)) == key for key, row in keyed)]
    candidates: list[str | None] = list(repeating)
    if not keyed:
        candidates += ["id", f"{collection.entity}_id", collection.key]
    collection.key = next((one for one in candidates if one is not None and _identifies(one, rows)), None)


def _identifies(field: str, rows: Sequence[tuple[str | None, JsonObject]]) -> bool:
    """Whether most records have a field, so that those without it are the odd ones."""
    return sum(field in row for _, row in rows) > len(rows) / 2


def _keyed(collection: Collection, row: tuple[str | None, JsonObject]) -> JsonObject:
    """A record with the key that the state keeps it by."""
    key, record = row
    if collection.key_field != HIDDEN_KEY and isinstance(record.get(collection.key_field), str):
        return record
    own = key if key is not None else record.get(collection.key) if collection.key is not None else None
    return record | {HIDDEN_KEY: str(own) if own is not None else ""}


def _numbered(records: Sequence[JsonObject]) -> tuple[JsonObject, ...]:
    """Records with a key each: what has none gets its number."""
    taken: set[str] = set()
    made: list[JsonObject] = []
    for number, record in enumerate(records, start=1):
        key = record.get(HIDDEN_KEY)
        if key is not None and (not key or str(key) in taken):
            record = record | {HIDDEN_KEY: f"{number}"}
        taken.add(str(record.get(HIDDEN_KEY)))
        made.append(record)
    return tuple(made)
