"""Whether two answers are the same: as text, as numbers, or as expressions."""

import re
from fractions import Fraction
from importlib import import_module
from math import isfinite
from random import Random
from typing import Any, cast

from toolworld.datasets.generation.mathematics.expression import (
    MOST_CHARACTERS,
    UnreadableError,
    as_python,
    read_expression,
)
from toolworld.datasets.generation.mathematics.units import quantity_in

_POINTS = 6
"""At how many points expressions with variables are compared."""
_CLOSE = 1e-9
_ROUNDED = 4
"""From how many decimals on a decimal number is taken for a rounded one."""


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are the same.

    Words around a number do not count (`72 clips`), nor how it is written: 0.5 is 1/2. Units of measure count where
    both answers have one, but nothing is converted. Expressions are compared by their values at several points. What
    cannot be read, or is very long, is compared as text.
    """
    first, second = _bare(one), _bare(other)
    if first == second:
        return True
    if max(len(first), len(second)) > MOST_CHARACTERS:
        return False
    measured = quantity_in(first), quantity_in(second)
    if measured[0] and measured[1] and measured[0].units.isdisjoint(measured[1].units):
        return False
    first, second = (
        quantity.number if quantity else text for quantity, text in zip(measured, (first, second), strict=True)
    )
    if _words(first) == _words(second) != "":
        return True
    if _frame(first) != _frame(second):
        return False
    try:
        return _same(_read(first), _read(second), (first, second))
    except UnreadableError:
        return False


def _frame(text: str) -> str:
    """The brackets of an interval or of a tuple; none of anything else. (1,200) is no number."""
    found = re.fullmatch(r"\s*(?:\\left)?([\[(]).*,.*?(?:\\right)?([\])])\s*", text)
    return found[1] + found[2] if found else ""


def _bare(text: str) -> str:
    """The answer itself: the right side of `x = 5`, without a point at its end."""
    bare = text.strip().rstrip(".").strip()
    left, equals, right = bare.rpartition("=")
    if equals and re.fullmatch(r"\$?\s*\\?[a-zA-Z]\w?(?:\([a-z]\))?\s*", left):
        bare = right.strip()
    if len(bare) > 1 and bare.startswith("$") and bare.endswith("$"):  # mathematics in TeX, and no dollars
        bare = bare.strip("$ ")
    return re.sub(r"\s+", " ", bare)


_NUMBER = re.compile(
    r"((?:[A-Za-z]+[\s:]+)*)([-+]?\$?\s?\d[\d,]*(?:\.\d+)?(?:/\d+)?)((?:\s+[A-Za-z][A-Za-z\s-]*)?|%|°)"
)
_MEANT = re.compile(
    r"pi|sqrt|root|ln|log|sin|cos|tan|exp|abs|minus|negative|plus|times|less|more|fewer|greater|least|most|over|under"
    r"|between|per|am|pm|a\.m|p\.m|dozens?|hundreds?|thousands?|millions?|billions?|trillions?|half|third|quarter|[a-z]",
    re.IGNORECASE,
)
"""Words that change what a number says; a single letter is a variable."""


def _read(text: str) -> Any:
    """The value of an answer; of a number with words behind or before it that say nothing else, the number."""
    interval = _frame(text)
    if interval in ("[)", "(]"):
        text = f"({text.strip()[1:-1]})"
    found = _NUMBER.fullmatch(text.strip())
    words = re.findall(r"[A-Za-z.]+", found[1] + found[3]) if found is not None else []
    if found is not None and words and not any(_MEANT.fullmatch(word) for word in words):
        text = found[2]
    # A comma in a tuple is no comma of thousands.
    return read_expression(re.sub(r",(?=\S)", ", ", text) if interval else text)


def _same(one: Any, other: Any, written: tuple[str, str]) -> bool:
    if isinstance(one, tuple | frozenset) or isinstance(other, tuple | frozenset):
        return _same_parts(one, other, written)
    difference = one - other
    if one == other or difference == 0:
        return True
    if difference.is_Rational:
        return _rounds(one, other, written)
    symbols = sorted(difference.free_symbols, key=str)
    if not symbols:
        return _near(difference, _number(one), _number(other)) or _rounds(one, other, written)
    random = Random(0)
    for _ in range(_POINTS):
        point = {symbol: _rational(random) for symbol in symbols}
        if not _near(difference.subs(point), _number(one.subs(point)), _number(other.subs(point))):
            return False
    return True


def _same_parts(one: Any, other: Any, written: tuple[str, str]) -> bool:
    if type(one) is not type(other) or len(one) != len(other):
        return False
    if isinstance(one, tuple):
        return all(
            _same(*pair, written)
            for pair in zip(cast("tuple[Any, ...]", one), cast("tuple[Any, ...]", other), strict=True)
        )
    rest = [*cast("frozenset[Any]", other)]
    for part in cast("frozenset[Any]", one):
        match = next((place for place, found in enumerate(rest) if _same(part, found, written)), None)
        if match is None:
            return False
        rest.pop(match)
    return True


def _near(difference: Any, one: complex, other: complex) -> bool:
    size = max(abs(one), abs(other))
    if not isfinite(size):
        raise UnreadableError("it is too large")
    return abs(_number(difference)) <= _CLOSE * size


def _rounds(one: Any, other: Any, written: tuple[str, str]) -> bool:
    """Whether one is the other, rounded to as many decimals as it has, and to four of them at least."""
    for mine, value, against in ((written[0], one, other), (written[1], other, one)):
        decimals = re.fullmatch(r"[-+]?\d*\.(\d+)", as_python(mine))
        if decimals and len(decimals[1]) >= _ROUNDED:
            return abs(_number(value) - _number(against)) <= 0.5000001 * 10 ** -len(decimals[1])
    return False


def _number(value: Any) -> complex:
    try:
        return complex(value.evalf(30))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        raise UnreadableError("it has no value") from None


def _rational(random: Random) -> Any:
    drawn = Fraction(random.choice((-1, 1)) * random.randint(11, 997), random.randint(7, 101))
    return cast(Any, import_module("sympy")).Rational(drawn.numerator, drawn.denominator)


def _words(text: str) -> str:
    return " ".join(re.sub(r"\\text\{([^{}]*)\}", r"\1", text).casefold().replace("$", "").split())
