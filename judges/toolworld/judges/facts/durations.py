"""Durations, in seconds: `two days`, `48 hours` and `PT48H` are the same."""

import re
from decimal import Decimal
from functools import lru_cache

from toolworld.judges.facts.language import Language, alternatives
from toolworld.judges.facts.numbers import number_pattern, value_of
from toolworld.judges.facts.span import Scan

_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_SECONDS = (31_557_600, 2_629_800, 604_800, 86_400, 3_600, 60, 1)
_FEW = {"a": Decimal(1), "an": Decimal(1), "once a": Decimal(1), "half an": Decimal("0.5"), "half a": Decimal("0.5")}


def seconds_of(duration: str) -> int:
    """The seconds of an ISO 8601 duration; a month is a twelfth of a year."""
    match = _ISO.fullmatch(duration)
    assert match is not None
    return sum(int(part or 0) * seconds for part, seconds in zip(match.groups(), _SECONDS, strict=True))


@lru_cache(maxsize=8)
def _pattern(language: Language) -> re.Pattern[str]:
    number, units = number_pattern(language), alternatives(language.durations)
    return re.compile(
        rf"(?<![\w.,-])(?P<number>half an?|once a|{number}|an?)[\s-]*(?:working\s+|business\s+)?"
        rf"(?P<unit>{units})s?\b(?P<half>\s+and\s+a\s+half)?|\b(?P<alone>fortnight)\b",
        re.I,
    )


def find_durations(scan: Scan) -> None:
    """Find durations of one unit."""
    for match in scan.matches(_pattern(scan.language)):
        word = (match["number"] or "a").lower()
        number = _FEW.get(word) or value_of(word, scan.language)
        if number is None:
            continue
        unit = scan.language.durations[(match["unit"] or match["alone"]).lower()]
        half = Decimal("0.5") if match["half"] else 0
        scan.add("duration", {int((number + half) * unit)}, match.span())
