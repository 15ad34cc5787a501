"""Whether a filter of a list leaves all that fit it, and nothing else: held against the list without the filter."""

from collections.abc import Iterator
from typing import NamedTuple

from toolworld.environments.audit.reliability.values import allows
from toolworld.environments.calls.event import Event
from toolworld.environments.normaliser.words import compact
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import JsonObject, JsonValue, same


class Filter(NamedTuple):
    """An optional parameter that is called as a field of what a tool lists, with a value of that field."""

    parameter: str
    field: str
    value: str | int


def filters_of(tool: ToolSpec, unfiltered: Event) -> Iterator[Filter]:
    """The filters of a tool that lists, each with a value that something on the list has.

    Args:
        tool: A tool that reads.
        unfiltered: What it listed with the fewest arguments.
    """
    listed = _listed(unfiltered)
    for name, schema in tool.parameters.items():
        field = next((one for one in listed[0] if compact(one) == compact(name)), None) if listed else None
        if name in tool.required or name in unfiltered.call.arguments or field is None:
            continue
        value = next((one[field] for one in listed if one.get(field) not in (None, "")), None)
        if isinstance(value, str | int) and allows(schema, value):
            yield Filter(name, field, value)


def wrongly_filtered(unfiltered: Event, filtered: Event, by: Filter) -> str | None:
    """What a filter left out, or let through; None where it is right.

    A text may be looked for inside of others, in any letters: then more than what is equal to it fits.
    """
    _, field, value = by
    wanted = [one for one in _listed(unfiltered) if same(one.get(field), value)]
    found = _listed(filtered)
    missing = next((one for one in wanted if not any(same(one, other) for other in found)), None)
    if missing is not None:
        return f"it leaves out one whose {field} is {value!r}"
    wrong = next((one for one in found if field in one and not _fits(one[field], value)), None)
    return f"it lists one whose {field} is {wrong[field]!r} and not {value!r}" if wrong is not None else None


def _listed(event: Event) -> list[JsonObject]:
    """The objects of the longest list in a result."""
    values = event.result.values() if isinstance(event.result, dict) else [event.result]
    lists = [one for one in values if isinstance(one, list)]
    longest = max(lists, key=len) if lists else []
    return [one for one in longest if isinstance(one, dict)]


def _fits(held: JsonValue, value: JsonValue) -> bool:
    if isinstance(held, str) and isinstance(value, str):
        return value.casefold() in held.casefold()
    return same(held, value) or (isinstance(held, list) and value in held)
