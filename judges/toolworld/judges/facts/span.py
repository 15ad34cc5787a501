"""Spans of a text that are values, each with everything that its words may mean."""

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from toolworld.environments import Reads
from toolworld.judges.facts.language import Language

SpanKind = Literal["date", "time", "money", "number", "percent", "duration", "id", "name", "text", "phone", "email"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text that is a value of some kind."""

    kind: SpanKind
    readings: frozenset[Hashable]
    """Every value that the words may mean; none for what looks like a value and is none, such as 31 February."""
    start: int
    end: int
    weak: bool = False
    """Whether it may as well be something else: it can tell a fact, and never contradicts one."""

    def overlaps(self, other: "Span") -> bool:
        """Whether they share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(slots=True)
class Scan:
    """A text while its values are looked for, the surest kinds first: what one kind took no other reads."""

    text: str
    today: date
    """The day on which it was said, in the environment's own time."""
    reads: Reads
    language: Language
    spans: list[Span] = field(default_factory=list[Span])
    _taken: bytearray = field(init=False)

    def __post_init__(self) -> None:
        self._taken = bytearray(len(self.text))

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """The matches of a pattern that touch nothing taken."""
        for match in pattern.finditer(self.text):
            if self._is_free(*match.span()):
                yield match

    def add(
        self,
        kind: SpanKind,
        readings: Iterable[Hashable],
        where: tuple[int, int],
        *,
        weak: bool = False,
        takes: bool = True,
    ) -> None:
        """Add a span unless its place is taken; one that does not take leaves its words to other kinds."""
        start, end = where
        if start >= end or not self._is_free(start, end):
            return
        self.spans.append(Span(kind, frozenset(readings), start, end, weak))
        if takes:
            self._taken[start:end] = b"\1" * (end - start)

    def before(self, place: int, characters: int) -> str:
        """The characters before a place."""
        return self.text[max(0, place - characters) : place]

    def _is_free(self, start: int, end: int) -> bool:
        return self._taken.find(1, start, end) < 0
