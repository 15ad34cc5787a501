"""Changes that differ from the expected ones, in pairs, and in words."""

from collections.abc import Iterator, Sequence
from typing import cast

from pydantic import TypeAdapter

from toolworld.datasets import ChangePair, Evidence, EvidenceKind
from toolworld.environments import Delete, Insert, Op, SetValue, Update, place_of
from toolworld.ground import JsonObject, JsonValue, canonical, shortened
from toolworld.judges.checks.new_records import renamed

MAX_DIFFERENCES = 100
"""How many differences evidence names."""
MAX_CHARACTERS = 300
"""Characters of a value that evidence quotes."""

_OP: TypeAdapter[Op] = TypeAdapter(Op)


def change_pairs(wanted: Sequence[Op], made: Sequence[Op], names: dict[str, str]) -> Iterator[ChangePair]:
    """Pair expected with actual changes, record by record, and yield those that differ.

    Args:
        wanted: The expected changes.
        made: The actual ones.
        names: The reference's id for each new id of the run that stands for it.
    """
    expected = {place_of(op): op for op in wanted}
    actual = {place_of(op): op for op in (_renamed_op(op, names) for op in made)}
    own = {place_of(_renamed_op(op, names)): op for op in made}
    for place in sorted({*expected, *actual}):
        want, got = expected.get(place), actual.get(place)
        fields = _different_fields(want, got)
        if want is None or got is None or fields:
            yield ChangePair(
                record=place_of(own[place]) if got else place, expected=want, actual=own.get(place), fields=fields
            )


def _renamed_op(op: Op, names: dict[str, str]) -> Op:
    return _OP.validate_python(renamed(op.model_dump(mode="json"), names)) if names else op


def _different_fields(want: Op | None, got: Op | None) -> tuple[str, ...]:
    if want is None or got is None or canonical(want.model_dump()) == canonical(got.model_dump()):
        return ()
    one, other = _fields(want), _fields(got)
    different = [
        name
        for name in sorted({*one, *other})
        if name not in one or name not in other or canonical(one[name]) != canonical(other[name])
    ]
    return tuple(different) or ("",)


def _fields(op: Op) -> JsonObject:
    match op:
        case Insert():
            return op.record
        case Update():
            return op.fields
        case SetValue():
            return {op.name: op.value}
        case Delete():
            return {}


def evidence_of(pairs: Sequence[ChangePair]) -> list[Evidence]:
    """Pairs in words, as many as people read."""
    found = [_in_words(pair) for pair in pairs[:MAX_DIFFERENCES]]
    if len(pairs) > MAX_DIFFERENCES:
        found.append(Evidence(text=f"and {len(pairs) - MAX_DIFFERENCES:,} more"))
    return found or [Evidence(text="the final state differs from the expected one", kind="wrong")]


def _in_words(pair: ChangePair) -> Evidence:
    kind: EvidenceKind
    if pair.actual is None and pair.expected is not None:
        kind, text = "missing", f"missing: {_described(pair.expected)}"
    elif pair.expected is None and pair.actual is not None:
        kind, text = "not_allowed", f"not allowed: {_described(pair.actual)}"
    else:
        assert pair.actual is not None
        assert pair.expected is not None
        kind, text = "wrong", f"wrong: {_described(pair.actual)}; expected: {_described(pair.expected)}"
    return Evidence(text=text, kind=kind, record=pair.record)


def _described(op: Op) -> str:
    match op:
        case Insert():
            return f"{op.collection} {op.key} created with {_quoted(op.record)}"
        case Update():
            return f"{op.collection} {op.key} changed to {_quoted(op.fields)}"
        case Delete():
            return f"{op.collection} {op.key} deleted"
        case SetValue():
            return f"{op.name} set to {_quoted(op.value)}"


def _quoted(value: object) -> str:
    return shortened(canonical(cast(JsonValue, value)).decode(), MAX_CHARACTERS)
