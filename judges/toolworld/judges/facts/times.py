"""Times of day; without a.m. or p.m. a time is either."""

import re
from functools import lru_cache
from typing import NamedTuple

from toolworld.judges.facts.language import Language, alternatives
from toolworld.judges.facts.numbers import value_of
from toolworld.judges.facts.span import Scan

_HALF = (
    r"(?:\s*(?P<half>[ap])\.?\s?m\b(?:\.(?=\s+[a-z(,]|\s*$|,))?|"
    r"\s*(?:in the|at|this|tomorrow|yesterday)\s+(?P<part>{parts})|\s*(?P<tonight>tonight|at night))"
)


class _Patterns(NamedTuple):
    figures: re.Pattern[str]
    no_time_before: re.Pattern[str]
    no_time_after: re.Pattern[str]
    past_or_to: re.Pattern[str]
    words: re.Pattern[str]
    hour: re.Pattern[str]
    part_first: re.Pattern[str]
    named: re.Pattern[str]
    military: re.Pattern[str]
    bare_hour: re.Pattern[str]


@lru_cache(maxsize=8)
def _patterns(language: Language) -> _Patterns:
    parts = alternatives(language.parts_of_day)
    half = _HALF.format(parts=parts)
    small = [word for word, value in language.ones.items() if 1 <= value <= 12]
    hour = rf"(?:\d{{1,2}}|{alternatives(small)})"
    minutes = alternatives(
        [word for word, value in language.ones.items() if value in (10, 15, 20, 30, 40, 50)]
        + ["forty-five", "forty five", "oh-five", "oh five", "twenty-five", "twenty five", "thirty-five", "fifty-five"]
    )
    counted = r"(?!\s*(?:%|days?|hours?|weeks?|months?|cases?|items?|people))"
    made = {
        "figures": r"(?<![\d:.,£$€])(?P<hour>[01]?\d|2[0-3])(?P<mark>[:.h])(?P<minutes>[0-5]\d)(?::\d\d)?(?:Z\b)?"
        rf"(?![\d:]|[.,-]\d|\s?%){half}?",
        "no_time_before": r"\b(?:version|v|section|clause|ref|invoice)\s?$",
        "no_time_after": r"\s?(?:kg|m\b|cm|hours|pounds|GBP|litres|days)",
        "past_or_to": rf"\b(?:a\s+)?(?P<how>half(?=[\s-]+(?:past[\s-]+)?{hour})|(?:quarter|(?:twenty[- ]five|five|ten|"
        rf"twenty|\d\d?)(?:\s+minutes)?)(?=[\s-]+(?:past|to)\b))[\s-]+(?:(?P<direction>past|to)[\s-]+)?"
        rf"(?P<hour>{hour})\b{counted}(?:\s+o'clock)?{half}?",
        "words": rf"\b(?P<hour>{alternatives(small)})[\s-](?P<minutes>{minutes})\b{counted}{half}?",
        "hour": rf"(?<![\w.])(?P<hour>{hour})(?:{half}|\s?o['\"]?\s?clock(?:{_renamed(half)})?)",
        "part_first": rf"\b(?P<part>{parts})\s+(?P<hour>\d\d?)(?::(?P<minutes>[0-5]\d))?(?![\d:])",
        "named": rf"\b(?:12\s+)?({alternatives(language.named_times)})\b",
        "military": r"(?P<at>\bat\s+)?(?<![\w.:,£-])(?P<hour>[01]\d|2[0-3])(?P<minutes>[0-5]\d)"
        r"(?P<unit>\s?(?:hrs|hours|h))?(?![\w:])",
        "bare_hour": rf"\b(?:at|by|from|until|till|between|before|after|opens at)\s+(?P<hour>{hour})"
        r"(?=\s*(?:[,.;!?)]|$|on\b|today|tomorrow|and\b|sharp|to\b|–|-))",
    }
    return _Patterns(**{name: re.compile(pattern, re.I) for name, pattern in made.items()})


