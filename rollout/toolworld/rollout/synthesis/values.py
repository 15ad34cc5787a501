"""Values that a user asks for: of a parameter's choices, days near the clock, and what records of the kind have."""

import random
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from toolworld.environments import State, ToolSpec
from toolworld.ground import JsonSchema, JsonValue, Schema, SpecError, humanize
from toolworld.rollout.synthesis.terrain import Terrain

_ROWS = 60
"""Of how many records values are taken."""
_NEAREST, _FARTHEST = 3, 75
"""How many days a day that a user wants is ahead, at least and at most."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_COUNTS = ("quantity", "people", "seat_count", "copies")
_MOST_COUNTED = 6


def value_for(
    terrain: Terrain,
    tool: ToolSpec,
    parameter: str,
    *,
    collection: str | None,
    state: State,
    before: JsonValue,
    draw: random.Random,
) -> JsonValue:
    """A value for a parameter that a person could ask for, other than the one before; None where there is none.

    Args:
        terrain: The environment.
        tool: The tool.
        parameter: The parameter; it holds no key.
        collection: What the tool changes or makes.
        state: The state of now.
        before: What the record has now.
        draw: Decides it.
    """
    schema = tool.parameters[parameter]
    possible = [one for one in _possible(terrain, parameter, schema, collection, state, draw) if one != before]
    allowed = [one for one in possible if _allows(schema, one)]
    return draw.choice(allowed) if allowed else None


def _possible(
    terrain: Terrain,
    parameter: str,
    schema: JsonSchema,
    collection: str | None,
    state: State,
    draw: random.Random,
) -> Iterator[JsonValue]:
    choices = schema.get("enum")
    if isinstance(choices, list):
        yield from (one for one in choices if one is not None)
        return
    known = [*_known(terrain, parameter, collection, state)]
    if schema.get("format") == "date" or any(isinstance(one, str) and _DAY.fullmatch(one) for one in known):
        start = terrain.runtime.environment.clock.start.date()
        yield (start + timedelta(days=draw.randint(_NEAREST, _FARTHEST))).isoformat()
    elif parameter == "email":
        yield f"{draw.choice(_LETTERS)}{draw.choice(_LETTERS)}.{draw.choice(_MAILBOXES)}@example.com"
    elif parameter in ("phone", "mobile"):
        yield f"+1 555 0{draw.randint(100, 199)}"
    elif parameter in _COUNTS:
        yield draw.randint(1, _MOST_COUNTED)
    elif schema.get("type") == "boolean":
        yield from (True, False)
    else:
        yield from known


def _known(terrain: Terrain, parameter: str, collection: str | None, state: State) -> Iterator[JsonValue]:
    """The values that records of the collection have under the parameter's name."""
    if collection is None:
        return
    for _, (_, record) in zip(range(_ROWS), state.rows(collection), strict=False):
        for name, value in terrain.knowable(collection, record).items():
            if humanize(name) == humanize(parameter):
                yield value


def owed(records: Mapping[str, Mapping[str, JsonValue]], values: Mapping[str, JsonValue]) -> float | None:
    """What something costs: so many times the price of a record that a call names; None where none has a price."""
    price = next((one["price"] for one in records.values() if isinstance(one.get("price"), int | float)), None)
    count = next((values[name] for name in _COUNTS if name in values), 1)
    if isinstance(price, int | float) and isinstance(count, int | float):
        return round(price * count, 2)
    return None


def _allows(schema: JsonSchema, value: JsonValue) -> bool:
    try:
        return Schema(schema, "a parameter").error_in(value) is None
    except SpecError:
        return False


def in_words(value: JsonValue, draw: random.Random) -> str:
    """A value as a person says it."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        day = date.fromisoformat(value)
        return draw.choice([value, f"{day.day} {day:%B %Y}", f"{day:%B} {day.day}, {day.year}"])
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}".removesuffix(".00")
    return str(value).replace("_", " ") if isinstance(value, str) and value.islower() else str(value)


_LETTERS = "abcdefghklmnoprstvw"
_MAILBOXES = ("post", "mail", "home", "inbox", "office", "family", "house", "letters")
