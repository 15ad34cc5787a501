"""Dates, written out, in figures, and relative to today; a month is a date without a day."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from toolworld.judges.facts.language import Language, alternatives
from toolworld.judges.facts.numbers import day_number, number_pattern, value_of
from toolworld.judges.facts.span import Scan

NEAREST, FARTHEST = -200, 400
"""Days from today between which a date without a year lies."""


class _Patterns(NamedTuple):
    iso: re.Pattern[str]
    iso_month: re.Pattern[str]
    compact: re.Pattern[str]
    figures: re.Pattern[str]
    day_month: re.Pattern[str]
    month_day: re.Pattern[str]
    day: re.Pattern[str]
    named_day: re.Pattern[str]
    counted: re.Pattern[str]
    week_on: re.Pattern[str]
    month_end: re.Pattern[str]
    ordinal: re.Pattern[str]
    before_ordinal: re.Pattern[str]
    weekday: re.Pattern[str]
    month: re.Pattern[str]


@lru_cache(maxsize=8)
def _patterns(language: Language) -> _Patterns:
    ordinals = alternatives(language.ordinals)
    # a dot is of the abbreviation only where no new sentence begins
    dot = r"(?:\.(?!\s+(?-i:[A-Z])|\s*$))?"
    month = rf"(?P<month>{alternatives(language.months)})\b{dot}"
    weekday = rf"\b(?:{alternatives(language.weekdays)})\b{dot}"
    day = rf"(?:(?:0?[1-9]|[12]\d|3[01])(?:\s?(?:st|nd|rd|th))?(?![\d:%]|[.,]\d)|(?:{ordinals})\b)"
    # atomic: a list of days that no month follows is none with fewer days either
    days = rf"(?>{day}(?:\s*(?:,|and|or|to|–|-|&|/|until|,\s*and|,\s*or)\s*(?:the\s+)?{day}){{0,9}})"
    year = r"(?:[,\s-]*(?:of\s+)?(?P<year>(?:19|20)\d\d|'\d\d)\b(?!\s*(?:am|pm|hrs)\b))?"
    on = rf"(?:(?P<weekday>{weekday})(?:,|\s){{0,3}}(?:the\s+)?)?"
    number = number_pattern(language)
    standalone = alternatives(set(language.weekdays) - language.ordinary_words)
    made = {
        "iso": r"(?<![\w-])(\d{4})([-/.])(\d\d?)\2(\d\d?)(?=\D|$)(?!-?\d|-\w)(?:[T ](?=\d\d:))?",
        "iso_month": r"(?<![\w/.-])((?:19|20)\d\d)-(0[1-9]|1[0-2])(?![\w/]|[.-]\d)",
        "compact": r"(?<![\w-])((?:19|20)\d\d)(0[1-9]|1[0-2])([0-3]\d)(?![\w-])",
        "figures": rf"(?<![\w.,£$€]){on}(?<![\w/.-])(?P<one>\d\d?)(?P<mark>[/.-])(?P<two>\d\d?)"
        r"(?:(?P=mark)(?P<year>(?:19|20)\d\d|\d\d))?(?![\w/]|[.-]\d)(?!\s*(?:[ap]\.?m\b|%|pm))",
        "day_month": rf"{on}(?<![\w.,£$€/])(?P<days>{days})\s*(?:of\s+)?[-\s]{{0,3}}{month}{year}",
        "month_day": rf"{on}\b{month}\s*(?:the\s+)?(?P<days>{days})"
        rf"(?!\s*(?:st|nd|rd|th)?\s*(?:cases|items|people|days)){year}",
        "day": day,
        "named_day": rf"\b(?:{alternatives(language.days_from_now)})\b",
        "counted": rf"\b(?:in\s+(?:another\s+)?)?(?P<number>{number}|an?|another {number})\s+"
        r"(?P<unit>day|week|fortnight)s?'?(?:\s+(?P<end>ago|today|time|from (?:today|now)))?\b",
        "week_on": rf"\ba (?P<unit>week|fortnight) (?:on|this|next) (?P<first>{weekday})|"
        rf"\b(?P<last>{weekday})\s+(?P<unit_last>week|fortnight)\b",
        "month_end": rf"\b(?:the )?end of (?:{month}{year}|(?P<this>the month|this month))(?!\s*\d)",
        "ordinal": rf"{on}(?:\bthe\s+)?\b(?P<day>(?:[12]?\d|3[01])(?:st|nd|rd|th)"
        rf"(?:\s+of\s+(?P<this>(?:this|the) month))?|(?<=the )(?:{ordinals}))\b"
        r"(?!\s+(?:floor|time|payment|birthday|copy))",
        "before_ordinal": r"\b(?:the|till|until|by|on)\s*$",
        "weekday": rf"\b(?:(?P<which>next|last|this(?: coming)?|on)\s+)?(?P<weekday>{standalone})\b"
        r"(?P<next_week>\s+next\s+week)?",
        "month": rf"\b{month},?\s+(?:of\s+)?(?P<year>(?:19|20)\d\d)\b|"
        rf"\b(?:in|until|by|from|since|mid-?|next)\s*(?P<lone>{alternatives(language.months)})\b"
        r"(?!,?\s+(?:of\s+)?(?:19|20)\d\d)",
    }
    return _Patterns(**{name: re.compile(pattern, re.I) for name, pattern in made.items()})


def find_dates(scan: Scan) -> None:
    """Find dates. Those that the day alone, a weekday or a distance gives are weak."""
    patterns = _patterns(scan.language)
    _find_figures(scan, patterns)
    for pattern in (patterns.day_month, patterns.month_day):
        for match in scan.matches(pattern):
            _add_days(scan, match, patterns.day)
    _find_distances(scan, patterns)
    _find_incomplete(scan, patterns)


def _find_figures(scan: Scan, patterns: _Patterns) -> None:
    for pattern, groups in ((patterns.iso, (4, 3, 1)), (patterns.compact, (3, 2, 1))):
        for match in scan.matches(pattern):
            day, month, year = (int(match[group]) for group in groups)
            scan.add("date", _dates(scan, day, month, [year]), match.span())
    for match in scan.matches(patterns.iso_month):
        scan.add("date", {match[0]}, match.span(), weak=True)
    for match in scan.matches(patterns.figures):
        one, two, year = int(match["one"]), int(match["two"]), match["year"]
        if (not year and match["mark"] != "/") or not (0 < one <= 31 and 0 < two <= 31):
            continue
        readings = {
            found
            for day, month in _orders(one, two, scan.reads.dates)
            for found in _dates(scan, day, month, _years_of(year), match["weekday"])
        }
        scan.add("date", readings, match.span(), weak=not year)


def _orders(one: int, two: int, order: str | None) -> list[tuple[int, int]]:
    """Day and month in each order that is possible: in the environment's, or else in either."""
    wanted = {"dmy": [(one, two)], "mdy": [(two, one)]}.get(order or "", [(one, two), (two, one)])
    return [way for way in wanted if way[1] < 13] or [way for way in ((one, two), (two, one)) if way[1] < 13]


