"""Consistency of a model's answer. A model can write any result beside any ops; these rules make the two agree.

1. A successful call of a write tool really changes the state; ops that change nothing do not count. A read tool
   has no ops.
2. Ops touch records that the model was shown, or insert new ones under ids that the call was given.
3. Each change is accounted for: the arguments or the result name its record, or the answer declares it
   as a side effect on a record that is linked to a named one. Deleted records are always named.
4. Ids in the result exist after the call, and values in the result are those of the records after the call.
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

MAX_OPS = 50
"""Maximum number of changes by one call."""
MAX_IDS = 20
"""Maximum number of new ids for one call."""
COPY_SHARE = 0.75
"""An object in a result is taken for a copy of a record if it has at least this share of the record's fields, or no
other fields. In any other object, a number in a field of the same name may be about something else."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The outcome of a call, as a model proposes it."""

    result: JsonValue
    ops: tuple[Op, ...] = ()
    effects: tuple[str, ...] = ()
    """The declared side effects; see `Event.effects`."""


class ConsistencyChecker:
    """Checks the proposals for an environment against the rules."""

    def __init__(self, schema: StateSchema, slicer: Slicer, start: State) -> None:
        self._schema = schema
        self._slicer = slicer
        self._start = start
        self._fields = {name: _field_names(shape.record) for name, shape in schema.collections.items()}
        self._by_key_field: dict[str, list[str]] = {}
        for name, shape in schema.collections.items():
            self._by_key_field.setdefault(shape.key, []).append(name)

    def find_problem(
        self, tool: ToolSpec, call: Call, view: View, shown: Slice, proposal: Proposal, after: State
    ) -> str | None:
        """The first problem of a proposal, in words that help the model to repair it, or None."""
        if tool.effect == "write" and not proposal.ops:
            return "the answer is a success of a tool that changes something, but `ops` is empty"
        # writing what is there already is a success if the call asks for just that, such as setting a title again
        is_idle = tool.effect == "write" and _changes_nothing(proposal.ops, view.state, after)
        if is_idle and not _writes_only_arguments(proposal.ops, call):
            return "the answer is a success of a tool that changes something, but its `ops` change nothing"
        if len(proposal.ops) > MAX_OPS:
            return f"`ops` has {len(proposal.ops)} changes; a call makes {MAX_OPS} at most"
        for problems in (
            self._misplaced_ops(call, view, shown, proposal.ops),
            self._unaccounted_ops(call, view.state, proposal, after),
            self._contradictions(tool, call, view.state, proposal, after),
        ):
            for problem in problems:
                return problem
        return None

    def issued(self, ops: Sequence[Op], view: View) -> int:
        """The number of ids that a call uses up: all that it was given, up to the last one that an insertion uses."""
        tails = [view.new_id("", nth) for nth in range(MAX_IDS)]
        keys = [op.key for op in ops if isinstance(op, Insert)]
        return max((nth + 1 for nth, tail in enumerate(tails) if any(key.endswith(tail) for key in keys)), default=0)

    def id_form(self, name: str) -> str:
        """The common beginning of a collection's ids; empty if there is none, as with ids that are words."""
        return self._id_prefixes.get(name, "")

    def _misplaced_ops(self, call: Call, view: View, shown: Slice, ops: tuple[Op, ...]) -> Iterator[str]:
        given = {*names_in(call.arguments)}  # a caller may choose the key of a new record
        tails = tuple(view.new_id("", nth) for nth in range(MAX_IDS))
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

    def _unaccounted_ops(self, call: Call, before: State, proposal: Proposal, after: State) -> Iterator[str]:
        asked = {*names_in(call.arguments)}
        returned = {*names_in(proposal.result)}
        named = asked | returned
        stated = {*names_in(list(proposal.effects))}
        # following references costs lookups in two states, and most proposals change only what the arguments name
        unnamed = any(not isinstance(op, SetValue) and op.key not in asked for op in proposal.ops)
        near = self._linked_places(asked, before, after) if unnamed else set[Place]()
        for op in proposal.ops:
            if isinstance(op, SetValue):
                if op.name not in " ".join([call.name, *named, *stated]):
                    yield f"`ops` sets `{op.name}`, and neither the result nor `effects` says so"
                continue
            change = f"{op.op}s the record {op.key!r} of `{op.collection}`"
            # stricter than for other changes: a sentence in `effects` does not justify a deletion
            if isinstance(op, Delete):
                if op.key not in asked and not (op.key in returned and (op.collection, op.key) in near):
                    yield f"`ops` {change}, which the call does not ask for"
            elif op.key not in named:
                if op.key not in stated:
                    yield f"`ops` {change}, and neither the result nor `effects` says so"
                elif (op.collection, op.key) not in near:
                    yield f"`ops` {change}, which has nothing to do with what the call names"

    def _linked_places(self, asked: set[str], before: State, after: State) -> set[Place]:
        """The records within two references of those that the arguments name.

        References count in the state before or after the call, because the call may set or clear them.
        """
        named = {(name, key) for name in self._schema.collections for key in asked if _exists(name, key, before, after)}
        one_step = {
            place for state in (before, after) for start in named for place in self._slicer.linked(state, start)
        }
        two_steps = {
            place for state in (before, after) for start in one_step for place in self._slicer.linked(state, start)
        }
        return named | one_step | two_steps

    def _contradictions(
        self, tool: ToolSpec, call: Call, before: State, proposal: Proposal, after: State
    ) -> Iterator[str]:
        deleted = {op.key for op in proposal.ops if isinstance(op, Delete)}
        for described in _objects_in(proposal.result):
            yield from self._contradictions_in(described, deleted, after, tool.effect == "write")
        # Ids count in any text of the result, also within sentences. Ids are recognised by the beginning, length and
        # digits that all ids of a collection share, so that words with the same beginning are not taken for ids. A call
        # that changes nothing may repeat an unknown id from its arguments, to say that there is no such record.
        asked = {*names_in(call.arguments)}
        for word in names_in(proposal.result):
            for name, form in self._id_prefixes.items():
                if form and word.startswith(form) and self._looks_like_key(name, word):
                    exists = _exists(name, word, before, after) or (word in asked and not proposal.ops)
                    if not exists and not any(_exists(other, word, before, after) for other in self._id_prefixes):
                        yield f"the result names {word!r}, and `{name}` has no such record after the call"

    def _contradictions_in(
        self, described: JsonObject, deleted: set[str], after: State, changing: bool
    ) -> Iterator[str]:
        """Compare an object of the result with the record that it describes.

        In a copy of the record every value is compared, and in other objects only texts, and only if the call
        writes: an object from a read may describe something that has no collection, such as an entry of a history.
        """
        # an object may hold the keys of several records, such as a loan's with its patron's and its copy's
        keys: dict[str, str] = {}
        for key_field, names in self._by_key_field.items():
            key = described.get(key_field)
            if not isinstance(key, str) or key in deleted:
                continue
            existing = [name for name in names if after.get(name, key) is not None]
            if not existing:
                yield f"`{key_field}` of the result is {key!r}, and `{names[0]}` has no such record after the call"
            keys |= dict.fromkeys(existing, key)
        owner = self._described_collection(keys, described)
        for field, claimed in described.items():
            name = (
                owner if owner is not None and field in self._fields[owner] else self._sole_collection_with(field, keys)
            )
            # a field that no single collection claims cannot be compared; that references exist is checked by their ids
            if name is None or field in self._schema.collections[name].references:
                continue
            key, record = keys[name], after.get(name, keys[name]) or {}
            shared = len(self._fields[name] & described.keys())
            is_copy = shared == len(described) or shared >= COPY_SHARE * len(record)
            if (is_copy or changing) and _differs(claimed, record.get(field), is_copy):
                actual = record[field]
                yield f"the result says that `{field}` of {key!r} is {claimed!r}, and after the call it is {actual!r}"

    def _sole_collection_with(self, field: str, keys: Iterable[str]) -> str | None:
        """The one collection that has a field, or None if several or none do."""
        names = [name for name in keys if field in self._fields[name]]
        return names[0] if len(names) == 1 else None

    def _described_collection(self, keys: Iterable[str], described: JsonObject) -> str | None:
        """The collection whose record an object describes.

        An object with the keys of a loan and of its patron describes the loan, since loans refer to patrons. If
        several collections remain, the one with the most fields in the object is chosen.
        """
        shapes = self._schema.collections
        owners = [
            name
            for name in keys
            if not any(shapes[name].key in shapes[other].references for other in keys if other != name)
        ]
        return max(owners, key=lambda name: len(self._fields[name] & described.keys()), default=None)

    def _looks_like_key(self, name: str, word: str) -> bool:
        lengths, has_digits = self._id_lengths[name]
        return len(word) in lengths and has_digits and any(letter.isdigit() for letter in word)

    @cached_property
    def _id_prefixes(self) -> dict[str, str]:
        """The common beginning of the ids of each collection; empty if there is none."""
        return {
            name: _common_prefix(rows.keys()) if len(rows) > 1 else ""
            for name, rows in self._start.baseline.collections.items()
        }

    @cached_property
    def _id_lengths(self) -> dict[str, tuple[set[int], bool]]:
        """The lengths of the ids of each collection, and whether all ids have digits."""
        return {
            name: ({len(key) for key in rows}, all(re.search("[0-9]", key) for key in rows))
            for name, rows in self._start.baseline.collections.items()
        }


