"""The records of a toolset: as many as its collections need, with keys, parents and references that are there."""

import random
from collections.abc import Iterator, Mapping

from toolworld.environments.compiler.data.field_values import ValueMaker, value_maker
from toolworld.environments.compiler.data.record_story import RecordStory
from toolworld.environments.compiler.layout.collection import HIDDEN_KEY, Collection
from toolworld.environments.compiler.layout.keys import FIRST_NUMBER
from toolworld.environments.compiler.layout.references import referred
from toolworld.environments.normaliser.mend import fits, plain_type
from toolworld.environments.normaliser.words import last_word
from toolworld.environments.state.schema import StateDocument
from toolworld.ground import JsonObject, JsonValue

RECORDS = 12
"""How many records a collection begins with."""


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
        record |= _places(collection, made, draw, is_first=number == 0)
        yield record | {HIDDEN_KEY: str(key)}


def _places(
    collection: Collection, made: Mapping[str, list[JsonObject]], draw: random.Random, *, is_first: bool
) -> JsonObject:
    """What a record is below: a record of the innermost parent, and what that is below itself.

    Some parents have more children than others, and the first always has some.
    """
    found: JsonObject = {}
    for field, parent in reversed(collection.parents.items()):
        rows = made.get(parent)
        place = collection.shown_parents.get(field, field)
        if rows and place not in found:
            row = rows[0 if is_first else int(len(rows) * draw.random() ** 1.5)]
            found[place] = _as_field(_key_text(row), collection, place)
            found |= _same_places(row, field, collection)
    return found


def _same_places(row: JsonObject, field: str, collection: Collection) -> JsonObject:
    """The other parents of a record, as its parent has them."""
    places = {one: collection.shown_parents.get(one, one) for one in collection.parents if one != field and one in row}
    return {place: _as_field(str(row[one]), collection, place) for one, place in places.items()}


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
    """How the keys of records are made: as texts of their kind where they name something, else by number."""
    form = collection.key_form
    if collection.has_number_key:
        return lambda story: FIRST_NUMBER + story.number
    if collection.key is not None and not form.is_number:
        schema, last = collection.fields[collection.key], last_word(collection.key)
        is_named = last in ("guid", "login", "name", "slug", "symbol", "title", "username", "uuid")
        named = value_maker(collection.key, schema, collection.entity) if is_named else None
        if named is not None:
            return named
    return lambda story: form.seeded(story.number)


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
