"""The state that a recording began with, as far as its answers show it: each record as it was first seen."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from toolworld.environments.compiler.compile import Compiled
from toolworld.environments.compiler.layout.collection import HIDDEN_KEY, Collection
from toolworld.environments.compiler.plans.plan import READERS
from toolworld.environments.state.schema import StateDocument
from toolworld.environments.synthesis.twins.answers import read_answer
from toolworld.environments.twin.capture import CapturedCall
from toolworld.ground import JsonObject, JsonValue


class Observed(NamedTuple):
    """The records of collections that a recording shows, by key."""

    new: Mapping[str, Mapping[str, JsonObject]]
    """All of them, as they were first seen, made by a call or not."""
    later: Mapping[str, Mapping[str, JsonObject]]
    """All of them, as they were last seen."""
    made: Mapping[str, Sequence[str]]
    """The keys of those that calls made, in their order."""

    def first(self, collection: str) -> dict[str, JsonObject]:
        """The records of a collection that no call made: the recording began with them."""
        made = {*self.made.get(collection, ())}
        return {key: record for key, record in self.new.get(collection, {}).items() if key not in made}


def observed_records(compiled: Compiled, calls: Sequence[CapturedCall]) -> Observed:
    """What the answers of a recording show of the records that a compiled toolset is about."""
    new: dict[str, dict[str, JsonObject]] = {name: {} for name in compiled.collections}
    later: dict[str, dict[str, JsonObject]] = {name: {} for name in compiled.collections}
    made: dict[str, list[str]] = {name: [] for name in compiled.collections}
    for call in calls:
        plan = compiled.plans.get(call.tool)
        result, refusal = read_answer(call.answer or {})
        if plan is None or refusal is not None or plan.collection.name not in new:
            continue
        name = plan.collection.name
        for record in _records(result, plan.collection):
            key = _key(record, plan.collection)
            if plan.template not in READERS and key not in new[name]:
                made[name].append(key)
            new[name].setdefault(key, record)
            later[name][key] = {**later[name].get(key, {}), **record}
    return Observed(new, later, made)


def observed_state(compiled: Compiled, observed: Observed) -> StateDocument:
    """The initial state of a compiled toolset with the records that a recording shows instead of made-up ones.

    Of what no answer shows there is none.
    """
    document = compiled.environment.initial_state
    rows = {name: _rows(observed.first(name), compiled.collections.get(name)) for name in document.collections}
    shown = {name: record for name in document.singletons for record in [*observed.first(name).values()][:1]}
    single = {name: one for name, one in shown.items() if compiled.collections[name].is_single}
    return StateDocument(collections=rows, singletons={**document.singletons, **single})


def evidence_of(compiled: Compiled, observed: Observed, calls: Sequence[CapturedCall]) -> tuple[JsonObject, ...]:
    """What a recording shows, as state documents from which the compiler learns fields, statuses and counters.

    The first is the state that the recording began with, as far as it shows it; the others have what came later. Where
    a record has a value that was given to a tool that logs in, the state holds who is logged in.
    """
    many = [name for name, one in compiled.collections.items() if not one.is_single and observed.later.get(name)]
    begun: JsonObject = {name: [*observed.first(name).values()] for name in many}
    for name in many:
        made = observed.made[name]
        if made and made[0].isdecimal():
            begun[f"{compiled.collections[name].entity}_counter"] = int(made[0])
    new: JsonObject = {name: [*observed.new[name].values()] for name in many}
    later: JsonObject = {name: [*observed.later[name].values()] for name in many}
    user = _user(compiled, observed, calls)
    if user is None:
        return begun, new, later
    return {**begun, CURRENT_USER: None}, {**new, CURRENT_USER: user}, later


CURRENT_USER = "current_user"
"""What the compiler knows as the name of who is logged in."""


def _user(compiled: Compiled, observed: Observed, calls: Sequence[CapturedCall]) -> str | None:
    """What was given to a tool that logs in, and stands in a record."""
    logins = [one for one in calls if one.tool in compiled.plans and compiled.plans[one.tool].reading.kind == "session"]
    given = [value for one in logins for value in one.arguments.values() if isinstance(value, str)]
    shown = [value for records in observed.later.values() for one in records.values() for value in one.values()]
    return next((value for value in given if value in shown), None)


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
