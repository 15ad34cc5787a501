"""The state that a recording began with, as far as its answers show it: each record as it was first seen."""

from collections.abc import Iterator, Mapping, Sequence

from toolworld.environments.compiler.compile import Compiled
from toolworld.environments.compiler.layout.collection import HIDDEN_KEY, Collection
from toolworld.environments.compiler.plans.plan import READERS
from toolworld.environments.state.schema import StateDocument
from toolworld.environments.synthesis.twins.answers import read_answer
from toolworld.environments.twin.capture import CapturedCall
from toolworld.ground import JsonObject, JsonValue


def observed_state(compiled: Compiled, calls: Sequence[CapturedCall]) -> StateDocument:
    """The initial state of a compiled toolset with the records that a recording shows instead of made-up ones.

    A record that a call made before it was seen is not among them. Of what no answer shows there is none.
    """
    seen: dict[str, dict[str, JsonObject]] = {name: {} for name in compiled.collections}
    made: set[tuple[str, str]] = set()
    for call in calls:
        plan = compiled.plans.get(call.tool)
        if plan is None or call.answer is None:
            continue
        result, refusal = read_answer(call.answer)
        if refusal is not None:
            continue
        collection = plan.collection
        for record in _records(result, collection):
            key = _key(record, collection)
            place = (collection.name, key)
            if plan.template not in READERS:
                made.add(place)
            elif place not in made:
                seen[collection.name].setdefault(key, record)
    document = compiled.environment.initial_state
    rows = {name: _rows(seen.get(name, {}), compiled.collections.get(name)) for name in document.collections}
    return StateDocument(collections=rows, singletons=_singletons(document.singletons, compiled.collections, seen))


def _singletons(
    values: Mapping[str, JsonValue],
    collections: Mapping[str, Collection],
    seen: Mapping[str, Mapping[str, JsonObject]],
) -> dict[str, JsonValue]:
    """The singletons, those that an answer shows as it was first seen."""
    shown = {name: next(iter(records.values())) for name, records in seen.items() if records}
    return {
        name: shown[name] if name in shown and name in collections and collections[name].is_single else value
        for name, value in values.items()
    }


def _records(value: JsonValue, collection: Collection) -> Iterator[JsonObject]:
    """The objects in a result that are records of a collection: they have its key, or most of its fields."""
    if isinstance(value, list):
        for one in value:
            yield from _records(one, collection)
    elif isinstance(value, dict):
        shared = sum(name in value for name in collection.fields)
        has_key = collection.key is not None and isinstance(value.get(collection.key), str | int)
        if has_key or (shared and shared * 2 >= len(collection.fields)):
            yield {name: one for name, one in value.items() if name in collection.fields}
        else:
            for one in value.values():
                yield from _records(one, collection)


def _key(record: JsonObject, collection: Collection) -> str:
    value = record.get(collection.key) if collection.key is not None else None
    return str(value) if value is not None else str(record)


def _rows(records: Mapping[str, JsonObject], collection: Collection | None) -> tuple[JsonObject, ...]:
    """Records as the state keeps them, with a hidden key where they have no text that identifies them."""
    if collection is None or collection.key_field != HIDDEN_KEY:
        return tuple(records.values())
    if collection.key is not None:
        return tuple({**one, HIDDEN_KEY: key} for key, one in records.items())
    return tuple({**one, HIDDEN_KEY: str(number)} for number, one in enumerate(records.values(), start=1))