def _renamed(pattern: str) -> str:
    """The pattern with other names for its groups, so that it can stand twice in one."""
    return re.sub(r"\?P<(\w+)>", r"?P<\1_last>", pattern)


def find_times(scan: Scan) -> None:
    """Find times of day; figures with a dot and hours on their own are weak."""
    language, patterns = scan.language, _patterns(scan.language)
    for match in scan.matches(patterns.figures):
        _add_figures(scan, match, patterns)
    for match in scan.matches(patterns.past_or_to):
        _add_past_or_to(scan, match)
    for match in scan.matches(patterns.words):
        minutes = value_of(re.sub(r"oh[- ]", "", match["minutes"]), language)
        readings = _clock(language.ones[match["hour"].lower()], int(minutes or 0), match, language)
        scan.add("time", readings, match.span(), weak=not match["half"])
    for match in scan.matches(patterns.hour):
        scan.add("time", _clock(_hour(match["hour"], language), 0, match, language), match.span())
    for match in scan.matches(patterns.part_first):
        readings = _clock(int(match["hour"]), int(match["minutes"] or 0), match, language)
        scan.add("time", readings, match.span())
    for match in scan.matches(patterns.named):
        scan.add("time", {language.named_times[match[1].lower()]}, match.span())
    for match in scan.matches(patterns.military):
        if match["unit"] or match["at"]:
            scan.add("time", {f"{match['hour']}:{match['minutes']}"}, match.span())
    for match in scan.matches(patterns.bare_hour):
        readings = _clock(_hour(match["hour"], language), 0, match, language)
        scan.add("time", readings, match.span("hour"), weak=True, takes=False)


_FROM = re.compile(r"\b(?:from|between)\s+$", re.IGNORECASE)
"""What stands before a range: `the price goes from 18 to 11`."""


def _add_figures(scan: Scan, match: re.Match[str], patterns: _Patterns) -> None:
    with_dot = match["mark"] == "."
    if with_dot and (
        patterns.no_time_before.search(scan.before(match.start(), 9))
        or patterns.no_time_after.match(scan.text, match.end())
    ):
        return
    sure = not with_dot or bool(match["half"] or match["part"])
    readings = _clock(int(match["hour"]), int(match["minutes"]), match, scan.language)
    scan.add("time", readings, match.span(), weak=not sure, takes=sure)


def _add_past_or_to(scan: Scan, match: re.Match[str]) -> None:
    """`half two` is half past two, and `twenty to four` is before four."""
    how = re.sub(r"\s+minutes", "", match["how"].lower())
    minutes = {"half": 30, "quarter": 15}.get(how) or int(value_of(how, scan.language) or 0)
    hour = _hour(match["hour"], scan.language)
    is_range = _FROM.search(scan.before(match.start(), 12)) is not None or (minutes % 5 and "minutes" not in match[0])
    if hour > 12 or not 0 <= minutes < 60 or (is_range and (match["direction"] or "").lower() == "to"):
        return
    if (match["direction"] or "").lower() == "to":
        hour, minutes = (hour - 2) % 12 + 1, 60 - minutes
    scan.add("time", _clock(hour, minutes, match, scan.language), match.span())


def _hour(text: str, language: Language) -> int:
    return int(text) if text.isdigit() else language.ones[text.lower()]


def _clock(hour: int, minutes: int, match: re.Match[str], language: Language) -> set[str]:
    """The times of day that an hour and minutes may be: one, or one in each half of the day."""
    groups = match.groupdict()
    part = groups.get("part") or groups.get("part_last") or ""
    half = (groups.get("half") or groups.get("half_last") or language.parts_of_day.get(part.lower(), "")).lower()
    if groups.get("tonight") or groups.get("tonight_last"):
        half = "p"
    if half and hour <= 12:
        hours = {hour % 12 + (12 if half == "p" else 0)}
    else:
        hours = {hour} if hour > 12 or hour == 0 else {hour % 12, hour % 12 + 12}
    return {f"{one:02d}:{minutes:02d}" for one in hours if one < 24 and minutes < 60}