def _add_days(scan: Scan, match: re.Match[str], day: re.Pattern[str]) -> None:
    """Add each day of `2, 3 and 4 March 2026`; the first takes the words before it, and the last those after it."""
    found = list(day.finditer(match["days"]))
    month, offset = scan.language.months[match["month"].lower()], match.start("days")
    for position, one in enumerate(found):
        alone = len(found) == 1
        start = match.start() if alone else offset + one.start()
        is_last = position == len(found) - 1 and offset + one.end() <= match.start("month")
        end = match.end() if alone or is_last else offset + one.end()
        weekday = match["weekday"] if alone else None
        readings = _dates(scan, day_number(one[0], scan.language), month, _years_of(match["year"]), weekday)
        scan.add("date", readings, (start, end))


def _find_distances(scan: Scan, patterns: _Patterns) -> None:
    language = scan.language
    for match in scan.matches(patterns.named_day):
        scan.add(
            "date", _days_away(scan, language.days_from_now[match[0].lower()]), match.span(), weak=True, takes=False
        )
    for match in scan.matches(patterns.counted):
        if not (match["end"] or match[0].lower().startswith("in ")):
            continue
        word = match["number"].lower().replace("another ", "")
        number = 1 if word in ("a", "an") else value_of(word, language)
        if number is not None and number <= 4000:
            days = int(number * language.durations[match["unit"].lower()] / language.durations["day"])
            away = _days_away(scan, -days if match["end"] == "ago" else days)
            scan.add("date", away, match.span(), weak=True, takes=False)
    for match in scan.matches(patterns.week_on):
        days = 7 if (match["unit"] or match["unit_last"]).lower() == "week" else 14
        scan.add("date", _weekdays(scan, match["first"] or match["last"], days, days + 6), match.span(), weak=True)


