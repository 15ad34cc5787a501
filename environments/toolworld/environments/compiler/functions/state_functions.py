"""What functions do first that work on records of a state document: find the records that their arguments name, and
refuse what the documented errors say; and how they change a record."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from toolworld.environments.compiler.conditions.conditions import Condition, condition_lines, conditions_of
from toolworld.environments.compiler.conditions.scene import Scene
from toolworld.environments.compiler.conditions.status_clauses import status_of
from toolworld.environments.compiler.functions.changes import changes_of, made_values
from toolworld.environments.compiler.functions.create_functions import convention_lines, key_lines
from toolworld.environments.compiler.functions.expressions import (
    finder,
    given_fields,
    missing_line,
    nothing_shown,
    one_shown,
    returned,
    shows_record,
    wrapped,
)
from toolworld.environments.compiler.functions.related_fields import related_fields, with_related
from toolworld.environments.compiler.layout.collection import HIDDEN_KEY, Collection
from toolworld.environments.compiler.layout.missing import says_missing
from toolworld.environments.compiler.layout.statuses import STATUS_NAMES
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.known_records import KnownRecord, referred_records
from toolworld.environments.compiler.plans.parameters import is_day
from toolworld.environments.compiler.plans.plan import Plan
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.words import singulars

_OF_ONE = ("get", "first", "change", "create")
"""Templates that return one record."""
_TAKEN = re.compile(
    r"\b(?:taken|unavailable|not available|in use|occupied|assigned|booked|sold|reserved|rented|let|out)\b"
)
"""Codes of errors that say that somebody else has it."""


def state_lines(
    plan: Plan, collections: Mapping[str, Collection], body: Callable[[Plan], Iterator[str]]
) -> Iterator[str]:
    """The body of a function: find the records, refuse what is documented, and then do what is asked.

    Args:
        plan: How the tool is answered.
        collections: All collections.
        body: What it does, for tools that make nothing.
    """
    referred = _referred(plan, collections)
    conditions = _conditions(plan, collections)
    does = list(_make_lines(plan, referred) if plan.template == "create" else body(plan))
    does = [*_taken_lines(plan), *does]
    refusals = list(condition_lines(conditions))
    matches = list(_match_lines(plan, referred)) if plan.template == "get" else []
    rest = "\n".join([*matches, *refusals, *does])
    if plan.template in _OF_ONE and plan.shape in ("record", "none"):
        does = list(with_related(plan, does, related_fields(plan, _checked(plan), collections), refusals))
        rest = "\n".join([rest, *does])
    for record in _checked(plan):
        yield from _find_lines(plan, record, is_needed=record.variable == "row" or _uses(rest, record))
    yield from matches
    yield from refusals
    defined = [*refusals, *does]
    yield from (one.definition for one in referred if _uses("\n".join(does), one) and not _defines(defined, one))
    yield from does


def _uses(text: str, record: KnownRecord) -> bool:
    return f"{record.variable}." in text or f"{record.variable}[" in text


def _defines(lines: Sequence[str], record: KnownRecord) -> bool:
    return any(line.startswith(f"{record.variable} = ") for line in lines)


def _conditions(plan: Plan, collections: Mapping[str, Collection]) -> Sequence[Condition]:
    """The documented errors of a tool that its program tells apart."""
    made = plan.collection if plan.template == "create" else None
    with_records = tuple(one for one in collections.values() if one.is_in_state)
    scene = Scene(plan.operation, _checked(plan), made, with_records)
    return tuple(conditions_of(scene, _referred(plan, collections)))


def unread_errors(plan: Plan, collections: Mapping[str, Collection]) -> tuple[str, ...]:
    """The codes of documented errors that a program never answers with."""
    read = {one.error.code for one in _conditions(plan, collections)}
    return tuple(one.code for one in plan.operation.errors if one.code not in read and not says_missing(one))


def _referred(plan: Plan, collections: Mapping[str, Collection]) -> tuple[KnownRecord, ...]:
    taken = frozenset(one.name for one in plan.operation.parameters)
    return tuple(referred_records(_checked(plan), collections, taken))


def _checked(plan: Plan) -> Sequence[KnownRecord]:
    """The records that have to be there: of a list those of which a document says so, else all that are named."""
    documented = {one.code for one in plan.operation.errors if says_missing(one)}
    if plan.template not in ("list", "first"):
        return plan.records
    return [one for one in plan.records if one.collection.missing and one.collection.missing.code in documented]


def _find_lines(plan: Plan, record: KnownRecord, *, is_needed: bool) -> Iterator[str]:
    """Find a record that an argument names, or refuse the call."""
    parameter = plan.operation.parameter(record.parameter or "")
    call = f"{finder(record.collection)}({record.parameter})"
    if parameter is None or parameter.required:
        yield f"{record.variable} = {call}" if is_needed else call
    elif is_needed:
        yield f"{record.variable} = {call} if {record.parameter} is not None else {{}}"
    else:
        yield f"if {record.parameter} is not None:"
        yield f"    {call}"


def _match_lines(plan: Plan, referred: Sequence[KnownRecord]) -> Iterator[str]:
    """Refuse a record of which something was said that is not so: who gives a number and a name has to fit both."""
    for one in plan.operation.parameters:
        is_plain = plain_type(one.schema) == "string" and "enum" not in one.schema and not is_day(one)
        if not one.required or one.name == plan.key or not is_plain:
            continue
        for record in (*plan.records, *referred):
            field = record.collection.field_of(one.original)
            if field is not None and field != record.collection.key:
                if record in referred:
                    yield record.definition
                yield f"if not _same({record.value(field)}, {one.name}):"
                yield f"    {missing_line(plan.collection, plan.key or '')}"
                break


def change_lines(plan: Plan) -> Iterator[str]:
    """Change the record as far as it is known how, and return it."""
    collection = plan.collection
    changes = changes_of(plan.operation, collection, plan.key)
    if not changes:
        yield "# What it changes is not known."
        yield f"return {wrapped(plan, 'row') if shows_record(plan) else nothing_shown(plan)}"
        return
    status = next((one for one in STATUS_NAMES if one in changes), None)
    if status is not None and changes[status].startswith('"') and not plan.operation.errors:
        yield f"if row.get({quoted(status)}) == {changes[status]}:"
        yield f'    fail("conflict", "The {collection.thing} is " + {changes[status]} + " already.")'
    yield "new_values = _given({"
    for field, value in changes.items():
        yield f"    {quoted(field)}: {value},"
    yield "})"
    yield from returned(plan, f'update("{collection.name}", row[{quoted(collection.key_field)}], new_values)')


def _make_lines(plan: Plan, referred: Sequence[KnownRecord]) -> Iterator[str]:
    """Make a record of what is given, of what the records at hand say, and of what others like it begin with."""
    collection, key = plan.collection, plan.collection.key
    given = given_fields(plan)
    yield from convention_lines(plan)
    yield from key_lines(plan, given.get(key) if key is not None else None)
    yield f'row = {{"{HIDDEN_KEY}": str(row_key)}}' if collection.key_field == HIDDEN_KEY else "row = {}"
    yield "row.update(_given({"
    if key is not None:
        yield f"    {quoted(key)}: row_key,"
    yield from (
        f"    {quoted(field)}: {_or_nothing(plan, field, name)}," for field, name in given.items() if field != key
    )
    copied = {field: place.expression for field, place in plan.callers.items() if field not in given}
    copied |= _copied(plan, referred, {**given, **copied})
    yield from (f"    {quoted(field)}: {value}," for field, value in copied.items())
    yield from (f"    {quoted(field)}: {value}," for field, value in made_values(collection, {**given, **copied}))
    yield "}))"
    own = [name for name in properties_of(plan.reading.record) if _is_own_key(name, collection)]
    if key is None and own:  # its key stands outside of it, and the result has it
        yield f"shown = {one_shown(plan, f'insert({quoted(collection.name)}, row)')}"
        is_number = (
            plain_type(properties_of(plan.reading.record)[own[0]]) == "integer" and collection.key_form.is_number
        )
        yield f"shown[{quoted(own[0])}] = {'int(row_key)' if is_number else 'row_key'}"
        yield "return shown"
    else:
        yield from returned(plan, f'insert("{collection.name}", row)')


def _or_nothing(plan: Plan, field: str, name: str) -> str:
    """What is given, or an empty list where every record has a list and none was given."""
    parameter = plan.operation.parameter(name)
    samples = plan.collection.samples.get(field, ())
    has_lists = bool(samples) and all(isinstance(one, list) for one in samples)
    return f"{name} or []" if has_lists and parameter is not None and not parameter.required else name


def _is_own_key(name: str, collection: Collection) -> bool:
    """Whether a field of a result is called as the key of a collection: `booking_id` of bookings."""
    *before, last = singulars(name) or ("",)
    return last == "id" and "_".join(before) in (collection.entity, collection.entity.split("_")[-1], "")


def _copied(plan: Plan, referred: Sequence[KnownRecord], given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Fields that every record has, nobody gives, and a record at hand has under the same name."""
    for field, samples in plan.collection.samples.items():
        is_filled = bool(samples) and all(one is not None for one in samples)
        if field in given or field == plan.collection.key or field in STATUS_NAMES or not is_filled:
            continue
        for record in (*_checked(plan), *referred):
            theirs = record.collection.samples.get(field, ())
            if any(type(one) is type(samples[0]) for one in theirs):
                yield field, record.value(field)
                break


def _taken_lines(plan: Plan) -> Iterator[str]:
    """Give a record the status by which it refuses another one: a slot that is booked cannot be booked again."""
    for error in plan.operation.errors if plan.template == "create" else ():
        code = error.code.replace("_", " ")
        if not _TAKEN.search(code):
            continue
        for record in _checked(plan):
            found = status_of(record, error.when.rstrip(".").lower(), code)
            if found is not None and found[1] == "in" and found[0] in STATUS_NAMES:
                key = f"{record.variable}[{quoted(record.collection.key_field)}]"
                yield f'update("{record.collection.name}", {key}, {{{quoted(found[0])}: {quoted(found[2][0])}}})'
                return
