"""Answers of yes or no to a question that the user has."""

import re

from toolworld.datasets import AnswerFact
from toolworld.judges.facts.reading import Reading
from toolworld.judges.facts.told import Told

_SENTENCES = re.compile(r"(?<=[.!?\n])\s+|\s-\s|:\s")
_SHORT = 8
"""Words of a sentence short enough that its verb alone answers."""


def tell_answer(fact: AnswerFact, reading: Reading) -> Told | None:
    """Whether a message answers a yes-or-no question as a fact has it; None if it answers neither yes nor no.

    The first clear word of an answer counts (`Yes, ...`), else the polarity of a short sentence.
    """
    language = reading.language
    text = language.phrase("harmless_negation").sub(" ", reading.text)
    said = _answers(text, reading)
    if reading.is_dump or (said and language.has("no_answer", text)) or len(said) > 1:
        return Told("unclear", "it leaves the answer open")
    if not said:
        return None
    return Told("told" if said == {fact.answer} else "not_told", f"it answers {'yes' if True in said else 'no'}")


def _answers(text: str, reading: Reading) -> set[bool]:
    language, said = reading.language, set[bool]()
    for sentence in (part.strip(" *-,") for part in _SENTENCES.split(text)):
        if language.has("says_yes", sentence):
            said.add(True)
        elif language.has("says_no", sentence):
            said.add(False)
    if said:
        return said
    first = re.split(r"(?<=[.!?])\s", text)[0]
    if language.has("negative", first):
        return {False}
    if language.has("positive", first.strip(" ,")) and len(first.split()) < _SHORT:
        return {True}
    return set()
