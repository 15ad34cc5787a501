"""Clauses about arguments: left out, the same as now, in the wrong order, not fitting a record, or asked for before."""

import re
from itertools import combinations

from toolworld.environments.compiler.conditions.scene import Scene, field_for, live_test, stems
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.words import singulars, words

_NONE_GIVEN = re.compile(
    r"\b(?:neither|none of them|none|nothing|no field|no value|no change)\b.*\b(?:given|provided|passed|supplied)"
)
_NOT_AFTER = re.compile(r"\b(?:not after|before|earlier than|precedes)\b")
_PAST = re.compile(r"\b(?:in the past|is past|has passed|already passed)\b")
_NO_CHANGE = ("nothing to change", "nothing to update", "no change", "no changes", "unchanged")
_LEFT_OUT = re.compile(
    r"\b(?:without|needed|missing|required|no \w+ (?:was |is )?given|(?:was |is )?not given|left out)\b"
)
_MISMATCH = re.compile(r"\b(?:wrong|mismatch|incorrect|not the right|does not match|do not match|not match)\b")
_DIFFERS = re.compile(r"\b(?:differs? from|different|not the same|another) ")
_OTHERS = re.compile(
    r"\b(?:belongs? to (?:another|somebody|someone)|(?:someone|somebody) else's|not the owner|not theirs|"
    r"does not belong|not (?:the|this) \w+'s)\b"
)


def unknown_value(clause: str, code: str, scene: Scene) -> str | None:
    """An argument that no record has in the field of its name, where no record has it as its key."""
    spoken = stems(f"{clause} {code}")
    for one in scene.operation.parameters:
        parts = singulars(one.original)
        if plain_type(one.schema) != "string" or scene.is_key(one) or "enum" in one.schema or not {*parts} & spoken:
            continue
        for collection in scene.collections:
            field = next((name for name in collection.values if singulars(name) in (parts, parts[-1:])), None)
            if field is not None:
                known = f'[each for each in rows("{collection.name}") if _same(each.get({quoted(field)}), {one.name})]'
                return f"not {known}" if one.required else f"{one.name} is not None and not {known}"
    return None


def none_given(clause: str, _: str, scene: Scene) -> str | None:
    """None of the optional arguments was given."""
    optional = [one.name for one in scene.operation.parameters if not one.required]
    if not optional or not _NONE_GIVEN.search(clause):
        return None
    return " and ".join(f"{name} is None" for name in optional)


def wrong_order(clause: str, _: str, scene: Scene) -> str | None:
    """Two days in the wrong order."""
    match = _NOT_AFTER.search(clause)
    if match is None or len(scene.days) < 2:
        return None
    before, after = clause[: match.start()], clause[match.end() :]
    named = [one for one in scene.days if {*singulars(one.original)} & stems(clause)]
    says_days = re.search(r"\b(?:last|end|ends|begins|return|departure|second|it)\b", f"{before} {after}")
    if not named and not says_days:
        return None
    first, last = scene.days[0].name, scene.days[1].name
    return f"_day({last}) {'<=' if 'not after' in clause else '<'} _day({first})"


def in_the_past(clause: str, _: str, scene: Scene) -> str | None:
    """A day that is given and is over."""
    named = [one for one in scene.days if {*singulars(one.original)} & stems(clause)]
    if not _PAST.search(clause) or not scene.days:
        return None
    return f"_day({(named or scene.days)[0].name}) < today()"


def as_now(_: str, code: str, scene: Scene) -> str | None:
    """What is asked for is so already: all of it, or what a code such as `same_bin` names."""
    row = scene.row
    if row is None or not code.startswith(("same ", *_NO_CHANGE)):
        return None
    pairs = [
        (one, field)
        for one in scene.operation.parameters
        if one.name != row.parameter and (field := field_for(one, row.collection)) is not None
    ]
    if code.startswith("same "):
        pairs = [(one, field) for one, field in pairs if {*words(one.original)} & {*code.split()}]
    if not pairs:
        return None
    tests = [
        f"row.get({quoted(field)}) == {one.name}"
        if one.required
        else f"({one.name} is None or row.get({quoted(field)}) == {one.name})"
        for one, field in pairs
    ]
    return " and ".join(tests)


def asked_before(clause: str, code: str, scene: Scene) -> str | None:
    """There is such a record already: with the same references, and not at an end."""
    says_so = re.search(r"\balready\b(?! (?:past|over|passed|ended|gone))|\b(?:has|have) been\b.*\bbefore\b", clause)
    if scene.made is None or not (says_so or code.startswith(("already", "duplicate"))):
        return None
    given = [
        (field, one.name)
        for one in scene.operation.parameters
        if (field := scene.made.field_of(one.original)) is not None
        and one.required
        and plain_type(one.schema) in ("string", "integer")
        and (scene.is_key(one) or ("enum" in one.schema and {*singulars(one.original)} & stems(clause)))
    ]
    given += [
        (field, one.name)
        for one in scene.operation.parameters
        if (field := scene.made.field_of(one.original)) is not None
        and (field, one.name) not in given
        and {*singulars(one.original)} <= stems(clause)
        and plain_type(one.schema) == "string"
    ]
    if not given:
        return None
    live = None if "before" in clause else live_test("each", scene.made)
    same = " and ".join(
        [*(f"str(each.get({quoted(field)})) == str({name})" for field, name in given), *([live] if live else [])]
    )
    return f'[each for each in rows("{scene.made.name}") if {same}]'


def differs(clause: str, code: str, scene: Scene) -> str | None:
    """Two records that have different values of what the clause speaks of: `parcel and round belong to different
    depots`."""
    if not _DIFFERS.search(clause):
        return None
    spoken = stems(f"{clause} {code}")
    for one, other in combinations(scene.records, 2):
        for field in one.collection.fields:
            is_shared = field in other.collection.fields and field not in (one.collection.key, other.collection.key)
            if is_shared and {*singulars(field)} & spoken:
                return f"str({one.value(field)}) != str({other.value(field)})"
    return None


def left_out(clause: str, code: str, scene: Scene) -> str | None:
    """An optional argument that has to be there."""
    if not _LEFT_OUT.search(clause):
        return None
    spoken = stems(f"{clause} {code}")
    named = [one for one in scene.operation.parameters if not one.required and {*singulars(one.original)} & spoken]
    return f"{named[0].name} is None" if len(named) == 1 else None


def mismatch(clause: str, code: str, scene: Scene) -> str | None:
    """An argument that is not what the record has."""
    if not (_MISMATCH.search(clause) or _MISMATCH.search(code)):
        return None
    spoken = stems(f"{clause} {code}")
    for record in scene.records:
        for one in scene.operation.parameters:
            field = record.collection.field_of(one.original)
            if field is not None and not scene.is_key(one) and {*singulars(one.original)} & spoken:
                if plain_type(one.schema) == "array" and "number of" in clause:
                    return f"len({record.value(field)} or []) != len({one.name})"
                return f"not _same({record.value(field)}, {one.name})"
    return None


def of_another(clause: str, _: str, scene: Scene) -> str | None:
    """A record that belongs to another one than the one that is named."""
    if not _OTHERS.search(clause):
        return None
    for record in scene.records:
        for owner in scene.records:
            field = record.collection.field_of(owner.parameter or "")
            if owner.parameter and record.parameter and record is not owner and field is not None:
                return f"str({record.value(field)}) != str({owner.parameter})"
    return None
