"""Questions in words by grammar: what stands for the end of a chain, without what it is."""

from collections.abc import Sequence

from toolworld.ground import digest
from toolworld.rollout.facts.facts import Fact
from toolworld.rollout.facts.relations import is_person, is_plural, phrase_of
from toolworld.rollout.questions.question import Draft, ReasoningStep
from toolworld.rollout.trees.node import Node

_FORMS = ("{asks} {phrase}?", "{asks} {phrase}?", "Please find out: {asks_small} {phrase}?")


def draft_of(chain: Sequence[Fact], path: Sequence[Node], seed: int = 0) -> Draft:
    """The question that a chain answers.

    Args:
        chain: The facts.
        path: The nodes that they stand in.
        seed: Decides how it is put.
    """
    last = chain[-1]
    asks = "Who is" if is_person(last.label) else "What are" if is_plural(last.label) else "What is"
    form = _FORMS[int(digest([seed, last.subject, last.label])[:6], 16) % len(_FORMS)]
    question = form.format(asks=asks, asks_small=asks.lower(), phrase=_phrase(chain))
    steps = tuple(
        ReasoningStep(
            hop=hop, fact=_statement(fact), evidence=fact.evidence, output=fact.value, node=path[fact.step].id
        )
        for hop, fact in enumerate(chain, start=1)
    )
    return Draft(question=question, answer=last.value, reasoning_steps=steps)


def _phrase(chain: Sequence[Fact]) -> str:
    """What stands for the value of the last fact: relation of relation of the first subject."""
    first = chain[0]
    has_article = first.evidence.casefold().startswith(f"the {first.subject.casefold()} ")
    words = [] if has_article or not first.noun else [first.noun]
    phrase = " ".join(["the", *words, first.subject] if has_article or words else [first.subject])
    for fact in chain:
        phrase = _further(fact, phrase)
    return phrase


def _further(fact: Fact, phrase: str) -> str:
    if fact.is_identity and not fact.thing:
        return phrase if fact.label.endswith((" id", "id", "code", "key")) else phrase_of(fact.label, phrase)
    label = fact.label
    if fact.thing:
        own = label in (fact.thing, f"{fact.thing} id", "id", "name")
        if own:
            return f"the {fact.thing} of {phrase}"
        phrase = f"the {fact.thing} of {phrase}"
    return phrase_of(label.removesuffix(" id"), phrase)


def _statement(fact: Fact) -> str:
    """A fact as a sentence."""
    if fact.thing:
        return f"The {fact.thing} that has {fact.subject} has the {fact.label} {fact.value}."
    subject = f"The {fact.noun} {fact.subject}" if fact.noun else fact.subject
    return f"{subject} has, as {fact.label}: {fact.value}."
