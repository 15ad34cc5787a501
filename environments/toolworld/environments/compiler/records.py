"""The records of a toolset: as many as its collections need, with keys, parents and references that are there."""

import random
from collections.abc import Iterator, Mapping

from toolworld.environments.compiler.collection import HIDDEN_KEY, Collection
from toolworld.environments.compiler.field_values import ValueMaker, value_maker
from toolworld.environments.compiler.record_story import RecordStory
from toolworld.environments.compiler.references import referred
from toolworld.environments.normaliser.mend import fits, plain_type
from toolworld.environments.normaliser.words import singulars
from toolworld.environments.state.schema import StateDocument
from toolworld.ground import JsonObject, JsonValue

RECORDS = 12
"""How many records a collection begins with."""
_FIRST_NUMBER = 1001


def make_records(collections: Mapping[str, Collection], seed: str, count: int = RECORDS) -> StateDocument:
    """Make the initial state.

    Args:
        collections: All collections.
        seed: The same gives the same records.
        count: How many records of each.
    """
    made: dict[str, list[JsonObject]] = {}
    singles: dict[str, JsonValue] = {}
    for collection in _parents_first(collections):
        draw = random.Random(f"{seed}:{collection.name}")
        makers = _makers(collection)
        if collection.is_single:
            story = RecordStory(draw, 0)
            singles[collection.name] = {name: make(story) for name, make in makers.items()}
            continue
        if collection.owner is not None:
            made[collection.name] = list(_one_for_each(collection, makers, made, draw))
            continue
        made[collection.name] = list(_records(collection, makers, made, draw, count))
    for collection in collections.values():
        if not collection.is_single:
            _set_references(collection, collections, made, random.Random(f"{seed}:{collection.name}:references"))
    for name, rows in made.items():
        if collections[name].key_field != HIDDEN_KEY:
            for record in rows:
                del record[HIDDEN_KEY]
    return StateDocument(collections={name: tuple(rows) for name, rows in made.items()}, singletons=singles)


def _makers(collection: Collection) -> dict[str, ValueMaker]:
    known = {**collection.fields, **collection.implied}
    return {
        name: make
        for name, schema in known.items()
        if name != collection.key
        and (make := value_maker(name.removeprefix("_has_"), schema, collection.entity)) is not None
    }


def _records(
    collection: Collection,
    makers: Mapping[str, ValueMaker],
    made: Mapping[str, list[JsonObject]],
    draw: random.Random,
    count: int,
) -> Iterator[JsonObject]:
    key_maker = _key_maker(collection)
    taken: set[str] = set()
    for number in range(count):
        story = RecordStory(draw, number)
        key = key_maker(story)
        while str(key) in taken:
            key = f"{key}-{number + 1}" if isinstance(key, str) else int(str(key)) + 1
        taken.add(str(key))
        record: JsonObject = {collection.key: key} if collection.key is not None else {}
        record |= {name: make(story) for name, make in makers.items()}
        for field, parent in collection.parents.items():
            rows = made.get(parent)
            if rows:  # some parents have more children than others, and the first always has some
                index = 0 if number == 0 else int(len(rows) * draw.random() ** 1.5)
                place = collection.shown_parents.get(field, field)
                record[place] = _as_field(_key_text(rows[index]), collection, place)
        yield record | {HIDDEN_KEY: str(key)}


def _one_for_each(
    collection: Collection, makers: Mapping[str, ValueMaker], made: Mapping[str, list[JsonObject]], draw: random.Random
) -> Iterator[JsonObject]:
    """One record for each record of the parent, with its key."""
    owner = collection.owner or ""
    for number, parent in enumerate(made.get(collection.parents[owner], ())):
        story, key = RecordStory(draw, number), _key_text(parent)
        yield {name: make(story) for name, make in makers.items()} | {owner: key, HIDDEN_KEY: key}


def _key_text(record: JsonObject) -> str:
    return str(record[HIDDEN_KEY])


def _as_field(key: str, collection: Collection, place: str) -> JsonValue:
    """A key as a field holds it: a number where the field does."""
    kind = plain_type(collection.fields.get(place, {}))
    return int(key) if kind in ("integer", "number") and key.isdigit() else key


def _key_maker(collection: Collection) -> ValueMaker:
    if collection.key is None or collection.has_number_key:
        prefix = "" if collection.has_number_key else f"{(collection.entity or 'record')[:3]}_"
        if collection.has_number_key:
            return lambda story: _FIRST_NUMBER + story.number
        return lambda story: f"{prefix}{_FIRST_NUMBER + story.number}"
    schema = collection.fields[collection.key]
    last = singulars(collection.key)[-1]
    if schema.get("format") == "uuid" or last in ("uuid", "guid"):
        made = value_maker("uuid", {"type": "string", "format": "uuid"}, collection.entity)
        return made or (lambda story: str(story.number))
    if last in ("name", "slug", "username", "symbol", "title", "login"):
        named = value_maker(collection.key, schema, collection.entity)
        if named is not None:
            return named
    return lambda story: f"{(collection.entity or 'record')[:3]}_{_FIRST_NUMBER + story.number}"


def _set_references(
    collection: Collection,
    collections: Mapping[str, Collection],
    made: Mapping[str, list[JsonObject]],
    draw: random.Random,
) -> None:
    """Fields such as `customer_id` and `owner` hold the key of a record that is there."""
    for name, schema in collection.fields.items():
        target = referred(name, schema, collection, collections) if name != collection.key else None
        rows = made.get(target.name) if target is not None else None
        if target is None or not rows or target.key is None:
            continue
        for record in made[collection.name]:
            value = draw.choice(rows)[target.key]
            if name in record and name not in collection.shown_parents.values() and fits(value, plain_type(schema)):
                record[name] = value


def _parents_first(collections: Mapping[str, Collection]) -> list[Collection]:
    order: dict[str, Collection] = {}

    def visit(collection: Collection, below: tuple[str, ...]) -> None:
        for parent in collection.parents.values():
            if parent not in below and parent in collections:
                visit(collections[parent], (*below, parent))
        order.setdefault(collection.name, collection)

    for one in collections.values():
        visit(one, (one.name,))
    return list(order.values())
