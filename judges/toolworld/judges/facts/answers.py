"""Answers of yes or no to a question that the user has."""

import re

from toolworld.datasets import AnswerFact
from toolworld.judges.facts.language import Language
from toolworld.judges.facts.reading import Reading
from toolworld.judges.facts.told import Told

_SENTENCES = re.compile(r"(?<=[.!?\n])\s+|\s-\s|:\s")
_SHORT = 8
"""Words of a sentence short enough that its verb alone answers."""


def tell_answer(fact: AnswerFact, reading: Reading) -> Told | None:
    """Whether a message answers a yes-or-no question as a fact has it; None if it answers neither yes nor no.

    The first clear word of an answer counts (`Yes, ...`), else the polarity of the sentences that speak of the
    question, else that of a short first one.
    """
    language = reading.language
    text = language.phrase("harmless_negation").sub(" ", reading.text)
    said = _answers(text, reading.language) or _polarities(text, fact, language) or _of_first(text, language)
    if reading.is_dump or (said and language.has("no_answer", text)) or len(said) > 1:
        return Told("unclear", "it leaves the answer open")
    if not said:
        return None
    return Told("told" if said == {fact.answer} else "not_told", f"it answers {'yes' if True in said else 'no'}")


def content_words(text: str) -> set[str]:
    """The beginnings of the longer words of a text, by which a sentence speaks of a question."""
    return {word[:5] for word in re.findall(r"[^\W\d_]{4,}", text.casefold())}


def _answers(text: str, language: Language) -> set[bool]:
    """The answers in clear words, at the beginning of a sentence."""
    said = set[bool]()
    for sentence in (part.strip(" *-,") for part in _SENTENCES.split(text)):
        if language.has("says_yes", sentence):
            said.add(True)
        elif language.has("says_no", sentence):
            said.add(False)
    return said


def _polarities(text: str, fact: AnswerFact, language: Language) -> set[bool]:
    """What the sentences say that share two words with the question, or all of its words."""
    asked = content_words(fact.to)
    wanted = min(2, len(asked)) or 1
    sentences = [part for part in _SENTENCES.split(text) if len(asked & content_words(part)) >= wanted]
    return {not language.has("negative", sentence) for sentence in sentences if "?" not in sentence}


def _of_first(text: str, language: Language) -> set[bool]:
    first = re.split(r"(?<=[.!?])\s", text)[0]
    if language.has("negative", first):
        return {False}
    if language.has("positive", first.strip(" ,")) and len(first.split()) < _SHORT:
        return {True}
    return set()
