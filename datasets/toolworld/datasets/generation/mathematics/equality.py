"""Whether two answers are the same: as text, as numbers, or as expressions."""

import re
from fractions import Fraction
from importlib import import_module
from random import Random
from typing import Any, cast

from toolworld.datasets.generation.mathematics.expression import UnreadableError, as_python, read_expression
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
    cannot be read is compared as text.
    """
    first, second = _bare(one), _bare(other)
    measured = quantity_in(first), quantity_in(second)
    if measured[0] and measured[1] and measured[0].units.isdisjoint(measured[1].units):
        return False
    first, second = (
        quantity.number if quantity else text for quantity, text in zip(measured, (first, second), strict=True)
    )
    if first == second or _words(first) == _words(second) != "":
        return True
    try:
        return _same(_read(first), _read(second), (first, second))
    except UnreadableError:
        return False


def _bare(text: str) -> str:
    """The answer itself: the right side of `x = 5`, without a point at its end."""
    bare = text.strip().rstrip(".").strip()
    left, equals, right = bare.rpartition("=")
    if equals and re.fullmatch(r"\$?\s*\\?[a-zA-Z]\w?(?:\([a-z]\))?\s*", left):
        bare = right.strip()
    if len(bare) > 1 and bare.startswith("$") and bare.endswith("$"):  # mathematics in TeX, and no dollars
        bare = bare.strip("$ ")
    return re.sub(r"\s+", " ", bare)


def _read(text: str) -> Any:
    """The value of an answer; of a number with words behind or before it, the number."""
    found = re.fullmatch(r"[^\d+\-\\(]*([-+]?\$?\s?\d[\d,]*(?:\.\d+)?(?:/\d+)?)\s*(?:[A-Za-z°%][^\d=+*/^]*)?", text)
    with_words = found is not None and re.search(r"[A-Za-z]{2,}", text) is not None
    return read_expression(found[1] if found is not None and with_words else text)


def _same(one: Any, other: Any, written: tuple[str, str]) -> bool:
    if isinstance(one, tuple | frozenset) or isinstance(other, tuple | frozenset):
        return _same_parts(one, other, written)
    difference = one - other
    if difference == 0:
        return True
    symbols = sorted(difference.free_symbols, key=str)
    if not symbols:
        return _near(difference, max(abs(_number(one)), 1.0)) or _rounds(one, other, written)
    random = Random(0)
    for _ in range(_POINTS):
        point = {symbol: _rational(random) for symbol in symbols}
        value, size = difference.subs(point), one.subs(point)
        if not _near(value, max(abs(_number(size)), 1.0)):
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


def _near(value: Any, size: float) -> bool:
    return abs(_number(value)) <= _CLOSE * size


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
    drawn = Fraction(random.randint(11, 997), random.randint(7, 101))
    return cast(Any, import_module("sympy")).Rational(drawn.numerator, drawn.denominator)


def _words(text: str) -> str:
    return " ".join(re.sub(r"\\text\{([^{}]*)\}", r"\1", text).casefold().replace("$", "").split())
