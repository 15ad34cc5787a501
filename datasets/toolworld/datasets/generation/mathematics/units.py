"""Units of measure in answers: 5 km is not 5 miles, and 18 dollars is $18."""

import re
from functools import cache
from typing import NamedTuple

# fmt: off
_UNITS = (
    "mm millimetre millimeter", "cm centimetre centimeter", "m metre meter", "km kilometre kilometer",
    "in inch inches", "ft foot feet", "yd yard", "mi mile",
    "mg milligram", "g gram", "kg kilogram", "oz ounce", "lb lbs pound", "ton tonne",
    "ml millilitre milliliter", "l litre liter", "gal gallon", "pint", "cup",
    "s sec second", "min minute", "h hr hour", "day", "week", "month", "year",
    "cent ¢", "dollar $ usd", "euro € eur", "£ gbp pound", "yen ¥",
    "degree °", "radian", "square sq", "cubic", "percent %", "°c celsius", "°f fahrenheit",
)
# fmt: on
_SHORT = {"mph": "mile/hour", "kph": "km/hour", "kmh": "km/hour", "fps": "foot/second"}
_QUANTITY = re.compile(
    r"([-+]?)\s*([$€£¥]?)\s*([-+]?[\d.,]*\d(?:/\d+)?)(\s*)((?:square\s+|sq\s+|cubic\s+)?[A-Za-z¢€°%]+(?:(?:\s+per\s+|/)[A-Za-z]+)?)?"
)


class Quantity(NamedTuple):
    """A number with its unit."""

    number: str
    units: frozenset[tuple[int, ...]]
    """What the unit may be; a pound is one of two."""


def quantity_in(text: str) -> Quantity | None:
    """The number and the unit that an answer is; None of one that is something else, or has no unit of measure."""
    found = _QUANTITY.fullmatch(re.sub(r"\\text\s*\{([^{}]*)\}", r" \1 ", text).replace("\\", "").strip())
    if found is None:
        return None
    sign, currency, number, space, word = found.groups()
    if word and len(word) == 1 and not space and word not in "¢€°%":
        return None  # 5m may be five times m
    for prefix in ("square ", "sq ", "cubic "):
        word = f"{prefix.strip()}/{word.removeprefix(prefix)}" if word and word.startswith(prefix) else word
    of_word = _units_of(_SHORT.get((word or "").casefold(), word or ""))
    units = of_word or _units_of(currency)
    if not units or (word and not of_word):
        return None  # $5 million is not $5
    return Quantity(sign + number, units)


def _units_of(text: str) -> frozenset[tuple[int, ...]]:
    """What a unit may be, by the places of its parts: a speed is of two."""
    parts = [
        _known().get(word) or _known().get(word.removesuffix("s")) for word in re.split(r"\s+per\s+|/", text.casefold())
    ]
    if not all(parts):
        return frozenset()
    found: list[tuple[int, ...]] = [()]
    for part in parts:
        found = [(*before, place) for before in found for place in part or ()]
    return frozenset(found)


@cache
def _known() -> dict[str, tuple[int, ...]]:
    names: dict[str, tuple[int, ...]] = {}
    for place, words in enumerate(_UNITS):
        for word in words.split():
            names[word] = (*names.get(word, ()), place)
    return names
