"""Consent in the words of a transcript from outside, never guessed: a yes needs a yes and nothing against it."""

import re
from datetime import date
from typing import Literal

from toolworld.environments import Reads
from toolworld.judges.facts.language import Language, load_language
from toolworld.judges.facts.reading import Reading, read_message

Consent = Literal["yes", "no", "unclear", "none"]
"""`unclear`: something for it and something against it. `none`: nothing of either, such as thanks."""

MAX_REPLY = 1_000
"""Characters of a reply that are read; nobody agrees in more."""
_COMPARED = ("date", "time", "money", "number")


def read_consent(reply: str, proposal: str, today: date, reads: Reads) -> Consent:
    """Whether a reply agrees to a proposal.

    Limits of scope (`but nothing else`) come out first; another value than the proposal's is no yes; then questions,
    words that put off, refusals, and only then agreement.

    Args:
        reply: What the user said.
        proposal: What the agent said it would do.
        today: The day of the conversation.
        reads: How values are read there.
    """
    language = load_language()
    if len(reply) > MAX_REPLY:
        return "unclear"
    said = read_message(_without_gestures(reply), today, reads, language)
    text = _in_scope(re.sub(r"\s+", " ", said.text).strip(' "'), language)
    refuses = language.has("refuses", text)
    agrees_first = _agrees_first(text, language)
    if _has_other_value(said, read_message(proposal, today, reads, language), only_sure=agrees_first):
        return "no" if refuses else "unclear"
    if agrees_first:
        return "yes"
    if question := _question(text, language):
        return "no" if language.has("asks_for_a_change", question) else "unclear"
    if language.has("no_yes_at_all", text):
        return "no" if refuses else "unclear"
    if hold := language.phrase("puts_off").search(text):
        plain = language.phrase("plain_no").search(text)
        return "no" if plain and plain.start() < hold.start() else "unclear"
    if refuses:
        return "no"
    return "yes" if language.has("agrees", text) else "none"


def _without_gestures(reply: str) -> str:
    """Without `*nods*`, which some models write."""
    if not re.match(r"\s*\*\w+\*\s", reply):
        return reply
    return re.sub(r"(?m)(?<![\w])\*[^*\n]{1,80}\*(?!\w)", " ", reply)


def _in_scope(text: str, language: Language) -> str:
    """The text with harmless negations taken out, and `yes, stop it` as a yes."""

    def plain(found: re.Match[str]) -> str:
        return " okay " if language.has("harmless_agreement", found[0]) else " , "

    return language.phrase("stop_is_meant").sub("yes", language.phrase("harmless_negation").sub(plain, text))


def _has_other_value(said: Reading, proposed: Reading, *, only_sure: bool) -> bool:
    """Whether a reply has a value that the proposal has not; after a plain yes only one that can be nothing else."""
    known = {(span.kind, value) for span in proposed.spans for value in span.readings}
    return any(
        span.kind in _COMPARED
        and span.readings
        and not any((span.kind, value) in known for value in span.readings)
        and not (span.weak and (only_sure or span.kind != "date"))
        for span in said.spans
    )


def _agrees_first(text: str, language: Language) -> bool:
    """Whether it begins with a plain yes that nothing after it takes back: `Yes, go ahead. What is their number?`"""
    first = re.match(r"\W*(?:[^.!?,;]*[.!?,;](?=\s)|.*$)", text)
    if not first or not language.has("plain_yes", first[0]) or language.has("puts_off", first[0]):
        return False
    if first[0].endswith("?"):
        return False
    if language.has("refuses", first[0]) or language.has("no_yes_at_all", text):
        return False
    rest = text[first.end() :]
    questions = " ".join(re.findall(r"[^.!?]*\?", rest))
    return not language.has("takes_yes_back", rest) and not language.has("asks_of_the_matter", questions)


def _question(text: str, language: Language) -> str:
    """The questions of a reply, apart from courtesies, and demands to hear more."""
    asked = [found[0] for found in re.finditer(r"[^.!?]*\?", text)]
    asked = [question for question in asked if not language.has("courtesy_question", question)]
    more = language.phrase("go_ahead_and_tell").search(text)
    return " ".join([*asked, *([more[0]] if more else [])])
