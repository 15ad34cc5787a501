"""Finding markers such as `INPUT:` in a reply: at the beginning of a line, and not inside fenced code."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})", re.MULTILINE)


def places(text: str, marker: str) -> list[tuple[int, int]]:
    """Where a marker stands: its first character, with what dresses it, and the first one after it.

    It begins a line, perhaps after the signs with which models dress headings (`**INPUT:**`, `## INPUT:`). One in the
    middle of a line, or in fenced code, is content.
    """
    code = list(_fenced(text))
    starts = [start for start, _ in code]
    found: list[tuple[int, int]] = []
    for one in _pattern(marker).finditer(text):
        block = bisect_left(starts, one.start()) - 1  # the last one that begins before it
        if block < 0 or one.start() >= code[block][1]:
            found.append((one.start(), one.end()))
    return found


def until_stop(text: str, stop: str | None) -> str:
    """The text up to the stop phrase, where that ends a line or begins one."""
    if not stop:
        return text
    code = list(_fenced(text))
    for found in re.finditer(rf"{re.escape(stop)}[ \t]*$|^[ \t]*{re.escape(stop)}", text, re.MULTILINE):
        if not any(start < found.start() < end for start, end in code):
            return text[: found.start()]
    return text


def ends_with(prompt: str, marker: str) -> bool:
    """Whether a prompt ends in a marker, so that the reply goes on from there."""
    return bool(marker) and prompt.rstrip().rstrip("*_ ").endswith(marker)


@lru_cache(maxsize=64)
def _pattern(marker: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t>#*_]*{re.escape(marker)}[*_]*", re.MULTILINE)


def _fenced(text: str) -> Iterator[tuple[int, int]]:
    """The spans of fenced code; a fence that is never closed opens none."""
    opened: tuple[int, str] | None = None
    for found in _FENCE.finditer(text):
        if opened is None:
            opened = found.start(), found[1]
        elif found[1].startswith(opened[1]):
            yield opened[0], found.end()
            opened = None
