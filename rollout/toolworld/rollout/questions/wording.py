"""Questions in words by grammar: what stands for the end of a chain, without what it is."""

import re
from collections.abc import Sequence

from toolworld.ground import digest
from toolworld.rollout.facts.facts import ShownFact
from toolworld.rollout.facts.relations import is_of_person, is_person, is_plural, phrase_of
from toolworld.rollout.questions.question import Draft, ReasoningStep
from toolworld.rollout.trees.node import Node

_FORMS = (
    "{Asks} {verb} {phrase}?",
    "Can you tell me {asks} {phrase} {verb}?",
    "Please find out {asks} {phrase} {verb}.",
    "I am reading about {start}. {Asks} {verb} {from_it}?",
    "This is about {start}: {asks} {verb} {from_it}?",
)
_WITHOUT_IT = 3
"""How many of the forms come first that do not say `it`."""
_OF_IT = re.compile(r"\bthe ((?:(?!the ).)+?) of it\b")


def draft_of(chain: Sequence[ShownFact], path: Sequence[Node], seed: int = 0) -> Draft:
    """The question that a chain answers.

    Args:
        chain: The facts.
        path: The nodes that they stand in.
        seed: Decides how it is put.
    """
    last, start = chain[-1], _start(chain[0])
    asks = "who" if is_person(last.label) else "what"
    forms = _FORMS[:_WITHOUT_IT] if is_of_person(chain[0].label) else _FORMS
    form = forms[int(digest([seed, [[fact.subject, fact.label] for fact in chain]])[:6], 16) % len(forms)]
    if asks == "what" and is_plural(last.label) and _is_number(last.value):
        form = "How many {label} does {owner} have?"
    question = form.format(
        label=last.label,
        owner=_phrase(chain[:-1], start),
        asks=asks,
        Asks=asks.capitalize(),
        verb="are" if asks == "what" and is_plural(last.label) else "is",
        start=start,
        phrase=_phrase(chain, start),
        from_it=_OF_IT.sub(r"its \1", _phrase(chain, "it")),
    )
    steps = tuple(
        ReasoningStep(
            hop=hop, fact=_statement(fact), evidence=fact.evidence, output=fact.value, node=path[fact.step].id
        )
        for hop, fact in enumerate(chain, start=1)
    )
    return Draft(question=question, answer=last.value, reasoning_steps=steps)


def _start(first: ShownFact) -> str:
    """What a chain begins with, in words."""
    has_article = first.evidence.casefold().startswith(f"the {first.subject.casefold()} ")
    words = [] if has_article or not first.noun else [first.noun]
    return " ".join(["the", *words, first.subject] if has_article or words else [first.subject])


def _phrase(chain: Sequence[ShownFact], start: str) -> str:
    """What stands for the value of the last fact: relation of relation of what it begins with."""
    phrase = start
    for place, fact in enumerate(chain):
        # another name of the same thing is no step in words, unless it is what is asked for
        phrase = phrase if fact.is_identity and place < len(chain) - 1 else _further(fact, phrase)
    return phrase


def _further(fact: ShownFact, phrase: str) -> str:
    label = fact.label
    if fact.thing:
        own = label in (fact.thing, f"{fact.thing} id", "id", "name")
        if own:
            return f"the {fact.thing} of {phrase}"
        phrase = f"the {fact.thing} of {phrase}"
    return phrase_of(label.removesuffix(" id"), phrase)


def _statement(fact: ShownFact) -> str:
    """A fact as a sentence, with what it is said of and what it leads to."""
    subject = f"the {fact.noun} {fact.subject}" if fact.noun and not fact.subject_kind else fact.subject
    said = f"{fact.label} of {subject}" if fact.is_identity else _further(fact, subject).removeprefix("the ")
    return f"The {said} is {fact.value}."


def _is_number(value: str) -> bool:
    return value.replace(",", "").replace(".", "").isdigit()
