"""Values that a user asks for: of a parameter's choices, days near the clock, and what records of the kind have."""

import random
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from toolworld.environments import ToolSpec
from toolworld.ground import JsonSchema, JsonValue, humanize, spoken_forms
from toolworld.rollout.synthesis.grammar import texts_for
from toolworld.rollout.synthesis.terrain import Terrain

_NEAREST, _FARTHEST = 3, 75
"""How many days a day that a user wants is ahead, at least and at most."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAYS = ("date", "day", "start_date", "end_date", "arrival", "departure", "leaving", "returning", "due", "expires")
"""Names of parameters that hold days."""
_COUNTS = ("quantity", "people", "seat_count", "copies", "cases", "adults", "guests")
_MOST_COUNTED = 6
_AMOUNTS = (5, 10, 12.5, 15, 20, 25, 30, 40, 50, 75, 100)
"""What a number is where nothing says what it should be."""


def value_for(
    terrain: Terrain,
    tool: ToolSpec,
    parameter: str,
    *,
    collection: str | None,
    before: JsonValue,
    draw: random.Random,
) -> JsonValue:
    """A value for a parameter that a person could ask for, other than the one before; None where there is none.

    Args:
        terrain: The environment.
        tool: The tool.
        parameter: The parameter; it holds no key.
        collection: What the tool changes or makes.
        before: What the record has now.
        draw: Decides it.
    """
    possible = [one for one in _possible(terrain, tool, parameter, collection, draw) if one != before]
    allowed = [one for one in possible if terrain.allows(tool, parameter, one)]
    return draw.choice(allowed) if allowed else None


def _possible(
    terrain: Terrain, tool: ToolSpec, parameter: str, collection: str | None, draw: random.Random
) -> Sequence[JsonValue]:
    """What a parameter may be: its choices, what records have, and what its name or its type is usually given."""
    schema = tool.parameters[parameter]
    choices = schema.get("enum")
    if isinstance(choices, list):
        return [one for one in choices if one is not None]
    name = humanize(parameter).removeprefix("new ").replace(" ", "_")
    known = terrain.known_values(collection, name) if collection is not None else ()
    if (
        schema.get("format") == "date"
        or name in _DAYS
        or any(isinstance(one, str) and DAY.fullmatch(one) for one in known)
    ):
        start = terrain.runtime.environment.clock.start.date()
        return [(start + timedelta(days=draw.randint(_NEAREST, _FARTHEST))).isoformat()]
    if name == "email":
        return [f"{draw.choice(_LETTERS)}{draw.choice(_LETTERS)}.{draw.choice(_MAILBOXES)}@example.com"]
    if name in ("phone", "mobile"):
        return [f"+1 555 0{draw.randint(100, 199)}"]
    if name in _COUNTS:
        return [draw.randint(1, _MOST_COUNTED)]
    return known or _of_type(schema, name, draw)


def _of_type(schema: JsonSchema, name: str, draw: random.Random) -> Sequence[JsonValue]:
    """Values by the type alone, and texts by what they are for."""
    low, high = schema.get("minimum", 1), schema.get("maximum")
    least = low if isinstance(low, int | float) else 1
    most = high if isinstance(high, int | float) else least + _MOST_COUNTED
    match schema.get("type"):
        case "boolean":
            return [True, False]
        case "integer":
            return [draw.randint(int(least), int(min(most, least + _MOST_COUNTED)))]
        case "number":
            return [one for one in _AMOUNTS if least <= one <= (most if high is not None else _AMOUNTS[-1])]
        case "string":
            return texts_for(name)
        case _:
            return []


def owed(records: Mapping[str, Mapping[str, JsonValue]], values: Mapping[str, JsonValue]) -> float | None:
    """What something costs: so many times the price of a record that a call names, or the amount that stands in one;
    None where none has a price."""
    price = next((one["price"] for one in records.values() if isinstance(one.get("price"), int | float)), None)
    count = next((values[name] for name in _COUNTS if name in values), 1)
    if isinstance(price, int | float) and isinstance(count, int | float):
        return round(price * count, 2)
    amounts = (one["amount"] for one in records.values() if isinstance(one.get("amount"), int | float))
    return next((one for one in amounts if isinstance(one, int | float)), None)


def in_words(value: JsonValue, draw: random.Random) -> str:
    """A value as a person says it."""
    if isinstance(value, str) and DAY.fullmatch(value):
        return draw.choice(spoken_forms(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}".removesuffix(".00")
    return str(value).replace("_", " ") if isinstance(value, str) and value.islower() else str(value)


_LETTERS = "abcdefghklmnoprstvw"
_MAILBOXES = ("post", "mail", "home", "inbox", "office", "family", "house", "letters")
