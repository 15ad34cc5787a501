"""Do an answer and its changes agree? A model can write any result beside any ops; these are the rules for both.

1. A successful call of a write tool changes something, in truth and not only in its ops; a read tool has no ops.
2. Ops touch records that the model was shown, or new ones under ids that the call was given.
3. Each change is accounted for: the arguments or the result name its record, or the answer states it
   as a side effect on a record that is linked to a named one. Deleted records are always named.
4. Ids in the result exist after the call, and what it says of a record is what the record then holds.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from toolworld.environments.calls.event import Call
from toolworld.environments.calls.simulator import View
from toolworld.environments.model_simulator.context import Place, Slice, Slicer, names_in
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Delete, Insert, Op, SetValue, Update
from toolworld.environments.state.schema import StateSchema
from toolworld.environments.state.state import State
from toolworld.ground import JsonObject, JsonValue, leaves, same

MOST_OPS = 50
"""How many changes one call may make."""
MOST_IDS = 20
"""How many ids one call may be given."""
COPY = 0.75
"""An object with this share of a record's fields, or with none but those, is a copy of it; else its numbers may be
of something else."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model says a call does."""

    result: JsonValue
    ops: tuple[Op, ...] = ()
    effects: tuple[str, ...] = ()
    """What else changes, in its words."""


class ConsistencyChecker:
    """Holds proposals for an environment against the rules."""

    def __init__(self, schema: StateSchema, slicer: Slicer, start: State) -> None:
        self._schema = schema
        self._slicer = slicer
        self._start = start
        self._fields = {name: _fields_of(shape.record) for name, shape in schema.collections.items()}
        self._by_key_field: dict[str, list[str]] = {}
        for name, shape in schema.collections.items():
            self._by_key_field.setdefault(shape.key, []).append(name)

    def find_problem(
        self, tool: ToolSpec, call: Call, view: View, shown: Slice, proposal: Proposal, after: State
    ) -> str | None:
        """Say which rule a proposal breaks, or give None."""
        if tool.effect == "write" and not proposal.ops:
            return "the answer is a success of a tool that changes something, but `ops` is empty"
        is_idle = tool.effect == "write" and _changes_nothing(proposal.ops, view.state, after)
        if is_idle and not _are_asked_for(proposal.ops, call):
            return "the answer is a success of a tool that changes something, but its `ops` change nothing"
        if len(proposal.ops) > MOST_OPS:
            return f"`ops` has {len(proposal.ops)} changes; a call makes {MOST_OPS} at most"
        for problems in (
            self._out_of_place(call, view, shown, proposal.ops),
            self._unaccounted(call, view.state, proposal, after),
            self._contradictions(tool, call, view.state, proposal, after),
        ):
            for problem in problems:
                return problem
        return None

    def issued(self, ops: Sequence[Op], view: View) -> int:
        """Count the ids that the ops use of those that the call was given."""
        tails = [view.new_id("", nth) for nth in range(MOST_IDS)]
        keys = [op.key for op in ops if isinstance(op, Insert)]
        return max((nth + 1 for nth, tail in enumerate(tails) if any(key.endswith(tail) for key in keys)), default=0)

    def id_form(self, name: str) -> str:
        """Give what the ids of a collection begin with; nothing where they are words."""
        return self._shapes.get(name, "")

    def _out_of_place(self, call: Call, view: View, shown: Slice, ops: tuple[Op, ...]) -> Iterator[str]:
        given = {*names_in(call.arguments)}
        tails = tuple(view.new_id("", nth) for nth in range(MOST_IDS))
        new: set[Place] = set()
        for op in ops:
            if isinstance(op, SetValue):
                continue
            place = (op.collection, op.key)
            if isinstance(op, Insert):
                new.add(place)
                if op.key not in given and not op.key.endswith(tails):
                    yield f"the new record {op.key!r} of `{op.collection}` must have one of the ids for new records"
            elif place not in shown and place not in new:
                yield f"the record {op.key!r} of `{op.collection}` is not among those that this call can touch"

    def _unaccounted(self, call: Call, before: State, proposal: Proposal, after: State) -> Iterator[str]:
        asked = {*names_in(call.arguments)}
        returned = {*names_in(proposal.result)}
        named = asked | returned
        stated = {*names_in(list(proposal.effects))}
        unnamed = any(not isinstance(op, SetValue) and op.key not in asked for op in proposal.ops)
        near = self._near(asked, before, after) if unnamed else set[Place]()
        for op in proposal.ops:
            if isinstance(op, SetValue):
                if op.name not in " ".join([call.name, *named, *stated]):
                    yield f"`ops` sets `{op.name}`, and neither the result nor `effects` says so"
                continue
            what = f"{op.op}s the record {op.key!r} of `{op.collection}`"
            if isinstance(op, Delete):
                if op.key not in asked and not (op.key in returned and (op.collection, op.key) in near):
                    yield f"`ops` {what}, which the call does not ask for"
            elif op.key not in named:
                if op.key not in stated:
                    yield f"`ops` {what}, and neither the result nor `effects` says so"
                elif (op.collection, op.key) not in near:
                    yield f"`ops` {what}, which has nothing to do with what the call names"

    def _near(self, asked: set[str], before: State, after: State) -> set[Place]:
        """Give the records within two references of those that the arguments name."""
        first = {(name, key) for name in self._schema.collections for key in asked if _there(name, key, before, after)}
        one = {place for state in (before, after) for start in first for place in self._slicer.linked(state, start)}
        two = {place for state in (before, after) for start in one for place in self._slicer.linked(state, start)}
        return first | one | two

    def _contradictions(
        self, tool: ToolSpec, call: Call, before: State, proposal: Proposal, after: State
    ) -> Iterator[str]:
        gone = {op.key for op in proposal.ops if isinstance(op, Delete)}
        for told in _objects(proposal.result):
            yield from self._told_otherwise(told, gone, after, tool.effect == "write")
        asked = {*names_in(call.arguments)}
        for word in names_in(proposal.result):
            for name, form in self._shapes.items():
                if form and word.startswith(form) and self._looks_like_key(name, word):
                    known = _there(name, word, before, after) or (word in asked and not proposal.ops)
                    if not known and not any(_there(other, word, before, after) for other in self._shapes):
                        yield f"the result names {word!r}, and `{name}` has no such record after the call"

    def _told_otherwise(self, told: JsonObject, gone: set[str], after: State, changing: bool) -> Iterator[str]:
        """Hold an object of the result against the record that it speaks of.

        In a copy of the record every value counts, and where the call changes something every text: an object
        of a read may be of something else that has no collection, such as an entry of a history.
        """
        about: dict[str, str] = {}
        for key_field, names in self._by_key_field.items():
            key = told.get(key_field)
            if not isinstance(key, str) or key in gone:
                continue
            there = [name for name in names if after.get(name, key) is not None]
            if not there:
                yield f"`{key_field}` of the result is {key!r}, and `{names[0]}` has no such record after the call"
            about |= dict.fromkeys(there, key)
        owner = self._owner(about, told)
        for field, said in told.items():
            name = owner if owner is not None and field in self._fields[owner] else self._only_one_with(field, about)
            if name is None or field in self._schema.collections[name].references:
                continue
            key, record = about[name], after.get(name, about[name]) or {}
            shared = len(self._fields[name] & told.keys())
            is_copy = shared == len(told) or shared >= COPY * len(record)
            if (is_copy or changing) and _contradicts(said, record.get(field), is_copy):
                held = record[field]
                yield f"the result says that `{field}` of {key!r} is {said!r}, and after the call it is {held!r}"

    def _only_one_with(self, field: str, about: Iterable[str]) -> str | None:
        """Give the collection that a field can only be of."""
        names = [name for name in about if field in self._fields[name]]
        return names[0] if len(names) == 1 else None

    def _owner(self, about: Iterable[str], told: JsonObject) -> str | None:
        """Choose the collection that an object is of: a loan names its patron, but is no patron."""
        shapes = self._schema.collections
        owners = [
            name
            for name in about
            if not any(shapes[name].key in shapes[other].references for other in about if other != name)
        ]
        return max(owners, key=lambda name: len(self._fields[name] & told.keys()), default=None)

    def _looks_like_key(self, name: str, word: str) -> bool:
        lengths, has_digits = self._measures[name]
        return len(word) in lengths and has_digits and any(letter.isdigit() for letter in word)

    @cached_property
    def _shapes(self) -> dict[str, str]:
        """What the ids of each collection begin with, where they have that in common."""
        return {
            name: _common_beginning(rows.keys()) if len(rows) > 1 else ""
            for name, rows in self._start.baseline.collections.items()
        }

    @cached_property
    def _measures(self) -> dict[str, tuple[set[int], bool]]:
        """How long the ids of each collection are, and whether all have digits."""
        return {
            name: ({len(key) for key in rows}, all(re.search("[0-9]", key) for key in rows))
            for name, rows in self._start.baseline.collections.items()
        }


