"""Clauses about the last day of something: it is over, or comes before another day."""

import re

from toolworld.environments.compiler.conditions.scene import Scene, day_fields, stems
from toolworld.environments.compiler.conditions.word_forms import alike
from toolworld.environments.compiler.plans.known_records import KnownRecord
from toolworld.environments.normaliser.words import word_set, words

LAST_DAY = re.compile(r"\b(?:last day|deadline|time limit|period|window)\b.*\b(?:over|past|passed|expired|ended)\b")
"""Clauses about the last day for something."""
_EXPIRED = re.compile(r"\b(?:expired|out of date|no longer valid|run out|lapsed|expires before)\b")
_ENDS = word_set("end ends expire expires expired expiry expiration until")
_LIMITS = _ENDS | {"by", "deadline", "due"}


def last_day(clause: str, _: str, scene: Scene) -> str | None:
    """A record whose last day for something is over: `evidence_by`, where the last day for evidence is."""
    if not LAST_DAY.search(clause):
        return None
    spoken = stems(clause)
    for record in scene.records:
        for field in day_fields(record):
            own = {*words(field)}
            if own & _LIMITS and (own & spoken or own <= _LIMITS):
                return _is_over(record, field)
    return None


def expired(clause: str, code: str, scene: Scene) -> str | None:
    """A record whose last day is over."""
    if not (_EXPIRED.search(clause) or _EXPIRED.search(code)):
        return None
    for record in scene.spoken_of(f"{clause} {code}"):
        for field in day_fields(record):
            if {*words(field)} & _ENDS:
                return _is_over(record, field)
    return None


def ends_before(clause: str, _: str, scene: Scene) -> str | None:
    """A record whose last day comes before another day: `the voucher ends before the day of arrival`."""
    match = re.search(r"\b(?:ends?|expires?|runs out|lapses) before (.+)", clause)
    if match is None:
        return None
    about = stems(match[1])
    days = [one.name for one in scene.days if any(alike(word, one) for word in words(one.original) for one in about)]
    days += [record.value(field) for record in scene.records for field in day_fields(record) if {*words(field)} & about]
    for record in scene.spoken_of(clause[: match.start()]):
        for field in day_fields(record):
            value = record.value(field)
            if {*words(field)} & _ENDS and days and days[0] != value:
                return f"_has_day({value}) and _day({value}) < _day({days[0]})"
    return None


def _is_over(record: KnownRecord, field: str) -> str:
    value = record.value(field)
    return f"_has_day({value}) and _day({value}) < today()"
