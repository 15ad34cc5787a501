"""Ids and texts. Their form is the world's and not the language's, so they are looked for from the value."""

import re
from functools import lru_cache

from toolworld.environments import plain_code
from toolworld.judges.facts.span import Scan, Span
from toolworld.judges.facts.visible import folded

_CODE = re.compile(r"(?<![\w-])(?:[A-Za-z]{1,5}-?\d\w*(?:-\w+)*|[A-Z]{1,3}(?:-\d+)+)(?!\w|-\w)")
_LEFT_EDGE = r"(?<!\w)(?<!\w[-.])(?<!\d[,/])(?<![£$€])"
_RIGHT_EDGE = r"(?!\w)(?![-.,]\d|[-.]\w|/\d|@)"


def find_ids(scan: Scan) -> None:
    """Find what looks like an id: letters and digits in one word."""
    for match in scan.matches(_CODE):
        scan.add("id", {plain_code(match[0])}, match.span())


_PIECE = re.compile(r"[^\W\d_]+|\d+")
_WORD = re.compile(r"\w+")


@lru_cache(maxsize=4096)
def _id_pattern(value: str) -> re.Pattern[str]:
    body = r"[-\s./_]?".join(map(re.escape, _PIECE.findall(value)))
    edge = _LEFT_EDGE + (r"(?<!\d )" if value[:1].isdigit() else "")
    return re.compile(edge + (body or re.escape(value)) + _RIGHT_EDGE, re.I)


def id_spans(value: str, text: str) -> list[Span]:
    """Where an id stands: marks between letters and digits are free, and its edges are not (not in SO70521)."""
    if not _may_stand_in(value, text, _PIECE):
        return []
    readings = frozenset({plain_code(value)})
    return [Span("id", readings, *match.span()) for match in _id_pattern(value).finditer(text)]


def _may_stand_in(value: str, text: str, part: re.Pattern[str]) -> bool:
    """Whether a text has the first part of a value, in any case: most texts do not, and need no pattern made."""
    first = part.search(value)
    return first is None or not (first[0].isascii() and text.isascii()) or first[0].lower() in text.lower()


@lru_cache(maxsize=4096)
def _text_pattern(value: str) -> re.Pattern[str]:
    words = _WORD.findall(folded(value))
    body = r"\W{1,3}".join(map(re.escape, words)) or re.escape(value)
    return re.compile(rf"(?<!\w){body}(?:s|es)?(?!\w)", re.I)


def text_spans(value: str, text: str) -> list[Span]:
    """Where a text stands, in any case, with any marks between its words, in the singular or plural."""
    plain = folded(text)
    if not _may_stand_in(folded(value), plain, _WORD):
        return []
    readings = frozenset({value.casefold()})
    return [Span("text", readings, *match.span()) for match in _text_pattern(value).finditer(plain)]
