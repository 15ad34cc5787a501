"""Whether a message tells a fact: verified from the value, never extracted.

The rules and their order are measured: see `docs/judges.md`. What cannot be decided is `unclear`.
"""

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from toolworld.datasets import NameFact, ValueFact
from toolworld.judges.facts.names import other_names
from toolworld.judges.facts.reading import Reading
from toolworld.judges.facts.span import Span, SpanKind
from toolworld.judges.facts.stance import IN_PASSING, OPEN, Stance, stance_to
from toolworld.judges.facts.values import kind_of, same_value, spans_of, value_of_fact

Telling = Literal["told", "not_told", "unclear"]
MANY_VALUES = 10
"""Distinct values of one kind in a message that make it a dump."""

MAX_MENTIONS, MAX_PEERS = 20, 40
"""How often a value may stand in a message, and how many others of its kind are looked at beside it."""

WasSaid = Callable[[SpanKind, frozenset[Hashable]], bool]
"""Whether any of the readings of a value was said to the agent before: by a tool, the policy or the user."""

ANYTHING_SAID: WasSaid = lambda _, __: True  # noqa: E731
"""Takes every value as one that was said."""

_RANGE = re.compile(r"\s*(?:–|-|to|until)\s*")
_SENTENCE_END = re.compile(r"[!?\n]|\.\s")
_CLAUSE = 10_000
_NOUN = re.compile(r"\s*(?:more\s+)?([a-z]*)")


@dataclass(frozen=True, slots=True)
class Told:
    """Whether a fact was told, and why."""

    outcome: Telling
    why: str
    is_passing: bool = False
    """Whether the message only speaks of the value in passing: in a question, or of what the user said."""
    message: int | None = None
    """Which of the messages decides, from 0; None where none speaks of it."""


def tell(fact: ValueFact, reading: Reading, was_said: WasSaid) -> Told | None:
    """Whether a message tells a fact; None if it does not mention its value.

    Args:
        fact: The fact.
        reading: The message.
        was_said: Tells values that the agent made up from those that it heard.
    """
    if reading.is_dump:
        return Told("unclear", "the message is no answer to a person: too long, full of numbers, or raw JSON")
    own = spans_of(fact, reading)
    if not own:
        return None
    if len(own) > MAX_MENTIONS:
        return Told("unclear", f"its value stands there {len(own)} times")
    if reading.takes_back:
        return Told("unclear", "the message leaves open which of its values hold")
    own, elsewhere = _about(fact, own, reading)
    if not own:
        return elsewhere
    kind = kind_of(fact)
    others = [span for span in reading.spans if span.kind == kind and not any(map(span.overlaps, own))]
    if isinstance(fact, NameFact):
        others = other_names(reading.text, own)
    mask = reading.masked(tuple(own))
    peers = [span for span in others if span.readings][:MAX_PEERS]
    stances: set[Stance] = {stance_to(span, mask, peers, reading.language) for span in own}
    if "asserted" not in stances:
        return _unasserted(stances)
    if "denied" in stances:
        return Told("unclear", "it is asserted and denied")
    if len({min(map(str, span.readings), default="") for span in others}) >= MANY_VALUES:
        return Told("unclear", "it stands among many values of its kind")
    return _beside_strangers(fact, own, others, reading, was_said)


def _unasserted(stances: set[Stance]) -> Told:
    outcome = "unclear" if stances & OPEN else "not_told"
    return Told(outcome, f"its value is only {' and '.join(sorted(stances))}", is_passing=stances <= IN_PASSING)


def _beside_strangers(
    fact: ValueFact, own: Sequence[Span], others: Sequence[Span], reading: Reading, was_said: WasSaid
) -> Told:
    """A fact that is asserted is told, unless a sure value of its kind stands there that nobody said."""
    kind, wanted = kind_of(fact), value_of_fact(fact, reading.reads)
    mask = reading.mask
    for span in others:
        if span.weak or not span.readings or kind == "name" or _is_other_end(span, own, reading.text):
            continue
        if kind == "number" and _noun(span, reading) not in {_noun(one, reading) for one in own if _noun(one, reading)}:
            continue
        if was_said(kind, span.readings) or any(same_value(kind, wanted, value) for value in span.readings):
            continue
        if stance_to(span, mask, [], reading.language) not in ("denied", "quoted"):
            return Told("unclear", f"beside it stands {reading.text[span.start : span.end]!r}, which nobody said")
    return Told("told", "it is asserted")


def _is_other_end(span: Span, own: Sequence[Span], text: str) -> bool:
    """Whether a value is the other end of a range that begins or ends with the fact's."""
    return any(_RANGE.fullmatch(text[min(one.end, span.end) : max(one.start, span.start)]) is not None for one in own)


def _noun(span: Span, reading: Reading) -> str:
    """The word after a number, which says what it counts."""
    found = _NOUN.match(reading.text, span.end)
    return found[1] if found else ""


def _about(fact: ValueFact, own: list[Span], reading: Reading) -> tuple[list[Span], Told | None]:
    """The places that speak of what the fact is about: where its value is the nearest of its kind to the anchor."""
    if fact.about is None:
        return own, None
    anchors = spans_of(fact.about, reading)
    kind = kind_of(fact)
    rivals = [span for span in reading.spans if span.kind == kind and not span.weak]
    rivals = [span for span in rivals if not any(map(span.overlaps, own))]
    if not rivals:
        return own, None
    near = [span for span in own if _is_nearest(span, anchors, rivals, reading)]
    if near:
        return near, None
    return [], Told("unclear", "its value stands there, and not of what it is about")


def _is_nearest(span: Span, anchors: Sequence[Span], rivals: Sequence[Span], reading: Reading) -> bool:
    """Whether an anchor is in the sentence or line of a value, with no rival nearer to it."""
    for anchor in anchors:
        if _SENTENCE_END.search(_between(span, anchor, reading)):
            continue
        distance = _distance(span, anchor, reading)
        beside = [rival for rival in rivals if not _SENTENCE_END.search(_between(rival, anchor, reading))]
        if all(_distance(rival, anchor, reading) > distance for rival in beside):
            return True
    return False


def _between(one: Span, other: Span, reading: Reading) -> str:
    return reading.mask[min(one.end, other.end) : max(one.start, other.start)]


def _distance(one: Span, other: Span, reading: Reading) -> int:
    """The characters between two spans; what stands in another clause is farther than anything in the same one."""
    between = _between(one, other, reading)
    return len(between) + (_CLAUSE if re.search(r"[,;:]|\band\b|\bwhile\b", between) else 0)