def _changes_nothing(ops: tuple[Op, ...], before: State, after: State) -> bool:
    """Tell whether everything is as it was where the ops were at work."""
    for op in ops:
        if isinstance(op, SetValue):
            was, now = before.value(op.name), after.value(op.name)
        else:
            was, now = before.get(op.collection, op.key), after.get(op.collection, op.key)
        if not same(was, now):
            return False
    return True


def _are_asked_for(ops: tuple[Op, ...], call: Call) -> bool:
    """Tell whether the ops only write what the arguments say, which may be what is there already."""
    texts = {leaf for leaf in leaves(call.arguments) if isinstance(leaf, str)}
    written: list[tuple[str, JsonValue]] = []
    for op in ops:
        if isinstance(op, Update):
            written += [(name, leaf) for name, value in op.fields.items() for leaf in leaves(value)]
        elif isinstance(op, SetValue):
            written += [(op.name, leaf) for leaf in leaves(op.value)]
    return bool(written) and all(
        value in texts if isinstance(value, str) else same(call.arguments.get(name), value) for name, value in written
    )


def _common_beginning(keys: Iterable[str]) -> str:
    """Give what all keys begin with, without the digits at its end."""
    first, last = min(keys), max(keys)
    shared = next((place for place, letter in enumerate(first) if last[place : place + 1] != letter), len(first))
    return first[:shared].rstrip("0123456789")


def _contradicts(said: JsonValue, held: JsonValue, is_copy: bool) -> bool:
    """Tell whether two plain values cannot both be true; numbers count only in a copy of the record."""
    if not isinstance(said, str | int | float) or not isinstance(held, str | int | float):
        return False
    both_numbers = not isinstance(said, str) and not isinstance(held, str)
    return (is_copy or not both_numbers) and not same(said, held)


def _there(name: str, key: str, *states: State) -> bool:
    return any(state.get(name, key) is not None for state in states)


def _objects(value: JsonValue) -> Iterator[JsonObject]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _fields_of(record: JsonObject) -> set[str]:
    properties = record.get("properties")
    return set(properties) if isinstance(properties, dict) else set()
