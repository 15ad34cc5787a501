"""Facts over a whole conversation: in each message on its own, and the last that speaks of one wins."""

import re
from collections.abc import Sequence
from dataclasses import replace

from toolworld.datasets import AnswerFact, AnyFact, Fact, SaysFact
from toolworld.judges.facts.answers import content_words, tell_answer
from toolworld.judges.facts.reading import Reading
from toolworld.judges.facts.told import Told, WasSaid, tell

_BEST = ("told", "unclear", "not_told")
NOT_MENTIONED = Told("not_told", "it is not mentioned")


def tell_in(fact: Fact, messages: Sequence[Reading], was_said: WasSaid) -> Told:
    """Whether a fact was told in any of the messages, in their order.

    A statement is told where a sentence has its very words; otherwise nobody but a judge by model knows.
    """
    match fact:
        case AnyFact():
            return min((tell_in(one, messages, was_said) for one in fact.any), key=lambda one: _BEST.index(one.outcome))
        case SaysFact():
            return _tell_statement(fact, messages)
        case AnswerFact():
            return _tell_answer(fact, messages)
        case _:
            told = [
                replace(found, message=number)
                for number, message in enumerate(messages)
                if (found := tell(fact, message, was_said))
            ]
            return _last(told)


def _last(told: Sequence[Told]) -> Told:
    """The last message that speaks of a fact decides; one that mentions it in passing takes nothing back."""
    if not told:
        return NOT_MENTIONED
    return next((found for found in reversed(told) if not found.is_passing), told[-1])


def _tell_statement(fact: SaysFact, messages: Sequence[Reading]) -> Told:
    wanted = _words(fact.says)
    for number, message in enumerate(messages):
        if not message.is_dump and not message.takes_back:
            for sentence in re.split(r"(?<=[.!?])\s|\n|; |: ", message.text):
                if _words(sentence) == wanted:
                    return Told("told", "it is said in these words", message=number)
    return Told("unclear", "only a judge by model can tell whether it was said")


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _tell_answer(fact: AnswerFact, messages: Sequence[Reading]) -> Told:
    """Answers to other questions do not count where one speaks of this one, nor those that speak half as much of it."""
    told = [
        (message, replace(found, message=number))
        for number, message in enumerate(messages)
        if (found := tell_answer(fact, message))
    ]
    if not told:
        return NOT_MENTIONED
    asked = content_words(fact.to)
    shared = [len(asked & content_words(message.text)) for message, _ in told]
    speaking = [found for (_, found), words in zip(told, shared, strict=True) if 2 * words > max(shared)]
    speaking = speaking or [found for _, found in told]
    outcomes = {found.outcome for found in speaking}
    return speaking[-1] if len(outcomes) == 1 else Told("unclear", "it is answered in both ways")
