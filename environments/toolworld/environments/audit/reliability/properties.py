"""What has to hold of events: of each by itself, and of what a reader shows after a write."""

from collections.abc import Iterable, Iterator, Mapping

from toolworld.environments.calls.event import Event
from toolworld.environments.normaliser.words import compact
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Fields, Insert, Update
from toolworld.environments.state.state import State
from toolworld.ground import JsonObject, JsonValue, same

_DEPTH = 6
"""How deep results are read."""
_SYSTEM = frozenset({"invalid_arguments", "internal_error"})
"""Codes of refusals that no tool documents."""


def is_documented(tool: ToolSpec, event: Event) -> bool:
    """Whether a refusal has a code that its tool documents."""
    return event.failure is None or event.failure.code in {*_SYSTEM, *(one.code for one in tool.errors)}


def objects_in(value: JsonValue, foreign: frozenset[str], depth: int = 0) -> Iterator[JsonObject]:
    """All objects in a value, from the outside in, but those with one of some names, and what is inside of them."""
    if depth > _DEPTH or (isinstance(value, dict) and foreign & {*value}):
        return
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from objects_in(inner, foreign, depth + 1)


def shows(result: JsonValue, key: tuple[str, str], record: Fields, keys: Iterable[str]) -> bool | None:
    """Whether a result shows a record as it is, in the object that has its key; None where it shows nothing of it.

    Args:
        result: The result.
        key: The name of the key field, and the key.
        record: The record.
        keys: The names of all key fields: what has one that the record has not is a record of another kind.
    """
    shared = False
    for found in objects_in(result, frozenset(keys) - {*record, key[0]}):
        held = next((value for name, value in found.items() if compact(name) == compact(key[0])), None)
        if not isinstance(held, str | int) or str(held) != key[1]:
            continue
        for name, value in found.items():
            field = next((one for one in record if compact(one) == compact(name)), None)
            is_plain = isinstance(value, str | int | float) and not (isinstance(value, str) and "*" in value)
            if field is None or not is_plain or isinstance(record[field], dict | list):
                continue  # what is masked is not shown
            shared = True
            if not same(value, record[field]):
                return False
    return True if shared else None


def written_otherwise(arguments: JsonObject, op: Insert | Update) -> str | None:
    """A field that was written with another value than an argument of its name has; letters may differ in case."""
    written = op.record if isinstance(op, Insert) else op.fields
    for name, given in arguments.items():
        field = next((one for one in written if compact(one) == compact(name)), None)
        value = written[field] if field is not None else None
        if value == op.key:
            continue  # of a new record, the key is its own
        if field is None or not isinstance(given, str | int | float) or not isinstance(value, str | int | float):
            continue
        if not same(given, value) and str(given).casefold().strip() != str(value).casefold().strip():
            return f"{field} is {value!r}, and {given!r} was given"
    return None


def listed_records(result: JsonValue, state: State, keys: Mapping[str, str]) -> Iterator[tuple[str, str, JsonObject]]:
    """The objects that a result lists and that have a record's key under its name, with the collection and the key.

    What is listed inside of a record is a part of that record, and no record of its own.
    """
    inner = [result] if not isinstance(result, dict) or {*result} & {*keys.values()} else list(result.values())
    for values in (one for one in inner if isinstance(one, list)):
        yield from _records_of(values, state, keys)


def _records_of(
    values: list[JsonValue], state: State, keys: Mapping[str, str]
) -> Iterator[tuple[str, str, JsonObject]]:
    """The objects of one list, as records of the collection that shares most fields with them."""
    objects = [one for one in values if isinstance(one, dict)]
    shared: list[tuple[int, str, str]] = []
    for collection, field in keys.items():
        if not objects or field == "_key" or not all(isinstance(one.get(field), str) for one in objects):
            continue
        rows = dict(state.rows(collection))
        known = [rows[str(one[field])] for one in objects if str(one[field]) in rows]
        is_key = len({str(one[field]) for one in objects}) == len(objects)
        if known and is_key:
            shared.append((len(known[0].keys() & objects[0].keys()), collection, field))
    for _, collection, field in sorted(shared, reverse=True)[:1]:
        yield from ((collection, str(one[field]), one) for one in objects)


def agrees(shown: JsonObject, record: Fields) -> bool:
    """Whether what is shown of a record is what the state has under the same names."""
    return all(
        same(value, record[name])
        for name, value in shown.items()
        if name in record and isinstance(value, str | int | float | bool) and "*" not in str(value)
    )
