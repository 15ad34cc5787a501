"""Where an operation works, as a state document that came with the tools says it.

That says better than any name what there is: a tool that is given a `loan_id`, or returns one, is about the loans,
whatever its verb is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from toolworld.environments.compiler.layout.placement import Placement
from toolworld.environments.compiler.layout.state_parts import VAGUE, StatePart, belongs_to, part_of
from toolworld.environments.compiler.layout.statuses import ENDINGS
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Reading
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.words import compact, first_word, singulars, word_set
from toolworld.ground import JsonSchema

_GOES_ON = word_set("change edit extend modify move pay put renew set switch update upgrade")
"""Verbs of what goes on with what is there, whatever key says which."""
_LEAST = 0.5
"""How much of two names must be the same."""


def placement_in(operation: Operation, reading: Reading, parts: Sequence[StatePart]) -> Placement | None:
    """Where an operation works, by what it is given and what it returns; None where neither says."""
    given = {one.name: part for one in operation.parameters if (part := part_of(one, parts)) is not None}
    returned = list(_returned(reading.record, parts))
    made = _made(operation, reading, given, returned) if reading.effect == "write" else None
    if made is None and reading.kind == "create" and reading.entity_rule == "fresh_id":
        made = next((one for one in parts if one.entity == reading.entity), None)
    if reading.effect == "read":
        target = _read(operation, reading, given, returned, parts)
    else:
        target = made or _changed(reading, given, returned, parts)
    if made is None and reading.kind == "create" and reading.entity_rule == "fresh_id":
        return None  # it makes something of which the state has none yet
    if target is None:
        return None
    key = next((name for name, part in given.items() if part is target), None)
    is_read_by_name = key is None and target.key is None and target is _named(reading.entity, parts)
    if made is None and reading.kind != "create" and reading.key is not None and is_read_by_name:
        key = reading.key  # what the records are known by stands outside of them
        given[key] = target
    is_made = made is not None or (key is None and reading.kind == "create")
    return Placement(
        target.signature,
        None if is_made else key,
        is_in_state=True,
        makes=is_made,
        subjects=tuple((name, part.signature) for name, part in given.items() if part is not made),
    )


def _returned(record: JsonSchema, parts: Sequence[StatePart]) -> Iterator[StatePart]:
    """The parts whose keys a result has."""
    for name in properties_of(record):
        part = next((one for one in parts if one.key is not None and compact(one.key) == compact(name)), None)
        if part is not None and compact(name) not in VAGUE:
            yield part


def _read(
    operation: Operation,
    reading: Reading,
    given: Mapping[str, StatePart],
    returned: Sequence[StatePart],
    parts: Sequence[StatePart],
) -> StatePart | None:
    named = _named(reading.entity, parts) or _listed(operation, parts)
    if reading.shape in ("list", "wrapped_list") or reading.kind in ("list", "search"):
        others = [one for one in returned if one not in given.values()]
        return named or next(iter([*others, *returned]), None)
    both = [one for one in given.values() if one in returned]
    return next(iter([*both, *_most_special(list(given.values())), *returned]), named)


def _most_special(given: Sequence[StatePart]) -> list[StatePart]:
    """The parts that are given, without those that another one belongs to: a customer and its line mean the line."""
    return [one for one in given if not any(other is not one and belongs_to(other, one) for other in given)] or [*given]


def _listed(operation: Operation, parts: Sequence[StatePart]) -> StatePart | None:
    """The part that a list in the result is called after."""
    lists = [name for name, one in properties_of(operation.response).items() if plain_type(one) == "array"]
    return next((part for name in lists for part in parts if part.name == name), None)


def _named(entity: str, parts: Sequence[StatePart]) -> StatePart | None:
    """The part that is called as the entity is, or much like it."""
    exact = [one for one in parts if one.entity == entity]
    scored = [(_overlap({*entity.split("_")} - {""}, one), one) for one in parts]
    best = max(scored, key=lambda one: one[0], default=(0.0, None))
    return next(iter(exact), best[1] if best[0] >= _LEAST else None)


def _overlap(named: set[str], part: StatePart) -> float:
    own = {*part.entity.split("_")}
    return len(named & own) / max(len(named), len(own), 1)


def _made(
    operation: Operation, reading: Reading, given: Mapping[str, StatePart], returned: Sequence[StatePart]
) -> StatePart | None:
    """The part of which a record is made: its key is returned and not given, and it refers to what is given."""
    verb = first_word(operation.original)
    what = "_".join(singulars(operation.original)[1:])  # `raise_invoice`
    named = next((one for one in returned if one.entity == what and one not in given.values()), None)
    if named is not None and verb not in ENDINGS | _GOES_ON:
        return named
    required = [given[one.name] for one in operation.parameters if one.name in given and one.required]
    if any(one in returned for one in required) or verb in ENDINGS:
        return None
    names = [one.original for one in operation.parameters if one.name in given]
    for part in (one for one in returned if one not in given.values()):
        fields = {compact(one) for one in part.fields}
        if reading.kind == "create" or any(compact(name) in fields for name in names):
            return part
    return None


def _changed(
    reading: Reading, given: Mapping[str, StatePart], returned: Sequence[StatePart], parts: Sequence[StatePart]
) -> StatePart | None:
    """The part of which a record is changed: its key is given, and in doubt returned as well."""
    both = [one for one in given.values() if one in returned]
    named = _named(reading.entity, parts)
    about = [named] if named in given.values() else []
    return next(iter([*both, *about, *_most_special(list(given.values()))]), named)


def with_key_names(
    parts: Sequence[StatePart], operations: Sequence[Operation], placements: Mapping[str, Placement | None]
) -> tuple[StatePart, ...]:
    """The parts with what tools call their keys: who reads stocks by `symbol` says what others mean by it."""
    found: dict[str, set[str]] = {}
    for operation in operations:
        placement = placements[operation.name]
        key = operation.parameter(placement.key) if placement is not None and placement.key is not None else None
        if placement is not None and key is not None and compact(key.original) not in VAGUE:
            found.setdefault(placement.signature[0], set()).add(compact(key.original))
    return tuple(replace(one, key_names=frozenset(found.get(one.name, ()))) for one in parts)
