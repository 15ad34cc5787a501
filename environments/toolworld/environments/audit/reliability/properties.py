"""What has to hold of events: of each by itself, and of what a reader shows after a write."""

import re
from collections.abc import Iterable, Iterator, Mapping

from toolworld.environments.audit.reliability.report import Checks
from toolworld.environments.calls.event import Event
from toolworld.environments.calls.snapshot import Snapshot
from toolworld.environments.normaliser.words import compact, word_set
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Delete, Fields, Insert, Update
from toolworld.environments.state.state import State
from toolworld.ground import JsonObject, JsonValue, humanize, same

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


def written_otherwise(event: Event) -> str | None:
    """A field that was written, and nowhere as the argument of its name says; letters may differ in case."""
    written = [op for op in event.ops if isinstance(op, Insert | Update)]
    touched = {op.key for op in written}  # what is given as a key, and changed itself, was taken as it was given
    for name, given in event.call.arguments.items():
        values = [
            (field, value)
            for op in written
            for field, value in (op.record if isinstance(op, Insert) else op.fields).items()
            if compact(field) == compact(name) and isinstance(value, str | int | float) and str(value) != op.key
        ]  # of a new record, the key is its own
        if not isinstance(given, str | int | float) or not values or given in touched:
            continue
        if not any(same(given, one) or _plain(given) == _plain(one) for _, one in values):
            field, value = values[0]
            return f"{field} is {value!r}, and {given!r} was given"
    return None


def _plain(value: JsonValue) -> str:
    return str(value).casefold().strip()


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


def shows_nothing(event: Event) -> bool:
    """Whether a result holds nothing: an empty list, an empty object, nulls, zeros."""
    values = event.result.values() if isinstance(event.result, dict) else [event.result]
    told = [one for one in values if one not in event.call.arguments.values()]  # what was given is only repeated
    return not event.ops and not any(isinstance(one, str | list | dict) and one for one in told)


def refused_otherwise(tool: ToolSpec, event: Event) -> str | None:
    """The error of a refusal that says how something stands which there is not, where another error says that.

    Other reasons may come first: whose it is, or what the key looks like.
    """
    absent = {one.code for one in tool.errors if _ABSENT.search(f"{one.code.replace('_', ' ')} {one.when}".lower())}
    absent -= {one for one in absent if _STANDING.search(one)}
    if event.failure is None or event.failure.kind != "tool" or not absent or event.failure.code in absent:
        return None
    if not _STANDING.search(event.failure.code):
        return None
    return f"{event.failure.code} is said where {' or '.join(sorted(absent))} should be"


_ABSENT = re.compile(
    r"\b(?:no such|not found|unknown|not exist|no \w+(?: \w+)? (?:has|with) th|not known|nobody|no one|missing)"
)
"""What documentation says of an error that tells of something that there is not."""
_STANDING = re.compile(
    r"[a-z]_not_(?!found|known|there|exist)|(?:^|_)already_|_(?:\w+ed|held|over|paid|past|sold|taken)$"
)
"""Codes of errors that tell how a thing stands: `item_not_on_loan`, `already_cancelled`, `loan_ended`."""


def changed_otherwise(event: Event, before: Snapshot, keys: Mapping[str, tuple[str, str]]) -> Checks:
    """Whether, of each collection that a call names a record of, the named one is among what is changed, and not all.

    Args:
        event: What came of the call.
        before: The state that it was made in.
        keys: The arguments that hold keys: of each parameter the collection and the key.
    """
    checks: Checks = {}
    if _OF_OTHERS & {*humanize(event.call.name).split()}:
        return checks
    for collection in dict.fromkeys(one for one, _ in keys.values()):
        changed = {op.key for op in event.ops if isinstance(op, Update | Delete) and op.collection == collection}
        named = {key for one, key in keys.values() if one == collection}
        if changed:
            said = None if changed & named else f"{min(changed)} was changed, and {min(named)} was named"
            if changed & named and len(changed) >= _ALL and len(changed) == len([*before.state.rows(collection)]):
                said = f"all {collection} were changed, and {min(named)} was named"
            checks["named_changed"] = checks.get("named_changed") or said
    return checks


_OF_OTHERS = word_set("after all before each every next other others remaining rest")
"""Words of names of tools that change others than they are given."""
_ALL = 4
"""From how many records on a change of all is no accident."""


def asked_otherwise(record: JsonObject, own: str, keys: Mapping[str, tuple[str, str]]) -> str | None:
    """A key that a listed record has and that is not the one that was asked for under its name.

    Args:
        record: The record.
        own: The name of its own key: who asks for one by that may be shown its relatives.
        keys: The arguments that hold keys: of each parameter the collection and the key.
    """
    for name, (_, key) in keys.items():
        field = next((one for one in record if compact(one) == compact(name)), None)
        if field == own:
            continue
        held = record[field] if field is not None else None
        if isinstance(held, str | int) and str(held).casefold() != key.casefold():
            return f"it lists one whose {field} is {held!r}, and {key!r} was asked for"
    return None


def agrees(shown: JsonObject, record: Fields, state: State) -> bool:
    """Whether what is shown of a record is what the state has under the same names; a key may be shown as a name."""
    return all(
        same(value, record[name])
        for name, value in shown.items()
        if name in record and isinstance(value, str | int | float | bool) and "*" not in str(value)
        if same(value, record[name]) or not _is_key(record[name], state)
    )


def _is_key(value: JsonValue, state: State) -> bool:
    return isinstance(value, str) and any(state.get(one, value) is not None for one in state.baseline.collections)
