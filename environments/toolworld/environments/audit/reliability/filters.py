"""Whether a filter of a list leaves all that fit it, and nothing else: held against the list without the filter."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from toolworld.environments.audit.reliability.values import allows
from toolworld.environments.calls.event import Event
from toolworld.environments.normaliser.words import compact
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import JsonObject, JsonSchema, JsonValue, same


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
        if name in tool.required or name in unfiltered.call.arguments or field is None or _is_limit(schema):
            continue
        values = [one[field] for one in listed if one.get(field) not in (None, "")]
        for value in [*dict.fromkeys(one for one in values if isinstance(one, str | int))][:_VALUES]:
            if allows(schema, value):
                yield Filter(name, field, value)


def wrongly_filtered(unfiltered: Event, filtered: Event, by: Filter, keys: Collection[str]) -> str | None:
    """What a filter left out, or let through; None where it is right.

    Args:
        unfiltered: The list without the filter.
        filtered: The list with it.
        by: The filter.
        keys: The names of all key fields.

    A text may be looked for inside of others, in any letters: then more than what is equal to it fits.
    """
    _, field, value = by
    wanted = [one for one in _listed(unfiltered) if same(one.get(field), value)]
    found = _listed(filtered)
    missing = next((one for one in wanted if not any(_are_one(one, other, keys) for other in found)), None)
    if missing is not None:
        return f"it leaves out one whose {field} is {value!r}"
    wrong = next((one for one in found if field in one and not _fits(one[field], value)), None)
    return f"it lists one whose {field} is {wrong[field]!r} and not {value!r}" if wrong is not None else None


_VALUES = 2
"""How many values of a filter are tried."""
_LIMIT = re.compile(
    r"\b(?:at (?:least|most)|or (?:more|less|later|earlier|fewer)|from|since|until|up to|after|before|by|near|minimum"
    r"|maximum)\b"
)
"""What is said of a parameter that lets through more than what is equal to it."""


def _is_limit(schema: JsonSchema) -> bool:
    return _LIMIT.search(str(schema.get("description", "")).lower()) is not None


def _are_one(one: JsonObject, other: JsonObject, keys: Collection[str]) -> bool:
    """Whether two objects show the same record: by its keys, where they have some; what is worked out may differ."""
    shared = [name for name in keys if name in one and name in other]
    return all(same(one[name], other[name]) for name in shared) if shared else same(one, other)


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
