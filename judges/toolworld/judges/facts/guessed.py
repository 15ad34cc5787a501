"""Facts that an agent told although nothing that it read or heard has them: it can only have guessed."""

from toolworld.datasets import DurationFact, Fact, MoneyFact, NameFact, TextFact, ValueFact, value_facts, wording_of
from toolworld.environments import Reads
from toolworld.judges.facts.heard import Heard
from toolworld.judges.facts.values import kind_of, readings_of_fact


def is_guessed(fact: Fact, heard: Heard, reference: Heard, reads: Reads) -> bool:
    """Whether the reference reads a value of a fact somewhere, and the run read none of them anywhere.

    What the reference does not read either is worked out, and may be worked out in other ways; answers and statements
    have no value.

    Args:
        fact: A fact that was told.
        heard: What the agent read and heard.
        reference: The same for the reference calls.
        reads: How values are read.
    """
    values = [*value_facts(fact)]
    return not any(_is_in(value, heard, reads) for value in values) and any(
        _is_in(value, reference, reads) for value in values
    )


def _is_in(fact: ValueFact, heard: Heard, reads: Reads) -> bool:
    match fact:
        case DurationFact():  # days are counted, and written as dates
            return False
        case TextFact(text=words) | NameFact(name=words):
            return heard.has_words(words)
        case _:
            is_there = heard.has_literal(_literal(fact))  # mostly it is, and nothing has to be read
            return is_there or heard.was_said(kind_of(fact), readings_of_fact(fact, reads))


def _literal(fact: ValueFact) -> str:
    """A value as tools write it."""
    if isinstance(fact, MoneyFact):
        return str(float(fact.money.amount))
    return wording_of(fact)
