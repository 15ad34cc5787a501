"""What an agent was told before it spoke: values in tool results, in the policy and in the user's words."""

import re
from collections.abc import Hashable, Iterable, Set
from datetime import date
from decimal import Decimal
from functools import cached_property

from toolworld.environments import Reads, plain_code
from toolworld.ground import JsonValue, encode, leaves
from toolworld.judges.facts.reading import read_message
from toolworld.judges.facts.span import SpanKind
from toolworld.judges.facts.values import same_value
from toolworld.judges.facts.visible import folded

PIECE = 6_000
"""Characters of a long text that are read at once."""


class Heard:
    """Values that an agent may repeat: what it heard, today, and sums and differences of two sums of money.

    Args:
        texts: What it read and was told.
        results: What tools returned.
        today: The day, which is known without being said.
        reads: How values are read in the environment.
    """

    def __init__(self, texts: Iterable[str], results: Iterable[JsonValue], today: date, reads: Reads) -> None:
        self._texts = tuple(texts)
        self._results = tuple(results)
        self._today = today
        self._reads = reads
        self._values: dict[SpanKind, set[Hashable]] | None = None

    def with_more(self, texts: Iterable[str], results: Iterable[JsonValue]) -> "Heard":
        """The same with other texts and results."""
        return Heard((*self._texts, *texts), (*self._results, *results), self._today, self._reads)

    def was_said(self, kind: SpanKind, readings: frozenset[Hashable]) -> bool:
        """Whether any of the readings was heard."""
        if self._values is None:
            self._values = self._read()
        known = self._values.get(kind, set())
        if known & readings:
            return True
        if any(same_value(kind, value, reading) for value in known for reading in readings):
            return True
        return kind == "money" and any(_is_of_two(reading, known) for reading in readings)

    def has_literal(self, literal: str) -> bool:
        """Whether a value stands in what was heard as it is written, by itself."""
        return re.search(rf"(?<![\w.:-]){re.escape(literal)}(?=T|[^\w.:-]|$)", self._written) is not None

    @cached_property
    def _written(self) -> str:
        return "\n".join((encode([*self._results]).decode(), *self._texts))

    def has_words(self, words: str) -> bool:
        """Whether words stand in what was heard as they are, apart from case."""
        return words.casefold() in self._written.casefold() or folded(words).casefold() in self._folded

    @cached_property
    def _folded(self) -> str:
        return folded(self._written).casefold()

    def _read(self) -> dict[SpanKind, set[Hashable]]:
        """Read everything, once; most runs never ask."""
        found: dict[SpanKind, set[Hashable]] = {"date": {self._today.isoformat()}}
        for leaf in (leaf for result in self._results for leaf in leaves(result)):
            if isinstance(leaf, str):
                self._add_text(leaf, found)
                found.setdefault("id", set()).add(plain_code(leaf))
            elif isinstance(leaf, int | float) and not isinstance(leaf, bool):
                value = Decimal(str(leaf))
                found.setdefault("number", set()).add(value)
                found.setdefault("percent", set()).add(value)
                found.setdefault("money", set()).update({(value, None), (abs(value), None)})  # a debt is told as a sum
        for text in self._texts:
            self._add_text(text, found)
        return found

    def _add_text(self, text: str, found: dict[SpanKind, set[Hashable]]) -> None:
        for start in range(0, len(text), PIECE):
            for span in read_message(text[start : start + PIECE], self._today, self._reads).spans:
                found.setdefault(span.kind, set()).update(span.readings)


def _is_of_two(reading: Hashable, known: Set[Hashable]) -> bool:
    """Whether a sum of money is the sum or the difference of two that were heard."""
    amounts = {amount for value in known if (amount := _amount(value)) is not None}
    wanted = _amount(reading)
    return wanted is not None and any(wanted - one in amounts or wanted + one in amounts for one in amounts)


def _amount(value: Hashable) -> Decimal | None:
    return value[0] if isinstance(value, tuple) and isinstance(value[0], Decimal) else None
