"""Whether a sentence says a value, in whatever form of its words, or denies it."""

import re
from collections.abc import Sequence

from toolworld.environments.normaliser.words import word_set, words

_NEGATIONS = word_set("cannot neither never no nobody none nor not nothing without")
_LINKS = word_set(
    "a already an and are as be been being by for had has have in is it its marked never on or still the "
    "was were with yet lies lie currently"
) | {",", ";", ":"}
_NOT = word_set("neither never nor not")
"""Negations of what something is; `without refunds` does not say that something is not refunded."""
_ABLE = ("able", "ible")
_REACH = 4
"""How many words before a value can deny it."""
_LEAST = 4
"""How many letters of a word have to be the same."""


def says(text: str, value: str) -> bool:
    """Whether a text says a value somewhere without denying it."""
    return any(not _is_denied(text, place) for place in places(text, value))


def denies(text: str, value: str) -> bool:
    """Whether a text names a value and denies it."""
    found = places(text, value)
    return bool(found) and all(_is_denied(text, place, _NOT) for place in found)


def places(text: str, value: str) -> list[int]:
    """Where the words of a value stand in a text, one after the other."""
    spoken, wanted = _spoken(text), list(words(value))
    if len("".join(wanted)) <= 2:
        return []
    last = len(spoken) - len(wanted) if wanted else -1
    return [place for place in range(last + 1) if _stands_at(spoken, place, wanted)]


def _stands_at(spoken: Sequence[str], place: int, wanted: Sequence[str]) -> bool:
    return all(alike(spoken[place + number], word) for number, word in enumerate(wanted))


def _is_denied(text: str, place: int, negations: frozenset[str] = _NEGATIONS) -> bool:
    """Whether a negation stands before a word, in the same part of the sentence."""
    before = re.findall(r"[a-z]+|[,;]", text)
    spoken = [number for number, one in enumerate(before) if one.isalpha()]
    start = spoken[place]
    part = before[max(0, start - _REACH) : start]
    if {*part} & {",", ";"}:
        part = part[max(number for number, one in enumerate(part) if one in (",", ";")) + 1 :]
    return bool({*part} & negations)


def alike(spoken: str, word: str) -> bool:
    """Whether two words are forms of one: `cancelled` and `cancel`, `quarantined` and `quarantine`."""
    if spoken == word:
        return True
    if {_doer(spoken), _doer(word)} == {True, False} and (spoken.endswith("ed") or word.endswith("ed")):
        return False  # a renter is not rented
    if spoken.endswith(_ABLE) != word.endswith(_ABLE):
        return False  # what is refundable is not refunded yet
    if {spoken[-1], word[-1]} == {"s", "d"}:
        return False  # refunds are not refunded
    shorter = min(len(spoken), len(word))
    stem = shorter - (1 if shorter < 7 else 2)
    return stem >= _LEAST and spoken[:stem] == word[:stem] and abs(len(spoken) - len(word)) <= 3


def _doer(word: str) -> bool:
    return word.endswith(("er", "or"))


def is_said_of_it(text: str, value: str, names: frozenset[str]) -> bool:
    """Whether a text says somewhere that something is so: after `is`, in a row of such words, or at the beginning.

    Args:
        text: The text.
        value: What is said.
        names: What the thing is called, which may stand right before: `unit rented, or sold`.
    """
    pieces = re.findall(r"[a-z]+|[,;:]", text)
    spoken = [number for number, one in enumerate(pieces) if one.isalpha()]
    for place in places(text, value):
        if _is_denied(text, place):
            continue
        start = spoken[place]
        before = pieces[start - 1] if start else ","
        after = pieces[start + len(words(value))] if start + len(words(value)) < len(pieces) else ""
        if (before in _LINKS or before in names) and after != "of":
            return True
    return False


def _spoken(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text)