def _find_incomplete(scan: Scan, patterns: _Patterns) -> None:
    today, months = scan.today, scan.language.months
    for match in scan.matches(patterns.month_end):
        month = months[match["month"].lower()] if match["month"] else today.month
        years = _years_of(match["year"]) or (today.year, today.year + 1)
        readings = {_month_end(year, month).isoformat() for year in years}
        scan.add("date", readings, match.span(), weak=True)
    for match in scan.matches(patterns.ordinal):
        if match["weekday"] or match["this"] or patterns.before_ordinal.search(scan.before(match.start("day"), 6)):
            day = day_number(match["day"], scan.language)
            readings = {
                found
                for year, month in _near_months(today)
                for found in _dates(scan, day, month, [year], match["weekday"])
            }
            scan.add("date", readings, match.span(), weak=not match["weekday"])
    for match in scan.matches(patterns.weekday):
        scan.add("date", _near_weekdays(scan, match), match.span(), weak=True)
    for match in scan.matches(patterns.month):
        month = months[(match["month"] or match["lone"]).lower()]
        years = [int(match["year"])] if match["year"] else [today.year, today.year + 1]
        scan.add("date", {f"{year}-{month:02d}" for year in years}, match.span(), weak=True)


def _near_weekdays(scan: Scan, match: re.Match[str]) -> set[str]:
    """Which days `Tuesday`, `last Tuesday`, `next Tuesday` and `Tuesday next week` may be."""
    today, name = scan.today, match["weekday"]
    if match["next_week"]:
        sunday = scan.language.weekdays[name.lower()] == 6
        first, last = 7 - today.weekday(), 14 - today.weekday()
        return {
            found
            for found in _weekdays(scan, name, 1, 13)
            if first <= (date.fromisoformat(found) - today).days + sunday <= last
        }
    which = (match["which"] or "").lower()
    spans = {"last": (-7, -1), "next": (1, 14)}
    return _weekdays(scan, name, *spans.get(which, (-6, 7)))


def _weekdays(scan: Scan, name: str, first: int, last: int) -> set[str]:
    """The dates of a weekday from `first` to `last` days from today."""
    weekday, today = scan.language.weekdays[name.lower().rstrip(".")], scan.today
    near = (today + timedelta(days) for days in range(first, last + 1))
    return {day.isoformat() for day in near if day.weekday() == weekday}


def _days_away(scan: Scan, days: int) -> set[str]:
    return {(scan.today + timedelta(days)).isoformat()}


def _near_months(today: date) -> Iterator[tuple[int, int]]:
    for shift in (-1, 0, 1):
        month = today.year * 12 + today.month - 1 + shift
        yield month // 12, month % 12 + 1


def _dates(scan: Scan, day: int, month: int, said: Sequence[int], weekday: str | None = None) -> set[str]:
    """The dates of a day and month: in a year that was said, or near today; a weekday that does not fit leaves none."""
    today = scan.today
    years = said or [today.year - 1, today.year, today.year + 1]
    wanted = scan.language.weekdays[weekday.lower().rstrip(".")] if weekday else None
    return {
        found.isoformat()
        for found in _real_dates(day, month, years)
        if (said or NEAREST < (found - today).days < FARTHEST) and wanted in (None, found.weekday())
    }


def _real_dates(day: int, month: int, years: Iterable[int]) -> Iterator[date]:
    for year in years:
        try:
            yield date(year, month, day)
        except ValueError:  # the 31st of February
            continue


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(1)


def _years_of(text: str | None) -> tuple[int, ...]:
    """The years that `2026`, `26` and `'58` may be."""
    if not text:
        return ()
    return (int(text),) if len(text) == 4 else (2000 + int(text[-2:]), 1900 + int(text[-2:]))
