"""Numbers in digits and words, and everything that they may mean: `1.140` is a bit over one, or a thousand."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from toolworld.judges.facts.language import Language, alternatives
from toolworld.judges.facts.span import Scan

DIGITS = (
    r"\d{1,3}(?:[,' ]\d{2,3}){0,5}[,' ]\d{3}(?!\d)(?:\.\d+)?|\d{1,3}(?:[. ]\d{3}){1,5}(?:,\d+)?(?!\d)|"
    r"\d+(?:[.,]\d+)?|(?<!\d)\.\d{1,4}(?!\d)"
)
"""A number in digits, with either sign for thousands."""
_MANY = 10**12


@lru_cache(maxsize=8)
def number_words(language: Language) -> str:
    """A regular expression of a number in words; atomic, since a number never gives a word back."""
    ones, all_words = alternatives(language.ones), alternatives({**language.ones, **language.scales})
    scales = alternatives(language.scales)
    return (
        rf"(?>\b(?:(?:an?\s+(?={scales}))|(?:{ones})\b)"
        rf"(?:[\s-]+(?:and[\s-]+)?(?:{all_words})\b){{0,9}})"
    )


@lru_cache(maxsize=8)
def number_pattern(language: Language) -> str:
    """A regular expression of a number in digits or words."""
    return rf"(?:(?>{DIGITS})|{number_words(language)})"


def readings_of(text: str, language: Language) -> set[Decimal]:
    """Everything that a number may mean; nothing for words that make no number."""
    text = text.strip()
    if not text[:1].isdigit() and text[:1] != ".":
        value = _value_of_words(text, language)
        return set() if value is None else {Decimal(value)}
    digits = re.sub(r"[ ']", "", text)
    dot, comma = digits.rfind("."), digits.rfind(",")
    if dot >= 0 and comma >= 0:
        decimal = digits.replace(",", "") if dot > comma else digits.replace(".", "").replace(",", ".")
        return {Decimal(decimal)}
    if comma >= 0:
        groups = len(digits) - comma == 4 or digits.count(",") > 1
        return {Decimal(digits.replace(",", "" if groups else "."))}
    if digits.count(".") > 1:
        return {Decimal(digits.replace(".", ""))}
    grouped = {Decimal(digits.replace(".", ""))} if dot > 0 and len(digits) - dot == 4 else set[Decimal]()
    return {Decimal(digits)} | grouped


def value_of(text: str, language: Language) -> Decimal | None:
    """The first meaning of a number, or None."""
    return min(readings_of(text, language), default=None)


def _value_of_words(text: str, language: Language) -> int | None:
    """`one hundred and five` is 105; `five five` is nothing. Each word must be of a smaller size than the last."""
    total, part, last = 0, 0, _MANY
    for word in re.split(r"[\s-]+", text.lower()):
        if word in ("a", "an"):
            part = part or 1
        elif word == "and":
            continue
        elif word in language.scales:
            scale = language.scales[word]
            if scale == 100:
                part, last = (part or 1) * 100, 100
            else:
                total, part, last = total + (part or 1) * scale, 0, _MANY
        else:
            value = language.ones.get(word)
            if value is None or value >= last:
                return None
            part, last = part + value, 10 if value >= 20 else 1
    return total + part


class _Patterns(NamedTuple):
    group: re.Pattern[str]
    number: re.Pattern[str]
    ordinal: re.Pattern[str]
    not_a_count: re.Pattern[str]
    """What stands before a `one` that counts nothing."""
    not_one: re.Pattern[str]
    things: re.Pattern[str]
    """What follows a number that counts things, and is no sum of money."""
    measure: re.Pattern[str]


@lru_cache(maxsize=8)
def _patterns(language: Language) -> _Patterns:
    number, ordinals = number_pattern(language), alternatives(language.ordinals)
    scale = alternatives([word for word in language.short_scales if len(word) == 1 and word != "m"])
    return _Patterns(
        group=re.compile(rf"\b(?:{alternatives(language.groups)})\b", re.I),
        number=re.compile(
            rf"(?<![\w.,/-])(?:(?<=\s)|(?<=^)|(?<=[(#:=×/+\"'\[]))(?P<minus>-|minus )?(?P<number>{number})"
            rf"(?P<scale>{scale}|\s?million)?(?P<times>x)?(?P<half>\s+and\s+a\s+half)?(?![\w/]|[.,]\d|-\w)",
            re.I,
        ),
        ordinal=re.compile(rf"\b(?P<ordinal>\d+(?:st|nd|rd|th)|{ordinals})\b", re.I),
        not_a_count=re.compile(
            r"\b(?:this|that|the|which|right|no|any|every|each|another|wrong|new|old|other|last|next)\s+$", re.I
        ),
        not_one=re.compile(r"\s+(?:of|that|is|more thing)\b", re.I),
        things=re.compile(r"\s+(?:more\s+)?[a-z]+s\b", re.I),
        measure=re.compile(r"\s?(?:m|kg|g|cm|mm|km|l|ml|°)\b", re.I),
    )


def find_numbers(scan: Scan) -> None:
    """Find plain numbers, which are weak sums of money as well where they count nothing."""
    language, patterns = scan.language, _patterns(scan.language)
    for match in scan.matches(patterns.group):
        value = language.groups[match[0].lower()]
        scan.add("number", {Decimal(value)}, match.span(), weak=True)
    for match in scan.matches(patterns.number):
        number = match["number"]
        if number.lower() == "one" and (
            patterns.not_a_count.search(scan.before(match.start(), 20))
            or patterns.not_one.match(scan.text, match.end())
        ):
            continue
        scale = language.scales["million"] if "million" in (match["scale"] or "").lower() else 1
        scale = language.short_scales.get((match["scale"] or "").strip().lower(), scale)
        sign, half = -1 if match["minus"] else 1, Decimal("0.5") if match["half"] else 0
        readings = {sign * (value + half) * scale for value in readings_of(number, language)}
        if not patterns.measure.match(scan.text, match.end()) and (
            "." in number or not patterns.things.match(scan.text, match.end())
        ):
            scan.add("money", {(value, None) for value in readings}, match.span(), weak=True, takes=False)
        scan.add("number", readings, match.span())
    for match in scan.matches(patterns.ordinal):
        scan.add("number", {Decimal(day_number(match["ordinal"], language))}, match.span(), weak=True)


def day_number(text: str, language: Language) -> int:
    """The number of an ordinal or of a day: `3rd`, `third` and `3` are 3."""
    digits = re.match(r"\d+", text)
    return int(digits[0]) if digits else language.ordinals[text.lower()]
