"""How a message stands to a value that it has: asserts it, denies it, asks about it, and so on."""

import re
from collections.abc import Sequence
from typing import Literal

from toolworld.judges.facts.language import Language
from toolworld.judges.facts.span import Span

Stance = Literal[
    "asserted", "denied", "asked", "quoted", "former", "retracted", "choice", "hedged", "hypothetical", "past limit"
]
"""`quoted`: said of the user's own words. `former`: what it was before. `past limit`: `could not ... until`."""
OPEN: frozenset[Stance] = frozenset({"choice", "hedged", "hypothetical", "past limit"})
"""Stances that leave open whether the value holds."""
IN_PASSING: frozenset[Stance] = frozenset({"asked", "quoted"})
"""Stances that say nothing of whether it holds, so that they take nothing back."""

WINDOW = 400
"""Characters on either side of a value that its sentence may have."""

_END = re.compile(r"[!?;|\n]|\.(?=\s|$)")
_SENTENCE_END = re.compile(r"[.!?\n]")


def stance_to(span: Span, mask: str, peers: Sequence[Span], language: Language) -> Stance:
    """How the sentence around a value stands to it.

    Args:
        span: The value.
        mask: The text with its values blanked.
        peers: Other values of the same kind.
        language: Its phrases.
    """
    near = max(0, span.start - WINDOW)
    start = max((found.end() for found in _END.finditer(mask, near, span.start)), default=near)
    end = _END.search(mask, span.end, span.end + WINDOW)
    stop = end.start() if end else min(len(mask), span.end + WINDOW)
    left, right = mask[start : span.start], mask[span.end : stop]
    is_request = language.has("tag_question", right) or language.has("polite_request", left)
    if end and end[0] == "?" and not is_request:
        return "asked"
    if _is_quoted(left, language):
        return "quoted"
    if language.has("past_limit", left):
        return "past limit"
    if _is_denied(span, mask, left, right, language):
        return "denied"
    if language.has("hedge", left):
        return "hedged"
    if language.has("hypothesis", left):
        return "hypothetical"
    return _among(span, mask, (start, stop), peers, language)


def _is_quoted(left: str, language: Language) -> bool:
    found = language.phrase("words_of_the_user").search(left)
    if not found:
        return False
    return not language.has("but", left[found.end() - 1 :]) and not language.has("but_here", left)


def _is_denied(span: Span, mask: str, left: str, right: str, language: Language) -> bool:
    before = _SENTENCE_END.split(mask[max(0, span.start - WINDOW) : span.start])[-1]
    after = _SENTENCE_END.split(mask[span.end : span.end + WINDOW])[0]
    if language.has("untrue", before + after) or language.has("denied_after", right):
        return True
    if language.has("other_than", left) or language.has("denied_before", left):
        return True
    negations = list(language.phrase("negation").finditer(left))
    if not negations or language.has("condition", left[: negations[-1].start()]):  # `if you cannot come by 3 May`
        return False
    return not language.has("negation_ends", left[negations[-1].end() :])


def _among(span: Span, mask: str, sentence: tuple[int, int], peers: Sequence[Span], language: Language) -> Stance:
    """The stance to a value that other values of its kind stand beside."""
    start, stop = sentence
    for peer in peers:
        if not span.start - WINDOW < peer.start < span.end + WINDOW:
            continue
        between = mask[min(span.end, peer.end) : max(span.start, peer.start)]
        beside = start <= peer.start < stop
        if beside and (language.has("alternative", between) or language.has("choice", mask[start:stop])):
            return "choice"
        if peer.start > span.end and language.has("correction", between):
            return "retracted"
    if peers and language.has("former", mask[start : span.start]):
        return "former"
    return "asserted"
