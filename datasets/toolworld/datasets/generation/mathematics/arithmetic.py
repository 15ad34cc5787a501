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
    plain = _plain(text)
    for found in re.finditer(r"(?<![=<>!:≈])=(?!=)", plain):
        left, right = _before(plain, found.start()), _after(plain, found.end())
        if left is None or right is None or not (_OPERATOR.search(left) or _OPERATOR.search(right)):
            continue
        begin, end = plain.rindex(left, 0, found.start()), plain.index(right, found.end()) + len(right)
        if _MODULAR.match(plain, end):
            continue
        told = _equal(left, right, _ABOUT.search(plain, max(0, found.start() - 40), end + 40))
        if told is False and not _stands_alone(plain, begin, end, left):
            continue  # what stands beside it may belong to it
        if told is not None:
            yield Calculation(f"{left.strip()} = {right.strip()}", told)


def _plain(text: str) -> str:
    """A text with one sign for each operation between numbers, and without the dashes of lists."""
    plain = re.sub(r"^[ \t]*[-*•][ \t]+", "", text.replace("**", ""), flags=re.MULTILINE)
    plain = re.sub(r"(?<=[\d)%}])\s*(?:\\times|\\cdot|⋅|•|[xX])\s*(?=[$(\d\\])", " * ", plain)
    plain = re.sub(r"(?<=[\d)%}])\s*\\div\s*(?=[$(\d\\])", " / ", plain)
    return re.sub(r"(?<=[\d)%}])\s*[–—]\s*(?=[$(\d\\])", " - ", plain)


_BESIDE = re.compile(r"[\d\\{}^_√∑∫²³⁴]")
_LATER = re.compile(
    r"\s*(?:[-²³⁴⁵–—⋅•√°!{\\:(]|\d|(?:,|with|and)?\s*(?:a\s+)?(?:remainder|rounded|rounding|left over)|R\s?\d|"
    r"(?:dozen|hundred|thousand|million|billion|percent|cents?|hours?|minutes?|days?|weeks?|months?|years?|feet|foot|"
    r"am|pm|a\.m|p\.m)\b)",
    re.IGNORECASE,
)


_LABEL = re.compile(r"\b(?:step|part|question|problem|case|example|option|day|week|month|year)\s*$", re.IGNORECASE)


def _stands_alone(text: str, begin: int, end: int, left: str) -> bool:
    """Whether a calculation is all of what its part of the sentence calculates, so that it can be called wrong."""
    before = re.split(r"[\n;:=]|[.,](?=\s)|>>|<<|\$(?=\s)|\b(?:and|so|then|thus|is|are|gives)\b", text[:begin])[-1]
    if _BESIDE.search(before) or _LABEL.search(before) or _LATER.match(text, end):
        return False
    # After a word, a number alone may be its own (day 2 = 3 * 4), and a sum of money may be changed (to cents).
    return bool(_OPERATOR.search(left)) or not (re.search(r"[A-Za-z)]\s*$", text[:begin]) or left.startswith("$"))


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
    run = re.split(r"(?<=[\d%])\s+\(", found[0])[0]  # in brackets behind a result stands something else
    run = run.rstrip().rstrip(",.+-*/×÷−·^($ ")
    # A variable or a function right behind it belongs to it: 3 + 4 = 2x; a word behind a space does not: 7 apples.
    nearest = text[start + len(found[0].rstrip()) : found.end() + 1]
    if not run.strip() or re.match(r"[A-Za-z\\]", nearest) or found[0].rstrip()[-1:] in "+*/×÷^(":
        return None
    return run.lstrip()


_CHARACTERS = frozenset("0123456789.,+-*/×÷−·^()%$ \t")
_GOES_ON = ("_", "{", "\\", "^", "!")


def _equal(left: str, right: str, about: re.Match[str] | None) -> bool | None:
    """Whether both sides are equal; None where one cannot be read, or what per cent are of is not clear."""
    try:
        one, other = _value(left), _value(right)
    except UnreadableError:
        return None
    if one is None or other is None:
        return None
    if one == other:
        return True
    decimals = re.fullmatch(r"\$?[-+]?\d*(?:\.(\d+))?%?", as_python(right).replace(" ", ""))
    digits = len(decimals[1] or "") if decimals else 0
    if "%" in left + right:
        # 30 / 120 * 100 = 25% and 2/3 = 67% are right, and 100 + 20% = 120 is common: only shares of numbers are sure.
        return False if re.fullmatch(r"[\d.,]+%\s*\*\s*\$?[\d.,]+", left) and "%" not in right else None
    if not digits and not about:
        return False
    shift = 10**digits
    if (one * shift).is_Integer and not about:
        return False  # nothing was to be rounded
    return bool(abs(one - other) * shift * 2 <= 1) or (one * shift).floor() == other * shift or bool(about)


def _value(written: str) -> Any:
    """The value of an expression of numbers; per cents are hundredths."""
    if written.count("(") != written.count(")"):
        return None
    shares = re.sub(r"(\d+(?:\.\d+)?)\s*%", r"(\1/100)", written)
    found = read_expression(shares)
    return found if getattr(found, "is_Rational", False) else None