def _changes_nothing(ops: tuple[Op, ...], before: State, after: State) -> bool:
    """Whether every record and singleton that the ops touch is the same before and after."""
    for op in ops:
        if isinstance(op, SetValue):
            value_before, value_after = before.value(op.name), after.value(op.name)
        else:
            value_before, value_after = before.get(op.collection, op.key), after.get(op.collection, op.key)
        if not same(value_before, value_after):
            return False
    return True


def _writes_only_arguments(ops: tuple[Op, ...], call: Call) -> bool:
    """Whether the ops write something, and only what the arguments say.

    A text may come from anywhere in the arguments, any other value only from the argument of the field's name.
    """
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


def _common_prefix(keys: Iterable[str]) -> str:
    """The longest common beginning of all keys, without digits at its end."""
    # whatever the smallest and the largest key share, all keys between them in the order share as well
    first, last = min(keys), max(keys)
    shared = next((place for place, letter in enumerate(first) if last[place : place + 1] != letter), len(first))
    return first[:shared].rstrip("0123456789")


def _differs(claimed: JsonValue, actual: JsonValue, is_copy: bool) -> bool:
    """Whether two plain values differ; two numbers are compared only in a copy of the record."""
    if not isinstance(claimed, str | int | float) or not isinstance(actual, str | int | float):
        return False
    both_numbers = not isinstance(claimed, str) and not isinstance(actual, str)
    return (is_copy or not both_numbers) and not same(claimed, actual)


def _exists(name: str, key: str, *states: State) -> bool:
    return any(state.get(name, key) is not None for state in states)


def _objects_in(value: JsonValue) -> Iterator[JsonObject]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects_in(inner)


def _field_names(record: JsonObject) -> set[str]:
    properties = record.get("properties")
    return set(properties) if isinstance(properties, dict) else set()
