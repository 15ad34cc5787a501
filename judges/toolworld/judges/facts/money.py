"""Sums of money, with their currency where the words give one."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from toolworld.judges.facts.language import Language, alternatives
from toolworld.judges.facts.numbers import DIGITS, number_pattern, number_words, readings_of, value_of
from toolworld.judges.facts.span import Scan


class _Patterns(NamedTuple):
    symbol_first: re.Pattern[str]
    unit_word: re.Pattern[str]
    symbol_last: re.Pattern[str]
    hundredths: re.Pattern[str]
    note: re.Pattern[str]
    percent: re.Pattern[str]


@lru_cache(maxsize=8)
def _patterns(language: Language) -> _Patterns:
    number, symbols = number_pattern(language), alternatives(language.currencies)
    minus = r"(?P<minus>-|minus\s+)?"
    scale = rf"(?:\s?(?P<scale>{alternatives({**language.scales, **language.short_scales})})\b)?"
    end = r"(?!\w|\.\d|,\d)"
    units = alternatives(language.currency_units)
    hundredths = alternatives(language.currency_hundredths)
    small_number = rf"\d\d?|(?:{number_words(language)})"
    counted = r"(?!\s*(?:%|per|days?|weeks?|months?|years?|cases?|items?|people))"
    return _Patterns(
        symbol_first=re.compile(
            rf"{minus}(?<!\w)(?P<currency>{symbols})\s?(?P<minus_inside>-)?(?P<number>{DIGITS})"
            rf"(?:\s(?P<small>\d\d)(?=p))?{scale}p?{end}",
            re.I,
        ),
        unit_word=re.compile(
            rf"{minus}(?<![\w.,])(?P<number>{number}){scale}\s?(?P<unit>{units})\b"
            rf"(?:\s+(?:and\s+)?(?P<small>{small_number})(?:(?:{hundredths})\b|\b{counted}(?:\s(?:{hundredths})\b)?))?",
            re.I,
        ),
        symbol_last=re.compile(rf"{minus}(?<![\w.,])(?P<number>{DIGITS}){scale}\s?(?P<currency>{symbols}){end}", re.I),
        hundredths=re.compile(rf"(?<![\w.,])(?P<number>{number})\s?(?P<unit>{hundredths})(?!\w)(?!\.\s?m)", re.I),
        note=re.compile(rf"\b(?:a\s+)?({alternatives(language.notes)})\b", re.I),
        percent=re.compile(rf"(?<![\w.,])(?P<number>{number})\s?(?:%|per\s?cent\b)", re.I),
    )


def find_money(scan: Scan) -> None:
    """Find sums with a symbol, a code or a word, words that say that nothing is due, and percentages."""
    language, patterns = scan.language, _patterns(scan.language)
    for match in scan.matches(patterns.symbol_first):
        _add(scan, match, _code(match["currency"], language))
    for match in scan.matches(patterns.unit_word):
        _add(scan, match, language.currency_units[match["unit"].lower()])
    for match in scan.matches(patterns.symbol_last):
        _add(scan, match, _code(match["currency"], language))
    for match in scan.matches(patterns.hundredths):
        currency = language.currency_hundredths[match["unit"].lower()]
        readings = {(value / 100, currency) for value in readings_of(match["number"], language)}
        scan.add("money", readings, match.span())
    for match in scan.matches(patterns.note):
        amount, currency = language.notes[match[1].lower()]
        scan.add("money", {(Decimal(amount), currency)}, match.span())
    for match in scan.matches(language.phrase("nothing_to_pay")):
        scan.add("money", {(Decimal(0), None)}, match.span(), weak=True, takes=False)
    for match in scan.matches(patterns.percent):
        scan.add("percent", readings_of(match["number"], language), match.span())


def _add(scan: Scan, match: re.Match[str], currency: str) -> None:
    groups, language = match.groupdict(), scan.language
    scale = _scale(groups["scale"], language)
    sign = -1 if groups["minus"] or groups.get("minus_inside") else 1
    small = value_of(groups["small"], language) if groups.get("small") else None
    if small is not None and small >= 100:
        small = None
    part = (small or Decimal(0)) / 100
    readings = {(sign * (value * scale + part), currency) for value in readings_of(match["number"], language)}
    scan.add("money", readings, match.span())


def _scale(word: str | None, language: Language) -> int:
    name = (word or "").lower()
    return language.scales.get(name) or language.short_scales.get(name, 1)


def _code(symbol: str, language: Language) -> str:
    return language.currencies.get(symbol) or language.currencies[symbol.upper()]
