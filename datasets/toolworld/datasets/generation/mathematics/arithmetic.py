"""Whether the calculations that a text spells out are right: `48 / 2 = 24`, also as GSM8K's `<<48/2=24>>`.

Only what is plainly a calculation with numbers is looked at. Something with a variable, a function or a unit in its
midst is passed over: a right text must not be called wrong.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from toolworld.datasets.generation.mathematics.expression import UnreadableError, as_python, read_expression

_RUN = r"0-9.,+\-*/×÷−·^()%$ \t"
_NUMBERS = re.compile(rf"[{_RUN}]+")
_OPERATOR = re.compile(r"[0-9)%]\s*[+\-*/×÷−·^]\s*[$(\d]")
_MODULAR = re.compile(r"\s*(?:\(|\\p?)?\s*(?:mod|remainder|rem|R\b|r\b)", re.IGNORECASE)
_FUNCTION = re.compile(r"(?:log|ln|sin|cos|tan|sqrt|lim|gcd|lcm|max|min|mod|of|base)\s*$", re.IGNORECASE)
_ABOUT = re.compile(r"≈|\\approx|about|approximately|roughly|rounded?", re.IGNORECASE)


class Calculation(NamedTuple):
    """A calculation in a text."""

    written: str
    is_right: bool


def calculations(text: str) -> Iterator[Calculation]:
    """The calculations of a text, each with whether it is right."""
    plain = re.sub(r"(?<=\d)\s*[xX]\s*(?=\d)", " * ", text)
    for found in re.finditer(r"(?<![=<>!:≈])=(?!=)", plain):
        left, right = _before(plain, found.start()), _after(plain, found.end())
        if left is None or right is None or not (_OPERATOR.search(left) or _OPERATOR.search(right)):
            continue
        if _MODULAR.match(plain, plain.index(right, found.end()) + len(right)):
            continue
        told = _equal(left, right, _ABOUT.search(plain, max(0, found.start() - 40), found.end() + len(right) + 40))
        if told is not None:
            yield Calculation(f"{left.strip()} = {right.strip()}", told)


def wrong_calculations(text: str) -> list[str]:
    """The calculations of a text that are wrong, as they are written."""
    return [one.written for one in calculations(text) if not one.is_right]


def _before(text: str, end: int) -> str | None:
    """What stands left of an equals sign, if it is numbers and signs only."""
    start = end
    while start and text[start - 1] in _CHARACTERS:
        start -= 1
    run, ahead = text[start:end], text[:start]
    if not run.strip() or (run.lstrip()[0] in "+*/×÷·^)" and ahead.strip()) or _FUNCTION.search(ahead[-12:]):
        return None
    if ahead and ahead[-1].isalnum() and not run[0].isspace():  # f(3 + 4), x2
        return None
    if ahead and (
        ahead[-1] in "_\\{}^|&" or (run.lstrip()[0] in "-−" and ahead.strip()[-1:] not in (":", ".", "=", "<"))
    ):
        return None
    return run.strip().strip(",")


def _after(text: str, start: int) -> str | None:
    """What stands right of it, up to words or the next equals sign."""
    found = _NUMBERS.match(text, start)
    if found is None or text[found.end() : found.end() + 1] in _GOES_ON:
        return None
    run = found[0].rstrip().rstrip(",.+-*/×÷−·^($ ")
    # A variable or a function right behind it belongs to it: 3 + 4 = 2x; a word behind a space does not: 7 apples.
    nearest = text[start + len(found[0].rstrip()) : found.end() + 1]
    if not run.strip() or re.match(r"[A-Za-z\\]", nearest) or found[0].rstrip()[-1:] in "+*/×÷^(":
        return None
    return run.lstrip()


_CHARACTERS = frozenset("0123456789.,+-*/×÷−·^()%$ \t")
_GOES_ON = ("_", "{", "\\", "^", "!")


def _equal(left: str, right: str, about: re.Match[str] | None) -> bool | None:
    """Whether both sides are equal; None where one cannot be read."""
    try:
        one, other = _value(left), _value(right)
    except UnreadableError:
        return None
    if one is None or other is None:
        return None
    difference = abs(one - other)
    if difference == 0:
        return True
    decimals = re.fullmatch(r"\$?[-+]?\d*(?:\.(\d+))?%?", as_python(right).replace(" ", ""))
    digits = len(decimals[1] or "") if decimals else 0
    share = 100 if right.endswith("%") else 1
    # A rounded number is right; a whole one is taken for rounded only where the text says so.
    return bool(difference * share * 10**digits <= 1) if digits or about else False


def _value(written: str) -> Any:
    """The value of an expression of numbers; per cents are hundredths."""
    if written.count("(") != written.count(")"):
        return None
    shares = re.sub(r"(\d+(?:\.\d+)?)\s*%", r"(\1/100)", written)
    found = read_expression(shares)
    return found if getattr(found, "is_Rational", False) else None
