"""Constraints that a description states in prose, each with the words that it was read from.

`Number of results, between 1 and 100` becomes `minimum` and `maximum`; `one of: open, closed` becomes an `enum`.
A constraint that the schema has already is left as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from toolworld.ground import JsonSchema, JsonValue

MAX_READ = 600
"""How many characters of a description are read."""
_NUMBER = r"(-?\d[\d,]{0,14}(?:\.\d{1,9})?)(?![\d,]*\d)"
_WORD = r"[\"'`]?[\w-]+(?: (?!(?:or|and)\b)[\w-]+)?[\"'`]?"
_WORD_LIST = rf"((?:{_WORD})(?:\s*(?:,|/|\||, or|, and| or| and)\s*{_WORD}){{1,24}})"
_LIST_CUES = (
    r"(?:options? (?:are|is|include)s?|(?:here are the )?options|one of|"
    r"(?:possible|allowed|valid|accepted|supported|available) (?:values?|options?)(?: are| is| include)?|"
    r"must be (?:either|one of))"
)
_CUED_LIST = re.compile(rf"(?:{_LIST_CUES}\s*:|one of:?)\s*{_WORD_LIST}", re.IGNORECASE)
_QUOTED = r"(?:'[^']{1,40}'|\"[^\"]{1,40}\"|`[^`]{1,40}`)"
_EITHER = re.compile(
    rf"(for (?:instance|example)[, ]+|e\.g\. )?\beither ({_QUOTED}(?:, {_QUOTED}){{0,12}},? or {_QUOTED})"
    r"(?!,? or\b|, \w)"
)
_SLASHED = re.compile(r"\((\"?\w[\w-]*\"?(?:/\"?\w[\w-]*\"?)+)\)")
_TAGGED = re.compile(r"\[?Enum\]?:\s*\[([^\]]+)\]")
_TAGGED_TO_END = re.compile(r"\[Enum\]:\s*([^.\[\]]+)$")
_EXPLAINED = re.compile(r"'(\w+)' (?:for|=|means|to)\b")
_CODED = re.compile(r"(?<![\w.])([A-Za-z0-9]{1,3})\s*(?:-|–|=|:|\bfor\b|\bis\b|\()\s*[A-Za-z][\w ]+")
_FORMATS = re.compile(r"\bformats?\s*:\s*(\w+(?:, ?(?:or )?\w+)+)")
_PARTED = re.compile(r",\s*(?:or|and)\s+|,|/|\||\s+or\s+|\s+and\s+")
_NO_VALUES = frozenset({"a", "null", "set", "the", "used"})
_RANGES = (
    re.compile(
        rf"(?:between|from|range(?: of|:| is)?)\s*\[?{_NUMBER}\]?[^\d.]{{0,18}}?(?:and|to|-|–|,)\s*{_NUMBER}",
        re.IGNORECASE,
    ),
    re.compile(rf"\(\s*{_NUMBER}\s*(?:-|–|to)\s*{_NUMBER}\s*\)"),
)
_MOST = re.compile(
    rf"(?:max(?:imum)?(?: value| allowed| is| of|:| =)*|up to|at most|no more than|cannot exceed|"
    rf"less than or equal to|<=|not exceed)\s*(?:is|of|:|=)?\s*{_NUMBER}",
    re.IGNORECASE,
)
_LEAST = re.compile(
    rf"(?:min(?:imum)?(?: value| allowed| is| of|:)*|at least|no less than|>=)\s*(?:is|of|:)?\s*{_NUMBER}",
    re.IGNORECASE,
)
_MULTIPLE = re.compile(rf"multiple of {_NUMBER}", re.IGNORECASE)
_POSITIVE = re.compile(r"\bpositive\b|greater than (?:0|zero)", re.IGNORECASE)
_NOT_NEGATIVE = re.compile(r"non-?negative", re.IGNORECASE)
_LONGEST = re.compile(
    r"(\d+) (?:char\w*|symbols) max|(?:alphanumeric|digits|string) ?\((\d+)\)|max(?:imum)?[^.\d]{0,20}(\d+) char",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"\b(\d{1,3})[- ](?:letter|character|digit)s?\b", re.IGNORECASE)
_NO_LENGTH = re.compile(r"max|up to|at most|at least|min|under|than|last|first", re.IGNORECASE)
_PREFIX = re.compile(r"(?:should|must) start with [`\"']?([^\s`\"'.]{1,5})", re.IGNORECASE)
_EMAIL = re.compile(r"valid e-?mail|e-?mail address (?:you|of|to)", re.IGNORECASE)
_DATES = {"YYYY-MM-DD": r"^\d{4}-\d{2}-\d{2}$", "HH:MM": r"^\d{2}:\d{2}$", "YYYY-MM": r"^\d{4}-\d{2}$"} | {
    "MM/YYYY": r"^\d{2}/\d{4}$",
    "MM/DD/YYYY": r"^\d{1,2}/\d{1,2}/\d{4}$",
    "DD/MM/YYYY": r"^\d{1,2}/\d{1,2}/\d{4}$",
    "YYYYMMDD": r"^\d{8}$",
}
_DATE = re.compile(rf"(?<![\w/-])({'|'.join(sorted(_DATES, key=len, reverse=True))})(?![\w/:-]|[T ]HH)")


class Constraint(NamedTuple):
    """A keyword of JSON Schema, its value, and the words that it was read from."""

    keyword: str
    value: JsonValue
    quote: str


def constraints_of(schema: JsonSchema) -> list[Constraint]:
    """The constraints that the description of a parameter or field states, and its schema has not."""
    text = str(schema.get("description") or "")[:MAX_READ]
    readers = _READERS.get(str(schema.get("type") or "string"), ())
    found: dict[str, Constraint] = {}
    for reader in readers if text else ():
        for one in reader(text):
            if one.keyword not in schema:
                found.setdefault(one.keyword, one)
    return [] if _contradicts(found, schema) else list(found.values())


def _contradicts(found: Mapping[str, Constraint], schema: JsonSchema) -> bool:
    """Whether what was read leaves nothing that the schema allows."""
    limits = {**schema, **{name: one.value for name, one in found.items()}}
    for least, most in (("minimum", "maximum"), ("minLength", "maxLength"), ("exclusiveMinimum", "maximum")):
        low, high = limits.get(least), limits.get(most)
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            return True
    values = limits.get("enum")
    return isinstance(values, list) and any(name in found for name in ("minimum", "maximum", "pattern", "maxLength"))


def _closed_lists(text: str) -> Iterator[Constraint]:
    """Closed lists of values, from the surest way of writing one to the least sure."""
    for pattern in (_TAGGED, _TAGGED_TO_END):
        if match := pattern.search(text):
            yield _enum([one.strip(" \"'") for one in match[1].split(",")], match[0])
    plain = re.sub(r"[\[\]()]", " ", text) if re.search(r"(values|options)[^.]{0,12}[:\[]", text) else text
    if match := _CUED_LIST.search(plain) or _SLASHED.search(plain):
        values = _listed(match[1])
        if 2 <= len(values) <= 20 and all(_is_value(one) for one in values):
            yield _enum(values, match[0])
    if (match := _EITHER.search(text)) and match[1] is None:
        yield _enum([one.strip(" \"'`") for one in re.findall(_QUOTED, match[2])], match[0])
    explained = _EXPLAINED.findall(text)
    if len(explained) >= 2:
        yield _enum(explained, text)
    coded = _CODED.findall(text)
    is_code = all(one.isdigit() for one in coded) or all(one.isupper() and len(one) <= 2 for one in coded)
    if len(coded) >= 2 and len({*coded}) == len(coded) and is_code:
        yield _enum(coded, text)
    if match := _FORMATS.search(text):
        yield _enum([one for one in re.split(r", ?(?:or )?", match[1]) if one], match[0])


def _listed(text: str) -> list[str]:
    parts = [re.sub(r"^(?:or|and|is|are) ", "", one.strip(" \"'`")) for one in _PARTED.split(text)]
    parts = [one.strip(" \"'`") for part in parts for one in re.split(r" (?:or|and) ", part)]
    return [one for one in dict.fromkeys(parts) if one and len(one) < 25 and one not in ("or", "and")]


def _is_value(text: str) -> bool:
    return len(text.split()) <= 2 and text.split()[0].lower() not in _NO_VALUES


def _enum(values: list[str], quote: str) -> Constraint:
    return Constraint("enum", [*dict.fromkeys(one for one in values if one)], quote.strip()[:200])


def _numbers(text: str) -> Iterator[Constraint]:
    """Ranges and steps of numbers."""
    for pattern in _RANGES:
        if (match := pattern.search(text)) and _number(match[1]) < _number(match[2]):
            yield Constraint("minimum", _number(match[1]), match[0])
            yield Constraint("maximum", _number(match[2]), match[0])
    if match := _POSITIVE.search(text):
        yield Constraint("exclusiveMinimum", 0, match[0])
    if match := _NOT_NEGATIVE.search(text):
        yield Constraint("minimum", 0, match[0])
    for pattern, keyword in ((_MOST, "maximum"), (_LEAST, "minimum"), (_MULTIPLE, "multipleOf")):
        if (match := pattern.search(text)) and (keyword != "multipleOf" or _number(match[1]) > 0):
            yield Constraint(keyword, _number(match[1]), match[0])


def _texts(text: str) -> Iterator[Constraint]:
    """Lengths, beginnings and formats of texts."""
    if match := _DATE.search(text):
        yield Constraint("pattern", _DATES[match[1]], match[0])
    if match := _LONGEST.search(text):
        yield Constraint("maxLength", int(next(group for group in match.groups() if group)), match[0])
    elif (match := _LENGTH.search(text)) and not _NO_LENGTH.search(text[max(0, match.start() - 12) : match.start()]):
        yield Constraint("minLength", int(match[1]), match[0])
        yield Constraint("maxLength", int(match[1]), match[0])
    if match := _EMAIL.search(text):
        yield Constraint("format", "email", match[0])
    if match := _PREFIX.search(text):
        yield Constraint("pattern", f"^{re.escape(match[1])}", match[0])


def _number(digits: str) -> int | float:
    value = float(digits.replace(",", ""))
    return int(value) if value.is_integer() else value


_READERS: dict[str, tuple[Callable[[str], Iterator[Constraint]], ...]] = {
    "string": (_closed_lists, _texts),
    "integer": (_numbers,),
    "number": (_numbers,),
}
"""What is read for a parameter of each type."""
