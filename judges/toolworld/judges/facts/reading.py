"""The reading of a message: its visible words, and every value in them."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from toolworld.environments import Reads
from toolworld.judges.facts.codes import find_ids
from toolworld.judges.facts.contacts import find_emails, find_phones
from toolworld.judges.facts.dates import find_dates
from toolworld.judges.facts.durations import find_durations
from toolworld.judges.facts.language import Language, load_language
from toolworld.judges.facts.money import find_money
from toolworld.judges.facts.numbers import find_numbers
from toolworld.judges.facts.span import Scan, Span
from toolworld.judges.facts.times import find_times
from toolworld.judges.facts.visible import visible_words

MAX_VALUES = 200
"""Numbers in a message that are read; one with more is a dump, whatever it tells."""

_FINDERS = (find_emails, find_phones, find_money, find_dates, find_times, find_durations, find_ids, find_numbers)
"""The surest kinds first; money before dates and times, because of £14.30."""
_JSON_KEY = re.compile(r'"\w+"\s*:')


@dataclass(frozen=True)
class Reading:
    """A message as it was read."""

    text: str
    """The visible words; empty where there are too many."""
    is_dump: bool
    """Whether it is no answer to a person: too long, full of numbers, or raw JSON."""
    today: date
    reads: Reads
    language: Language

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Every value, in the order of their places; none in a dump."""
        if self.is_dump:
            return ()
        scan = Scan(self.text, self.today, self.reads, self.language)
        for find in _FINDERS:
            find(scan)
        return tuple(sorted(scan.spans, key=lambda span: span.start))

    @cached_property
    def mask(self) -> str:
        """The text with every value and the dots of abbreviations blanked, so that sentences can be told apart."""
        return self.masked(())

    def masked(self, more: tuple[Span, ...]) -> str:
        """The text with its values blanked, and some more spans."""
        characters = list(self.text)
        for span in (*self.spans, *more):
            if not (span.weak and span.kind in ("money", "date")) or span in more:
                characters[span.start : span.end] = BLANK * (span.end - span.start)
        abbreviations = self.language.phrase("abbreviations")
        return abbreviations.sub(lambda found: found[0].replace(".", BLANK), "".join(characters))

    @cached_property
    def takes_back(self) -> bool:
        """Whether it leaves open which of its values hold (`take your pick`)."""
        return self.language.has("taken_back", self.text)


BLANK = "§"
"""What stands for a character of a value in a mask."""


def read_message(message: str, today: date, reads: Reads, language: Language | None = None) -> Reading:
    """Read a message.

    Args:
        message: What was said.
        today: The day on which it was said, in the environment's own time.
        reads: How dates, telephone numbers and sums are read there.
        language: By default English.
    """
    return _read(message, today, (reads.dates, reads.country, reads.currency), language or load_language())


@lru_cache(maxsize=4096)  # players say the same sentences in run after run, and each fact reads every message
def _read(message: str, today: date, reading: tuple[Any, Any, Any], language: Language) -> Reading:
    reads = Reads(dates=reading[0], country=reading[1], currency=reading[2])
    text = visible_words(message)
    if text is None or _number_count(text, language) > MAX_VALUES or len(_JSON_KEY.findall(text)) > 2:
        return Reading(text or "", True, today, reads, language)
    return Reading(text, False, today, reads, language)


@lru_cache(maxsize=8)
def _counted(language: Language) -> re.Pattern[str]:
    return re.compile(rf"\d+|\b(?:{'|'.join({**language.ones, **language.scales})})\b", re.I)


def _number_count(text: str, language: Language) -> int:
    return sum(1 for _ in _counted(language).finditer(text))
