"""References to the results of earlier calls, `$4.dispute_id`, so that a task holds under any seed.

Calls are counted from 0, as everywhere in a task; what follows is a dotted path into the result, `$2.items.0.id`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from toolworld.datasets.task import GroundTruth
from toolworld.environments import Call
from toolworld.ground import JsonObject, JsonValue, SpecError

_REFERENCE = re.compile(r"\$(\d{1,4})\.([A-Za-z_][\w.-]*)")


def has_references(value: JsonValue) -> bool:
    """Whether a value refers to results anywhere."""
    return any(True for _ in _references(value))


def reference_in(value: JsonValue) -> str | None:
    """The first reference in a value, if it has one."""
    return next(_references(value), None)


def referred_calls(value: JsonValue) -> set[int]:
    """The positions of the calls to whose results a value refers."""
    return {int(found[1]) for one in _references(value) if (found := _REFERENCE.fullmatch(one)) is not None}


def resolved(value: JsonValue, results: Mapping[int, JsonValue]) -> JsonValue:
    """A value with each reference replaced by what it refers to.

    Args:
        value: The value.
        results: What calls returned, by position.

    Raises:
        SpecError: a call has not been made before, or its result has no such value; the message shows what it has.
    """
    if isinstance(value, str):
        found = _REFERENCE.fullmatch(value)
        return _looked_up(value, int(found[1]), found[2], results) if found else value
    if isinstance(value, list):
        return [resolved(element, results) for element in value]
    if isinstance(value, dict):
        return {name: resolved(inner, results) for name, inner in value.items()}
    return value


def resolved_call(call: Call, results: Mapping[int, JsonValue]) -> Call:
    """A call with the references in its arguments replaced.

    Raises:
        SpecError: as `resolved`.
    """
    if not has_references(call.arguments):
        return call
    return Call(name=call.name, arguments={name: resolved(value, results) for name, value in call.arguments.items()})


def with_results(truth: GroundTruth, results: Mapping[int, JsonValue]) -> GroundTruth:
    """A truth with each reference in its facts and forbidden calls replaced by what a run of it returned.

    Raises:
        SpecError: as `resolved`.
    """
    parts = cast(JsonObject, truth.model_dump(mode="json", include={"facts", "never_told", "forbidden"}))
    if not has_references(parts):
        return truth
    return GroundTruth.model_validate({**truth.model_dump(mode="json"), **cast(JsonObject, resolved(parts, results))})


def shifted(value: JsonValue, places: Mapping[int, int]) -> JsonValue:
    """A value whose references name other positions: `$1.id` becomes `$3.id` where call 1 is now call 3."""
    if isinstance(value, str):
        found = _REFERENCE.fullmatch(value)
        return f"${places.get(int(found[1]), int(found[1]))}.{found[2]}" if found else value
    if isinstance(value, list):
        return [shifted(element, places) for element in value]
    if isinstance(value, dict):
        return {name: shifted(inner, places) for name, inner in value.items()}
    return value


def reordered(calls: Sequence[Call], order: Sequence[int]) -> tuple[Call, ...]:
    """The calls in another order, with their references to where the same calls stand then."""
    places = {number: place for place, number in enumerate(order)}
    return tuple(shifted_call(calls[number], places) for number in order)


def shifted_call(call: Call, places: Mapping[int, int]) -> Call:
    """A call whose references name other positions."""
    return Call(name=call.name, arguments={name: shifted(value, places) for name, value in call.arguments.items()})


def _looked_up(text: str, number: int, path: str, results: Mapping[int, JsonValue]) -> JsonValue:
    if number not in results:
        made = ", ".join(map(str, results)) or "none"
        raise SpecError(f"{text} refers to call {number}, which is not made before; made are: {made}")
    value = results[number]
    for part in path.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            has = ", ".join(value) if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
            raise SpecError(f"{text} finds no {part!r} in the result of call {number}, which has: {has}")
    return value


def _references(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        if _REFERENCE.fullmatch(value):
            yield value
    elif isinstance(value, list):
        for element in value:
            yield from _references(element)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _references(inner)
